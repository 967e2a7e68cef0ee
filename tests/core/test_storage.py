"""Bytes that rows point at: small ones in the database, large ones in files, each once and counted."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from plugdesk.errors import NotFound
from plugdesk.plugins.context import Context
from plugdesk.runtime import runtime_of
from plugdesk.storage import SMALL, keep_bytes, open_bytes, read_bytes, release_bytes
from plugdesk.tickets.housekeeping import sweep
from plugdesk.tickets.models import Content
from tests.factories import make_form

SIZES = {"small": b"x" * SMALL, "large": b"x" * (SMALL + 1)}
EACH_SIZE = pytest.mark.parametrize("content", SIZES.values(), ids=SIZES.keys())


def is_file(session: Session, sha256: str) -> bool:
    return runtime_of(session).files.exists(sha256)


@EACH_SIZE
def test_what_is_kept_is_read_again(session, content):
    sha256 = keep_bytes(session, content)
    assert read_bytes(session, sha256) == content
    with open_bytes(session, sha256) as stream:
        assert stream.read(3) == b"xxx"


def test_only_what_is_large_becomes_a_file(session):
    assert [is_file(session, keep_bytes(session, content)) for content in SIZES.values()] == [False, True]


@EACH_SIZE
def test_the_same_bytes_are_there_once_and_their_uses_are_counted(session, content):
    sha256 = keep_bytes(session, content)
    assert keep_bytes(session, content) == sha256
    assert session.get_one(Content, sha256).uses == 2


@EACH_SIZE
def test_the_last_use_to_go_takes_the_bytes_along(session, content):
    sha256 = keep_bytes(session, content)
    keep_bytes(session, content)
    for left in (True, False):
        release_bytes(session, sha256)
        sweep(_job(session))
        session.expire_all()
        assert (session.get(Content, sha256) is not None) == left
        assert is_file(session, sha256) == (left and len(content) > SMALL)
    with pytest.raises(NotFound):
        read_bytes(session, sha256)


def _job(session: Session) -> Context:
    session.info["checkpoint"] = session.flush
    return runtime_of(session).context("core", make_form(session), session, "job")
