"""Writing as a customer: a real letter to the desk, and what comes back, on one page."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from webtest import TestApp, Upload

from plugdesk.app import create_app
from plugdesk.clock import MovableClock
from plugdesk.forms.models import StatusKind
from plugdesk.runtime import Runtime
from plugdesk.sessions import sign_in
from plugdesk.testing.local_mail import LocalMail
from plugdesk.tickets.commands import accept, become
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Role, User
from plugdesk.worker import Worker
from plugdesk_demo.mail import keep_mail, open_server
from tests.plugins.demo.conftest import open_demo
from tests.support.processes import until

ZOE = "zoe@shop.example"


@pytest.fixture
def desk(played_folder: Path, tmp_path: Path) -> Iterator[Runtime]:
    """The desk of a demo whose story is complete, with its mail."""
    shutil.copytree(played_folder, tmp_path / "demo")
    runtime = open_demo(tmp_path / "demo")
    stop = threading.Event()
    service = threading.Thread(target=keep_mail, args=(runtime, stop))
    service.start()
    until(lambda: open_server() is not None)
    yield runtime
    stop.set()
    service.join()
    runtime.close()


@pytest.fixture
def browser(desk: Runtime) -> TestApp:
    """The administrator's browser."""
    environ = {"wsgi.url_scheme": "https", "HTTP_HOST": "desk.example", "REMOTE_ADDR": "192.0.2.7"}
    browser = TestApp(create_app(desk), extra_environ=environ)
    with desk.database.write() as session:
        browser.set_cookie("__Host-plugdesk", sign_in(session, _admin(session)))
    return browser


@pytest.fixture
def work(desk: Runtime) -> Callable[[], None]:
    """Half a minute later: the mailboxes were looked into, and what followed is done."""
    worker = Worker(desk, "test")

    def work() -> None:
        worker.run_due()
        assert isinstance(desk.clock, MovableClock)
        desk.clock.advance(timedelta(seconds=31))
        worker.run_due()

    work()
    return work


def test_a_letter_becomes_a_ticket_and_its_receipt_comes_back(browser, desk, work):
    _write(browser, subject="The drawer stays shut", text="It does not open.")
    work()
    with desk.database.read() as session:
        ticket = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc())).first()
        assert (ticket.subject, ticket.customer.address("email"), ticket.form.slug) == ("The drawer stays shut", ZOE, "support")
    page = browser.get("/x/demo/letters", params={"customer": ZOE})
    assert f"Its number is {ticket.id}" in page.text


def test_the_mailbox_answers_nothing_while_nothing_is_new(browser):
    assert browser.get("/x/demo/letters", params={"customer": ZOE, "seen": "0"}).status_code == 204


def test_an_answer_to_a_letter_goes_to_the_same_ticket_with_its_files(browser, desk, work):
    _write(browser, subject="The drawer stays shut", text="It does not open.")
    work()
    form = browser.get("/x/demo/", params={"customer": ZOE, "answer": "1"}).forms["letter"]
    assert form["subject"].value.startswith("Re: [#")
    form["text"], form["files"] = "Here is a photo.", [Upload("drawer.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "image/png")]
    form.submit(status=303)
    work()
    with desk.database.read() as session:
        ticket = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc())).first()
        answer = ticket.messages[-1]
        assert (answer.text, [each.name for each in answer.attachments]) == ("Here is a photo.", ["drawer.png"])


def test_an_open_request_of_the_story_can_be_written_to(browser, desk, work):
    with desk.database.read() as session:
        ticket = session.scalars(sa.select(Ticket).where(Ticket.closed_at.is_(None))).first()
        address, number, said = ticket.customer.address("email"), ticket.id, len(ticket.messages)
    form = browser.get("/x/demo/", params={"customer": address, "request": number}).forms["letter"]
    form["text"] = "Any news?"
    form.submit(status=303)
    work()
    with desk.database.read() as session:
        messages = session.get_one(Ticket, number).messages
        assert (len(messages), messages[-1].text) == (said + 1, "Any news?")


def test_the_faces_of_a_closing_notice_lead_to_the_rating(browser, desk, work):
    _write(browser, subject="The drawer stays shut", text="It does not open.")
    work()
    with desk.database.write() as session:
        ticket, agent = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc())).first(), _admin(session)
        accept(session, ticket, agent)
        reply_to_ticket(session, ticket, agent, body="<p>Please press the lock.</p>")
        become(session, ticket, StatusKind.RESOLVED, by=agent)
    work()
    mailbox = browser.get("/x/demo/letters", params={"customer": ZOE})
    assert "Please press the lock." in mailbox.text
    best = mailbox.html.find("a", href=lambda target: target.endswith("?mark=5"))
    page = browser.get(best["href"].removeprefix("http://127.0.0.1:8000"))
    assert page.html.find("input", {"name": "mark", "checked": True})["value"] == "5"


def test_what_cannot_be_sent_is_said_and_kept(browser):
    form = browser.get("/x/demo/", params={"customer": "not an address"}).forms["letter"]
    form["subject"] = "Hello"
    answer = form.submit(status=422)
    assert answer.forms["letter"]["subject"].value == "Hello"
    assert "Write something first." in answer.text


def test_a_letter_is_shown_without_what_acts(browser):
    raw = b"From: a@b.example\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n<p onclick='x()'>Hi<script>alert(1)</script></p>"
    browser.get("/x/demo/letters", params={"customer": ZOE})
    _server().deliver(raw, [ZOE])
    said = browser.get("/x/demo/letters", params={"customer": ZOE}).html.find(class_="said")
    assert str(said) == '<div class="said"><p>Hi</p></div>'


def test_a_letter_to_somebody_nobody_has_been_yet_is_there_when_somebody_is(browser):
    _server().deliver(b"From: a@b.example\r\nSubject: Forwarded\r\n\r\nHello", ["new@elsewhere.example"])
    assert "Forwarded" in browser.get("/x/demo/letters", params={"customer": "new@elsewhere.example"}).text


def test_the_page_is_for_agents_alone(desk, browser):
    stranger = TestApp(browser.app, extra_environ=browser.extra_environ)
    assert stranger.get("/x/demo/", status=303).location.endswith("/sign-in?next=/x/demo/")


def test_the_bar_says_how_far_the_story_is(browser, desk):
    assert "The demo is complete" in browser.get("/x/demo/progress").text
    with desk.database.write() as session:
        session.execute(sa.text("UPDATE demo_play SET finished_at = NULL, done = 7"))
    assert browser.get("/x/demo/progress").html.find("progress")["value"] == "7"
    assert browser.get("/x/demo/").html.find(id="demo-progress") is not None


def _write(browser: TestApp, *, subject: str, text: str) -> None:
    form = browser.get("/x/demo/", params={"other": ZOE}).forms["letter"]
    form["to"], form["subject"], form["text"] = "support@tillwise.example", subject, text
    form.submit(status=303)


def _server() -> LocalMail:
    server = open_server()
    assert server is not None
    return server


def _admin(session: Session) -> User:
    return session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one()
