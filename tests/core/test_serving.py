"""`plugdesk serve` as a process: it comes up, says where, listens to this machine alone, and ends when told."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
import sqlalchemy as sa

from plugdesk.database import Database
from tests.support.processes import free_port


class Server:
    """A running `plugdesk serve` on a folder; `address` is what it printed."""

    def __init__(self, folder, *arguments):
        command = [sys.executable, "-m", "plugdesk.cli", "serve", "--data", str(folder), *arguments]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PLUGDESK_")}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.errors = ""
        reader = threading.Thread(target=self._read_errors, daemon=True)
        reader.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        self.address = found[0] if found else ""
        if not found:
            self.process.wait(20)
            reader.join(5)

    def _read_errors(self):
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors += line

    def close(self):
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def status(self, path="/"):
        try:
            with urllib.request.urlopen(self.address + path, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        return self.process.wait(15)


@pytest.fixture
def serve(tmp_path):
    """`serve("--port", "0")`: a server on the test's folder, ended with the test."""
    started = []

    def start(*arguments):
        started.append(Server(tmp_path / "desk", *arguments))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop(signal.SIGTERM)
        server.close()


def test_it_migrates_says_where_it_is_and_ends_with_ctrl_c(serve, tmp_path):
    server = serve("--port", "0")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.address)
    assert server.status() < 500
    assert (tmp_path / "desk/desk.db").is_file()
    assert server.stop() == 0
    assert "Traceback" not in server.errors.replace("could not be imported\nTraceback", "")


def test_other_machines_do_not_reach_it(serve):
    server = serve("--port", "0")
    port = int(server.address.rsplit(":", 1)[1])
    with socket.socket() as sock:
        sock.settimeout(1)
        assert sock.connect_ex(("127.0.0.2", port)) != 0


def test_a_port_that_is_taken_is_named_with_the_way_out(serve):
    port = free_port()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", port))
        sock.listen()
        server = serve("--port", str(port))
    assert (server.address, server.process.returncode) == ("", 1)
    assert "Choose another with --port" in server.errors


def test_over_tables_of_a_newer_version_it_does_not_start_and_says_so(serve, tmp_path):
    from plugdesk.migrations import migrate

    (tmp_path / "desk").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'desk/desk.db'}")
    migrate(database, [])
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version_core SET version_num = '9999'"))
    database.close()
    server = serve("--port", "0")
    assert (server.address, server.process.returncode) == ("", 1)
    assert "from a newer version (9999" in server.errors


def test_in_safe_mode_it_comes_up_without_extensions(serve):
    server = serve("--port", "0", "--safe-mode")
    assert server.status() < 500
