"""A flood on a request form: `python benchmarks/flood.py`. A desk of 1,000 tickets on SQLite, made here, served by one worker.

A program posts a request form 100 times a second from one connection, each time with a token for which the work was done. An agent
goes on opening the list meanwhile; their p95 is compared with that without the flood. Of the requests the form lets in as many
as its limit says (20 an hour), and answers the others by 429.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from time import perf_counter, sleep
from urllib.parse import urlencode

import sqlalchemy as sa
from data import EMAIL, PASSWORD, make
from measure import Client, Figure, print_figures, signed_in, until_it_answers

from plugdesk.forms.models import Form
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.settings import Settings
from plugdesk.tickets.models import Ticket
from plugdesk.users.queries import user_for_sign_in
from plugdesk_webform.commands import RequestFormInput, add_request_form, usual_fields
from plugdesk_webform.tokens import BITS, PUZZLES

PORT, TICKETS, A_SECOND, SECONDS, SENDERS, TOKENS = 8783, 1_000, 100, 10, 16, 40
LET_IN, SLOWER_MS = 20, 100
LIST = "/views/open"


def main() -> bool:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder) / "desk"
        data.mkdir()
        make(data, TICKETS)
        path = _request_form(data)
        before = _tickets(data)
        serve = [sys.executable, "-m", "plugdesk.cli", "serve", "--data", str(data), "--port", str(PORT)]
        server = subprocess.Popen(
            serve, env=os.environ | {"PLUGDESK_WORKER_THREADS": "0"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        stack.callback(server.wait)
        stack.callback(server.terminate)
        with until_it_answers(PORT, "/sign-in"):
            agent = signed_in(PORT, EMAIL, PASSWORD)
        bodies = [_body(Client(PORT), path) for _ in range(TOKENS)]
        _p95(agent, seconds=2)
        alone = _p95(agent, seconds=SECONDS)
        kept = Path(folder) / "bodies.json"
        kept.write_text(json.dumps([path, bodies]))
        flood = subprocess.Popen([sys.executable, __file__, str(kept)], stdout=subprocess.PIPE, text=True)
        beside = _p95(agent, seconds=SECONDS)
        answers: dict[str, int] = json.loads(flood.communicate()[0])
        let_in = _tickets(data) - before
    said = f"{alone:.1f} ms without, {beside:.1f} ms beside it"
    took = answers.pop("took_ms") / 1000
    posted = sum(answers.values())
    told = ", ".join(f"{count} times {name}" for name, count in sorted(answers.items()))
    return print_figures([
        Figure("an agent's list beside the flood, p95, slower by", beside - alone, SLOWER_MS, "ms", said),
        Figure("posted in all", posted / took, 0.9 * A_SECOND, "a second", told, at_least=True),
        Figure("requests let in", let_in, LET_IN, "tickets"),
    ])  # fmt: skip


def flood(kept: Path) -> None:
    """The program that floods: what it was answered goes to the standard output, as JSON, with how long it took."""
    path, bodies = json.loads(kept.read_text())
    answers: Counter[str] = Counter()
    lock, began = threading.Lock(), perf_counter()

    def send(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{PORT}"}
        for number in range(first, A_SECOND * SECONDS, SENDERS):
            due = began + number / A_SECOND
            sleep(max(0, due - perf_counter()))
            connection.request("POST", path, bodies[number % len(bodies)], headers)
            answer = connection.getresponse()
            answer.read()
            with lock:
                answers[str(answer.status)] += 1

    senders = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    print(json.dumps(answers | {"took_ms": int(1000 * (perf_counter() - began))}))


def _request_form(data: Path) -> str:
    """Switch request forms on at the first form, and make one; its address."""
    runtime = open_runtime(Settings(data=data, base_url=f"http://127.0.0.1:{PORT}"), migrating=True)
    with runtime.database.write() as session:
        form = session.scalars(sa.select(Form).order_by(Form.id)).first()
        admin = user_for_sign_in(session, EMAIL)
        assert form is not None and admin is not None
        enable_plugin(session, form, "webform", by=None)
        session.flush()
        ctx = runtime.context("webform", form, session)
        row = add_request_form(ctx, RequestFormInput("A question", fields=usual_fields(form)), by=admin)
        path = f"/p/{form.slug}/webform/{row.code}"
    runtime.close()
    return path


def _tickets(data: Path) -> int:
    runtime = open_runtime(Settings(data=data))
    with runtime.database.read() as session:
        number = session.scalar(sa.select(sa.func.count()).select_from(Ticket))
    runtime.close()
    return number or 0


def _body(visitor: Client, path: str) -> str:
    """A request with a token of its own and the work done for it."""
    found = re.search(rb'name="token" value="([^"]+)"', visitor.get(path)[1])
    assert found is not None, path
    token = found[1].decode()
    typed = {"name": "Flood", "email": f"{token_hex(6)}@example.org", "subject": "Flood", "text": "Flood.", "token": token}
    return urlencode(typed | {"work": ".".join(str(_solve(token, number)) for number in range(PUZZLES))})


def _solve(token: str, number: int) -> int:
    counter = 0
    while int.from_bytes(hashlib.sha256(f"{token}:{number}:{counter}".encode()).digest()[:2]) >> (16 - BITS):
        counter += 1
    return counter


def _p95(agent: Client, *, seconds: float) -> float:
    took, ends = [], perf_counter() + seconds
    while perf_counter() < ends:
        began = perf_counter()
        status, _page = agent.get(LIST)
        assert status == 200, status
        took.append((perf_counter() - began) * 1000)
        sleep(0.05)  # they look at it, too
    return sorted(took)[int(len(took) * 0.95)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        flood(Path(sys.argv[1]))
    else:
        sys.exit(0 if main() else 1)
