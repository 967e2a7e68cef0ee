"""A plugin by somebody else: built into a wheel, installed beside the desk, switched on, seen at work, removed without a trace."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "data/weather"


@pytest.fixture
def installed(tmp_path):
    """The folder the wheel was installed into, by an installer of Python packages."""
    wheel, target = build_wheel(tmp_path), tmp_path / "site"
    uv = shutil.which("uv")
    pip = (
        [uv, "pip", "install", "--python", sys.executable, "--offline"]
        if uv
        else [sys.executable, "-m", "pip", "install", "--no-index"]
    )
    subprocess.run([*pip, "--no-deps", "--quiet", "--target", str(target), str(wheel)], check=True, capture_output=True)
    return target


@pytest.fixture
def run(installed, tmp_path):
    """`run("-m", "plugdesk.cli", …)` is another Python, in which the plugin is installed."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "PLUGDESK_DATA": str(tmp_path / "data"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }

    def run(*command, ok=True):
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout if ok else done.stderr

    return run


def build_wheel(folder: Path) -> Path:
    """A wheel of the plugin in data/weather (packaging.python.org, binary distribution format)."""
    name = "plugdesk_weather-1.2.0"
    files = {
        str(path.relative_to(SOURCE)): path.read_bytes()
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    files[f"{name}.dist-info/METADATA"] = (
        b"Metadata-Version: 2.1\nName: plugdesk-weather\nVersion: 1.2.0\nAuthor: Somebody Else\nLicense: MIT\n"
    )
    files[f"{name}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{name}.dist-info/entry_points.txt"] = b"[plugdesk.plugins]\nweather = plugdesk_weather\n"
    lines = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b'=').decode()},{len(raw)}"
        for path, raw in files.items()
    ]
    files[f"{name}.dist-info/RECORD"] = "\n".join([*lines, f"{name}.dist-info/RECORD,,", ""]).encode()
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, raw in files.items():
            archive.writestr(path, raw)
    return wheel


def tables(tmp_path: Path) -> set[str]:
    with sqlite3.connect(tmp_path / "data/desk.db") as database:
        return {
            name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%weather%'")
        }


def test_a_strangers_plugin_lives_and_goes(run, tmp_path):
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
    assert tables(tmp_path) == {"weather_note", "alembic_version_weather"}
    plugdesk("plugin", "enable", "weather", "--form", "support")
    assert desk("look")["panel"] is True
    said = plugdesk("plugin", "remove", "weather", "--export", str(tmp_path / "weather.json"), "--yes")
    assert "Removed weather_note" in said
    assert [row["text"] for row in json.loads((tmp_path / "weather.json").read_text())["tables"]["weather_note"]] == [
        "Rain over The till beeps"
    ] * 2
    assert tables(tmp_path) == set()


def test_a_strangers_plugin_passes_what_every_plugin_has_to_pass(run, tmp_path):
    settings = "from plugdesk.testing.conformance import *\n\nplugin_id = 'weather'\nsettings = {'key': 'a key of nobody'}\n"
    (tmp_path / "test_conformance.py").write_text(settings)
    said = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "plugdesk.testing.kit", "-W", "error", "test_conformance.py")
    assert "12 passed" in said
