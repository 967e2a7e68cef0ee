"""The pages against the bare page: `python benchmarks/pages.py FOLDER BARE.PY`.

FOLDER is a desk made by `data.py`; BARE.PY the bare Flask page (one route, 50 rows by an index, Jinja) whose median is the
unit. The servers are asked in turn in this one command, one worker, twelve threads; one client; medians, the middle of three runs.
The list is asked once more of a desk of 1,000 tickets, which is made here: it must not grow with what there is.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from data import EMAIL, PASSWORD, make
from flask.testing import FlaskClient
from measure import MEASURED, WARM, Client, Figure, beside, print_figures, signed_in, until_it_answers

from plugdesk.app import create_app
from plugdesk.opening import open_runtime
from plugdesk.runtime import Runtime
from plugdesk.sessions import sign_in
from plugdesk.settings import Settings
from plugdesk.tickets.models import Ticket
from plugdesk.users.queries import user_for_sign_in

PORT, BARE_PORT, SMALL_PORT = 8771, 8772, 8774
LIST, TICKET = "/views/open", "/tickets/5"
FEW = 1_000


def main(folder: Path, bare: Path) -> bool:
    tickets = _tickets(folder)
    pages = {
        "list of 50 with all counts": (LIST, 4, 12),
        "ticket of 3 messages": (TICKET, 3, 15),
        "ticket of 100 messages": (f"/tickets/{tickets}", 10, 15),
        "search": ("/search?q=" + quote("receipt of the terminal"), 5, 15),
    }
    figures = [
        Figure(f"{name}: queries", count, most, "queries")
        for (name, (_path, _units, most)), count in zip(pages.items(), _queries(folder, pages), strict=True)
    ]
    with _bare(bare) as unit, _desk(folder, PORT) as client:
        for name, (path, units, _most) in pages.items():
            took = beside(lambda path=path: client.get(path), lambda: unit.get("/list?form=7"))  # type: ignore[misc]
            figures.append(Figure(name, took.times, units, "units", f"{took.ms:.2f} ms; the unit is {took.other_ms:.2f} ms"))
        far = _far_page(client, "/views/done")
        took = beside(lambda: client.get(far), lambda: client.get("/views/done"))
        said = f"{took.ms:.2f} ms and {took.other_ms:.2f} ms"
        figures.append(Figure("page 1,000 by key beside page 1", took.times, 1.3, "times", said))
        with tempfile.TemporaryDirectory() as small:
            make(Path(small), FEW)
            with _desk(Path(small), SMALL_PORT) as few:
                took = beside(lambda: few.get(LIST), lambda: client.get(LIST))
    compared = f"{took.ms:.2f} ms at {FEW:,} tickets, {took.other_ms:.2f} ms at {tickets:,}"
    figures.append(Figure("how much cheaper the list is with few tickets", 100 * (1 - took.times), 100 / 3, "%", compared))
    figures.append(
        Figure(
            "hook calls' share of the ticket page",
            100 * _share_of_hooks(folder),
            5,
            "%",
            "what the extensions do in them included",
        )
    )
    return print_figures(figures)


def _far_page(client: Client, path: str, pages: int = 1_000) -> str:
    """The address of a page as deep as there are, at most the thousandth, found as a person would: by pressing Older."""
    for _ in range(pages):
        found = re.search(rb'href="([^"]+)" rel="next"', client.get(path)[1])
        if found is None:
            break
        path = found[1].decode().replace("&amp;", "&")
    return path


def _queries(folder: Path, pages: dict[str, tuple[str, int, int]]) -> list[int]:
    """How many queries each page makes, SAVEPOINTs aside, counted in this process."""
    with _here(folder) as (runtime, client):
        seen: list[str] = []
        sa.event.listen(runtime.database.engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
        counts = []
        for path, _units, _most in pages.values():
            client.get(path)
            seen.clear()
            assert client.get(path).status_code == 200, path
            counts.append(len([statement for statement in seen if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE"))]))
    return counts


def _share_of_hooks(folder: Path) -> float:
    """The median share of the ticket page's time that passes inside the executor, measured in this process."""
    with _here(folder) as (runtime, client):
        inside = {"executor": 0.0, "page": 0.0}
        executor, app, depth = runtime.executor, client.application, []

        def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **given: Any) -> Any:
                depth.append(name)
                started = perf_counter()
                try:
                    return function(*arguments, **given)
                finally:
                    depth.pop()
                    if name not in depth:  # a hook called within a hook is counted with it
                        inside[name] += perf_counter() - started

            return call

        executor._run = timed("executor", executor._run)  # type: ignore[method-assign]
        app.full_dispatch_request = timed("page", app.full_dispatch_request)  # type: ignore[method-assign]
        shares = []
        for number in range(WARM + MEASURED):
            inside.update(executor=0.0, page=0.0)
            assert client.get(TICKET).status_code == 200
            if number >= WARM:
                shares.append(inside["executor"] / inside["page"])
    return statistics.median(shares)


@contextmanager
def _here(folder: Path) -> Iterator[tuple[Runtime, FlaskClient]]:
    """The desk in this process, and a signed-in visitor of it."""
    runtime = open_runtime(Settings(data=folder))
    app = create_app(runtime)
    with runtime.database.write() as session:
        user = user_for_sign_in(session, EMAIL)
        assert user is not None
        token = sign_in(session, user)
    client = app.test_client()
    client.set_cookie("__Host-plugdesk", token, secure=True, domain="localhost")
    try:
        yield runtime, client
    finally:
        runtime.close()


def _tickets(folder: Path) -> int:
    runtime = open_runtime(Settings(data=folder), migrating=True)
    with runtime.database.read() as session:
        number = session.scalar(sa.select(sa.func.max(Ticket.id))) or 0
    runtime.close()
    return number


@contextmanager
def _bare(script: Path) -> Iterator[Client]:
    file = Path(os.environ.get("TMPDIR", "/tmp")) / "plugdesk-bare.db"
    if not file.exists():
        subprocess.run([sys.executable, script, "make", file], check=True)
    server = subprocess.Popen([sys.executable, script, "serve", file, str(BARE_PORT)], stderr=subprocess.DEVNULL)
    try:
        with until_it_answers(BARE_PORT, "/list?form=7"):
            yield Client(BARE_PORT)
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _desk(folder: Path, port: int) -> Iterator[Client]:
    environment = os.environ | {"PLUGDESK_WORKER_THREADS": "0"}
    command = [sys.executable, "-m", "plugdesk.cli", "serve", "--data", str(folder), "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with until_it_answers(port, "/sign-in"):
            yield signed_in(port, EMAIL, PASSWORD)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(0 if main(Path(sys.argv[1]), Path(sys.argv[2])) else 1)
