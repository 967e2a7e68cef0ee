"""Webhooks, to a server on this machine: signed, tried again, given up with words, and never into the desk's own network."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa

from plugdesk.jobs import Job, JobState
from plugdesk_automation.own.calling import key_of, problems


class Server(ThreadingHTTPServer):
    """Answers one thing after another, the last again and again; keeps what it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.answers = [200]
        self.url = f"http://127.0.0.1:{self.server_port}/in"


class Hook(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words):
        pass


@pytest.fixture
def hook(runtime):
    """A server that takes calls at `hook.url`; the desk may call this machine."""
    object.__setattr__(runtime.settings, "private_hosts", ("127.0.0.1",))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def call(session):
    """`call()`: the job that calls, as it stands; None when it is done."""

    def call():
        session.expire_all()
        return session.scalars(sa.select(Job).where(Job.kind == "automation:call")).one_or_none()

    return call


def test_the_ticket_is_told_and_signed(ctx, hook, make, open_one, call):
    make(("webhook", {"url": hook.url}), name="Tell")
    ticket = open_one("The till beeps")
    ((headers, body),) = hook.told
    signature = hmac.new(key_of(ctx).encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Plugdesk-Signature"] == f"sha256={signature}" and headers["Content-Type"] == "application/json"
    told = json.loads(body)
    assert (told["automation"], told["ticket"]["number"], told["ticket"]["subject"]) == ("Tell", ticket.number, "The till beeps")
    assert told["ticket"]["status"] == "new" and not told["ticket"]["is_closed"]
    assert call() is None


@pytest.mark.parametrize("answer", [500, 503, 408, 429])
def test_what_may_go_better_later_is_tried_again(hook, make, open_one, call, later, answer):
    hook.answers = [answer, 200]
    make(("webhook", {"url": hook.url}))
    open_one()
    assert call().state == JobState.READY and len(hook.told) == 1
    later(hours=1)
    assert call() is None and len(hook.told) == 2


@pytest.mark.parametrize("answer", [404, 410, 301])
def test_what_is_refused_for_good_waits_on_the_system_page(hook, make, open_one, call, answer):
    hook.answers = [answer]
    make(("webhook", {"url": hook.url}))
    open_one()
    job = call()
    assert job.state == JobState.PARKED and "Check the address of the automation." in job.error and len(hook.told) == 1


def test_the_desks_own_network_is_not_called(runtime, hook, make, open_one, call):
    object.__setattr__(runtime.settings, "private_hosts", ())
    make(("webhook", {"url": hook.url}))
    open_one()
    assert hook.told == [] and "127.0.0.1" in call().error


@pytest.mark.parametrize(
    "url", ["", "hooks.example", "ftp://hooks.example/", "https://me:secret@hooks.example/", "https://hooks.example/a b", "https://[/",
            "javascript:alert(1)", "https://hooks.example/" + "a" * 1000],
)  # fmt: skip
def test_an_address_that_cannot_be_called_is_refused(url):
    assert "url" in problems({"url": url})
