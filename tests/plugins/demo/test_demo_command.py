"""`plugdesk demo`: a folder, one sign-in for each role, a desk on loopback, the same again at the next start."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from plugdesk.cli import main
from plugdesk_demo.launch import make_demo, read_demo
from tests.support.processes import free_port, until


@pytest.fixture
def start(tmp_path: Path):
    """`start(port)` starts the demo as a user does; it is stopped as a user does, at the latest at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "plugdesk.cli", "demo", "--data", str(tmp_path / "demo"), "--port", str(port), *options]
        with (tmp_path / f"log-{len(started)}").open("w") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        _stop(process)


def test_the_desk_answers_and_plays_its_story_and_the_next_start_goes_on(start, tmp_path):
    port = free_port()
    process = start(port)
    until(lambda: _page(port) is not None, alive=lambda: process.poll() is None)
    assert "/sign-in" in str(_page(port))
    until(lambda: _done(tmp_path / "demo") > 0)
    _stop(process)
    again = start(port)
    until(lambda: _page(port) is not None, alive=lambda: again.poll() is None)
    before = _done(tmp_path / "demo")
    until(lambda: _done(tmp_path / "demo") > before)
    assert _sign_ins(tmp_path / "log-0") == _sign_ins(tmp_path / "log-1")


def test_the_sign_ins_are_random_kept_for_their_owner_alone_and_there_is_one_for_each_role(tmp_path):
    one, other = make_demo(tmp_path / "one", "en"), make_demo(tmp_path / "other", "en")
    assert [person.role for person in one.people] == ["admin", "form_admin", "supervisor", "agent"]
    assert not set(one.passwords.values()) & set(other.passwords.values())
    assert (tmp_path / "one/sign-ins.json").stat().st_mode & 0o777 == 0o600
    assert read_demo(tmp_path / "one") == one


def test_a_folder_with_another_desk_is_left_alone(tmp_path):
    (tmp_path / "desk.db").write_bytes(b"precious")
    answer = CliRunner().invoke(main, ["demo", "--data", str(tmp_path), "--port", "0"])
    assert (answer.exit_code, "not a demo" in answer.output) == (1, True)
    assert [each.name for each in tmp_path.iterdir()] == ["desk.db"]


def test_a_demo_in_another_language_wants_another_folder(tmp_path):
    make_demo(tmp_path / "demo", "en")
    answer = CliRunner().invoke(main, ["demo", "--data", str(tmp_path / "demo"), "--lang", "ru", "--port", "0"])
    assert (answer.exit_code, "speaks “en”" in answer.output) == (1, True)


def test_a_taken_port_is_said_before_anything_is_made(tmp_path):
    import socket

    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        answer = CliRunner().invoke(main, ["demo", "--data", str(tmp_path / "demo"), "--port", str(port)])
    assert (answer.exit_code, f"Port {port} cannot be listened at" in answer.output) == (1, True)
    assert not (tmp_path / "demo").exists()


def test_the_command_imports_nothing_of_the_desk(tmp_path):
    """The process that watches the server lives as long as the desk does; what it imports, it keeps."""
    said = "import sys; from plugdesk.cli import main; main(['demo', '--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert "plugdesk_demo.commandline" in done.stdout.split()
    assert not {"sqlalchemy", "flask", "plugdesk.api"} & set(done.stdout.split())


def _page(port: int) -> str | None:
    """Where the first page leads, None while nobody answers."""
    with suppress(URLError, ConnectionError), urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
        return str(answer.url)
    return None


def _done(folder: Path) -> int:
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(folder / "desk.db")) as database:
        row = database.execute("SELECT done FROM demo_play").fetchone()
        return int(row[0]) if row else 0
    return 0


def _sign_ins(log: Path) -> list[str]:
    found = [line for line in log.read_text().splitlines() if "@tillwise.example" in line]
    assert len(found) == 4
    return found


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches every process of the terminal
        process.wait(30)
