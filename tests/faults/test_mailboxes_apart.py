"""Mailboxes whose servers refuse, lie or hang beside one that works: each says why in words, and the letters of that one come."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from webtest import TestApp

from plugdesk.app import create_app
from plugdesk.forms.models import Form
from plugdesk.sessions import sign_in
from plugdesk.testing.local_mail import LocalMail
from plugdesk.users.models import User
from plugdesk_email import connections
from plugdesk_email.mailboxes import add_mailbox, read_account
from plugdesk_email.models import Mailbox
from tests.support.company import ADMIN, Company, letter, post

if TYPE_CHECKING:
    from trustme import CA

SAID = {
    "wrong@desk.example": "refuses the login or password",
    "unknown@desk.example": "There is no host “mail.nowhere.invalid”",
    "closed@desk.example": "Nothing listens at 127.0.0.1",
    "another@desk.example": "is not valid for it",
    "silent@desk.example": "does not answer",
}


@pytest.fixture
def troubled(company: Company, authority: CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """A company with six mailboxes, of which five cannot be read; the slowest is given half a second."""
    monkeypatch.setattr(connections, "SECONDS", 0.5)
    certificate = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("imap.other.example").configure_cert(certificate)
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        other = stack.enter_context(LocalMail(tls=certificate))
        closed = socket.create_server(("127.0.0.1", 0))
        closed_port = closed.getsockname()[1]
        closed.close()
        troubles: dict[str, dict[str, Any]] = {
            "wrong@desk.example": {"password": "not the password"},
            "unknown@desk.example": {"imap_host": "mail.nowhere.invalid"},
            "closed@desk.example": {"imap_port": closed_port},
            "another@desk.example": {"imap_port": other.imap_port, "imap_security": "tls"},
            "silent@desk.example": {"imap_port": silent.getsockname()[1]},
        }
        with company.runtime.database.write() as session:
            form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
            admin = session.scalars(sa.select(User).where(User.email == ADMIN)).one()
            for address, trouble in troubles.items():
                account = read_account(company.account() | {"address": address} | trouble, by=admin)
                add_mailbox(company.runtime.context("email", form, session), account, by=admin)
        yield company


def test_each_says_why_and_the_letters_of_the_others_come(troubled: Company) -> None:
    troubled.work()
    post(troubled.mail, letter("ann@example.com", "It beeps", "Twice."))
    troubled.later(minutes=1)
    troubled.work()
    with troubled.runtime.database.write() as session:
        assert [each.kind for each in troubled.messages_of(session, "ann@example.com")] == ["human", "receipt"]
        boxes = {box.address: box for box in session.scalars(sa.select(Mailbox))}
        for address, words in SAID.items():
            assert words in (boxes.pop(address).error or ""), address
        assert [box.error for box in boxes.values()] == [None]
        token = sign_in(session, session.scalars(sa.select(User).where(User.email == ADMIN)).one())
    marta = TestApp(create_app(troubled.runtime), extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": "desk.example"})
    marta.set_cookie("__Host-plugdesk", token)
    for page in (marta.get("/system"), marta.get("/forms/support/x/email/")):
        for address, words in SAID.items():
            assert address in page
            assert words in page


def test_one_that_works_again_says_nothing_any_more(troubled: Company) -> None:
    troubled.work()
    troubled.mail.add_mailbox("wrong@desk.example", "not the password")
    troubled.later(minutes=1)
    troubled.work()
    with troubled.runtime.database.read() as session:
        box = session.scalars(sa.select(Mailbox).where(Mailbox.address == "wrong@desk.example")).one()
        assert (box.error, box.failing_since) == (None, None)
        assert box.succeeded_at == troubled.runtime.clock.now()
