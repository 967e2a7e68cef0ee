"""SQLite takes one writer at a time: who waits for too long is told so in words, keeps every word, and nothing is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from webtest import TestApp

from plugdesk import database as database_module
from plugdesk.app import create_app
from plugdesk.clock import MovableClock
from plugdesk.forms.models import Form
from plugdesk.sessions import sign_in
from plugdesk.tickets.models import Message
from plugdesk.users.models import User
from tests.factories import PASSWORD, make_ticket
from tests.support.company import AGENT, Company, letter, post
from tests.support.desk import MONDAY_MORNING

HTTPS = {"wsgi.url_scheme": "https", "HTTP_HOST": "desk.example"}
WORDS = "It took me twenty minutes to write this."


@pytest.fixture
def company(company_on: Callable[..., Company], monkeypatch: pytest.MonkeyPatch) -> Company:
    """A desk that waits for other writers for a third of a second only."""
    monkeypatch.setattr(database_module, "SQLITE_WAIT_MS", 300)
    return company_on("sqlite", clock=MovableClock(MONDAY_MORNING))


@pytest.fixture
def ivan(company: Company) -> TestApp:
    """Ivan's browser, and a ticket of Ann."""
    with company.runtime.database.write() as session:
        make_ticket(session, session.scalars(sa.select(Form).where(Form.slug == "support")).one())
        token = sign_in(session, session.scalars(sa.select(User).where(User.email == AGENT)).one())
    browser = TestApp(create_app(company.runtime), extra_environ=HTTPS)
    browser.set_cookie("__Host-plugdesk", token)
    return browser


def said(company: Company) -> list[str]:
    with company.runtime.database.read() as session:
        return list(session.scalars(sa.select(Message.text).where(Message.kind == "human").order_by(Message.id)))


@contextmanager
def a_long_writer(company: Company) -> Iterator[None]:
    other = sqlite3.connect(company.runtime.database.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_reply_is_refused_with_every_word_kept_and_sent_once_afterwards(company: Company, ivan: TestApp) -> None:
    form = ivan.get("/tickets/1").forms["composer"]
    form["text"] = WORDS
    with a_long_writer(company):
        refused = form.submit(status=503)
        assert "Nothing was lost" in refused.text
        assert int(refused.headers["Retry-After"]) > 0
    assert WORDS not in said(company)
    kept = refused.forms["typed"]
    assert kept["text"].value == WORDS
    kept.submit(status=303)
    form.submit(status=303)  # back, and the old page once more
    assert said(company).count(WORDS) == 1


def test_pages_are_read_meanwhile(company: Company, ivan: TestApp) -> None:
    with a_long_writer(company):
        assert "The till beeps" in ivan.get("/tickets/1", status=200)
        assert "The till beeps" in ivan.get("/views/open", status=200)


def test_a_refused_password_is_not_repeated(company: Company) -> None:
    stranger = TestApp(create_app(company.runtime), extra_environ=HTTPS)
    form = stranger.get("/sign-in").form
    form["email"], form["password"] = AGENT, PASSWORD
    with a_long_writer(company):
        refused = form.submit(status=503)
    assert "Nothing was lost" in refused.text
    assert PASSWORD not in refused.text


def test_work_that_meets_a_long_writer_is_done_afterwards(company: Company) -> None:
    company.work()
    post(company.mail, letter("ann@example.com", "It beeps", "Twice."))
    company.later(minutes=1)
    with a_long_writer(company), pytest.raises(sa.exc.OperationalError, match="locked"):
        company.work()
    company.work()
    with company.runtime.database.read() as session:
        assert [each.kind for each in company.messages_of(session, "ann@example.com")] == ["human", "receipt"]
