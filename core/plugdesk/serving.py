"""Serves the desk: a small process that watches, and one that does the work.

What the second needs to know stands in the environment, so that it is the same however it is started.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

THREADS = 40  # requests taken at a time: most are calls that a vendor makes at once and that are stored together (see `templating.REQUESTS`)
KILL_AFTER = 5  # seconds a stopping server gives the requests it is at
ADDRESS = "PLUGDESK_ADDRESS"
M_ARENA_MAX, ARENAS = -8, 2  # glibc's mallopt(3)


def serve(*, host: str, port: int, data: Path | None = None, language: str | None = None, safe_mode: bool = False) -> int:
    """Serve until Ctrl-C; returns the exit code. Port 0 means a free one."""
    port = port or _free_port(host)
    os.environ[ADDRESS] = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    for name, value in (("DATA", data and str(data)), ("LANGUAGE", language), ("SAFE_MODE", "1" if safe_mode else None)):
        if value:
            os.environ[f"PLUGDESK_{name}"] = value
    if problem := _taken(host, port):
        print(problem, file=sys.stderr)
        return 1
    return _run_server(host, port)


def application() -> Any:
    """What the server calls in the process that does the work: the desk, ready; it says so, or why it is not."""
    _share_arenas()
    _leave_out_what_is_not_served()
    try:
        from plugdesk.app import create_app_from_environment

        app = create_app_from_environment()
    except Exception as error:
        from plugdesk.errors import PlugdeskError

        if not isinstance(error, PlugdeskError):
            raise
        print(error, file=sys.stderr, flush=True)
        os._exit(1)  # the server's own report of it would be a traceback
    _leave_be_what_stays()
    if address := os.environ.get(ADDRESS):
        threading.Thread(target=_say_when_reached, args=(address,), name="address", daemon=True).start()
    return app


def _share_arenas() -> None:
    """All threads get their memory from two arenas: with one each, as glibc has it, a fifth more is held, most of it empty."""
    import ctypes

    with suppress(AttributeError, OSError, TypeError):  # another C library has no arenas to share
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def _leave_out_what_is_not_served() -> None:
    """httpx brings its command line along where rich and pygments happen to be installed: 4 MB that no page and no job asks for."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def _leave_be_what_stays() -> None:
    """The collector of rings of objects passes over what was made at the start, and comes less often.

    A page makes ten thousand objects and leaves no ring: by default it is searched a dozen times, the whole desk now and then.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def work(runtime: Runtime, *, threads: int, once: bool) -> int:
    """Run stored work in this process until it is told to end; with `once`, until nothing is due. Returns the exit code."""
    if runtime.settings.redis_url:
        from plugdesk.rq_worker import run_rq_worker

        return run_rq_worker(runtime, burst=once)
    from plugdesk.worker import Worker

    worker = Worker(runtime, kind="worker", threads=threads)
    if once:
        worker.run_due()
        return 0
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    worker.run_forever(ended)
    return 0


def _run_server(host: str, port: int) -> int:
    from granian.constants import Interfaces
    from granian.server import Server

    server = Server(
        "plugdesk.serving:application",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        workers_kill_timeout=KILL_AFTER,
        websockets=False,
        log_enabled=False,
    )
    try:
        server.serve()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _say_when_reached(address: str) -> None:
    """Print the address once it answers: the server listens only after it was given the application."""
    place = urlsplit(address)
    ends = monotonic() + 30
    while monotonic() < ends:
        try:
            socket.create_connection((place.hostname or "", place.port or 80), timeout=1).close()
        except OSError:
            sleep(0.02)
        else:
            print(f"Plugdesk is running on {address}", flush=True)
            return


def _taken(host: str, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"{host}:{port} cannot be listened at: {error.strerror}. Choose another with --port."
    return None


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
