"""Starting the servers that tests talk to: as nobody when we are root, and never left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@contextmanager
def server_folder(name: str) -> Iterator[Path]:
    """A folder of its own under the temporary folder, owned by the user the server runs as.

    Not below pytest's tmp_path: that is closed to nobody, and its length breaks UNIX sockets.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"plugdesk-{name}-"))
    if AS_ROOT:
        shutil.chown(folder, "nobody")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged() -> dict[str, Any]:
    """Keywords for subprocess that drop root: PostgreSQL refuses to run with it, Dovecot should."""
    return {"user": "nobody", "group": _group_of_nobody(), "extra_groups": []} if AS_ROOT else {}


@contextmanager
def running(command: Sequence[str | Path], *, ready: Callable[[], bool], log: Path, stop: int, **keywords: Any) -> Iterator[None]:
    """Runs a server until the block ends; waits until `ready`, at most 20 seconds.

    `stop` is the signal that ends it. What it printed stands in the error when it does not come up.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **keywords)
    try:
        until(ready, alive=lambda: process.poll() is None, what=lambda: f"{command[0]}: {log.read_text(errors='replace')}")
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(
    ready: Callable[[], bool],
    *,
    seconds: float = 60,
    alive: Callable[[], bool] = lambda: True,
    what: Callable[[], str] = lambda: "it",
) -> None:
    """Waits for something another process or thread does; raises TimeoutError when it does not."""
    end = time.monotonic() + seconds
    while not ready():
        if not alive() or time.monotonic() > end:
            raise TimeoutError(f"did not happen within {seconds} seconds: {what()}")
        time.sleep(0.01)


def let_time_pass(seconds: float, *, because: str) -> None:
    """Waits for nothing: for the few tests that show that nothing happens, or that strike at some moment or other."""
    assert because
    time.sleep(seconds)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _group_of_nobody() -> int:
    import pwd

    return pwd.getpwnam("nobody").pw_gid
