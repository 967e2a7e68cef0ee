"""What the log of a process looks like."""

import json
import logging

import pytest

from plugdesk.logs import configure
from plugdesk.settings import Settings


@pytest.fixture
def root():
    logger = logging.getLogger("plugdesk")
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield logger
    logger.handlers[:], logger.level, logger.propagate = before


def test_a_line_of_the_machine_readable_log_is_one_json_object(root, capsys):
    configure(Settings(log_json=True))
    logging.getLogger("plugdesk.plugin.trial").warning("first\nforged second %s", "line")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "first\nforged second line"


def test_nobody_forges_a_second_line_of_the_log(root, capsys):
    configure(Settings())
    logging.getLogger("plugdesk.plugin.trial").warning("from %s", "ann\n2026-01-01 INFO plugdesk: all is well")
    assert len(capsys.readouterr().err.splitlines()) == 1
