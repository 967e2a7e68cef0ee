"""A plugin by somebody else: built into a wheel, installed beside the desk, switched on, seen at work, removed without a trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa


@pytest.fixture
def run(installed, tmp_path, empty_database_url):
    """`run("-m", "plugdesk.cli", …)` is another Python, in which the plugin is installed."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "PLUGDESK_DATA": str(tmp_path / "data"),
        "PLUGDESK_DATABASE_URL": empty_database_url,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }

    def run(*command, ok=True):
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout if ok else done.stderr

    return run


def tables(url: str) -> set[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    return {name for name in sa.inspect(engine).get_table_names() if "weather" in name}


def test_a_strangers_plugin_lives_and_goes(run, tmp_path, empty_database_url):
    def plugdesk(*words: str, ok: bool = True) -> str:
        return str(run("-m", "plugdesk.cli", *words, ok=ok))

    def desk(step: str) -> dict[str, object]:
        return dict(json.loads(run(str(Path(__file__).parent / "data/drive_weather.py"), step)))

    assert "weather" in plugdesk("migrate")
    desk("set up")
    assert "weather" in plugdesk("plugin", "list")
    assert "It needs settings first: Key" in plugdesk("plugin", "enable", "weather", "--form", "support", ok=False)
    desk("fill in the settings")
    plugdesk("plugin", "enable", "weather", "--form", "support")
    assert desk("look") == {"panel": True, "column": True, "public": 200, "elsewhere": 404, "secret": False}
    plugdesk("plugin", "disable", "weather", "--form", "support")
    assert desk("look") == {"panel": False, "column": False, "public": 404, "elsewhere": 404, "secret": False}
    assert tables(empty_database_url) == {"weather_note", "alembic_version_weather"}
    plugdesk("plugin", "enable", "weather", "--form", "support")
    assert desk("look")["panel"] is True
    said = plugdesk("plugin", "remove", "weather", "--export", str(tmp_path / "weather.json"), "--yes")
    assert "Removed weather_note" in said
    assert [row["text"] for row in json.loads((tmp_path / "weather.json").read_text())["tables"]["weather_note"]] == [
        "Rain over The till beeps"
    ] * 2
    assert tables(empty_database_url) == set()


def test_a_strangers_plugin_passes_what_every_plugin_has_to_pass(run, tmp_path):
    settings = "from plugdesk.testing.conformance import *\n\nplugin_id = 'weather'\nsettings = {'key': 'a key of nobody'}\n"
    (tmp_path / "test_conformance.py").write_text(settings)
    said = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "plugdesk.testing.kit", "-W", "error", "test_conformance.py")
    assert "12 passed" in said
