"""Mailboxes: whose address they may have, what Test says, and whom their connections trust."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from plugdesk.contributions import Service
from plugdesk.errors import Invalid
from plugdesk.forms.models import Form
from plugdesk.plugins.executor import Veto
from plugdesk.tickets.models import Ticket
from plugdesk.users.commands import add_user
from plugdesk.users.models import Role, User
from plugdesk_email.connections import test_account as try_account
from plugdesk_email.mailboxes import add_mailbox, change_mailbox, password_of, read_account, remove_mailbox
from plugdesk_email.models import Mailbox
from plugdesk_email.watch import watch_mailboxes
from tests.support.company import ADMIN, HELP
from tests.support.processes import until

TYPED = {
    "imap_host": "127.0.0.1",
    "imap_port": "143",
    "imap_security": "tls",
    "smtp_host": "127.0.0.1",
    "smtp_port": "587",
    "smtp_security": "starttls",
}


@pytest.fixture
def at_the_form(company):
    """A session, the context of the form Support, and Marta who administers."""
    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        yield (
            session,
            company.runtime.context("email", form, session),
            session.scalars(sa.select(User).where(User.email == ADMIN)).one(),
        )


def account(company, by, **typed):
    return read_account(company.account() | typed, by=by)


def test_a_mailbox_may_not_have_the_address_somebody_signs_in_with(company, at_the_form):
    _session, ctx, marta = at_the_form
    with pytest.raises(Invalid, match=f"Marta Grünwald signs in with {ADMIN}. Connect the mailbox customers write to"):
        add_mailbox(ctx, account(company, marta, address=ADMIN), by=marta)


def test_nobody_may_sign_in_with_the_address_of_a_mailbox(company, at_the_form):
    session, _ctx, _marta = at_the_form
    with pytest.raises((Invalid, Veto), match="is the mailbox of “Support”: letters to it become tickets"):
        add_user(session, role=Role.AGENT, name="Help", email=HELP.upper(), password=None)


def test_a_mailbox_is_read_by_one_form_only(company, at_the_form):
    session, _ctx, marta = at_the_form
    billing = session.scalars(sa.select(Form).where(Form.slug == "billing")).one()
    with pytest.raises(Invalid, match=f"{HELP} is already read by the form “Support”"):
        add_mailbox(company.runtime.context("email", billing, session), account(company, marta), by=marta)


def test_what_is_missing_or_wrong_is_said_field_by_field(at_the_form):
    _session, _ctx, marta = at_the_form
    with pytest.raises(Invalid) as refusal:
        read_account({"address": "help", "imap_port": "70000", "imap_security": "none", "imap_host": "a b"}, by=marta)
    assert set(refusal.value.problems) == {
        "address",
        "password",
        "imap_port",
        "smtp_port",
        "imap_security",
        "smtp_security",
        "imap_host",
        "smtp_host",
    }


def test_only_an_administrator_of_the_desk_may_do_without_encryption_or_reach_the_own_network(company, at_the_form):
    session, _ctx, _marta = at_the_form
    ivan = session.scalars(sa.select(User).where(User.email == "ivan@desk.example")).one()
    with pytest.raises(Invalid) as refusal:
        account(company, ivan)
    assert set(refusal.value.problems) == {"imap_security", "smtp_security"}
    assert read_account({**TYPED, "address": "a@b.example", "password": "x", "own_network": "1"}, by=ivan).own_network is False


def test_the_password_is_sealed_and_kept_when_the_field_is_left_empty(company, at_the_form):
    session, ctx, marta = at_the_form
    mailbox = session.scalars(sa.select(Mailbox)).one()
    assert "a mailbox password" not in mailbox.password
    stored = password_of(ctx, mailbox)
    change_mailbox(ctx, mailbox, read_account({**company.account(), "password": ""}, password=stored, by=marta), by=marta)
    assert password_of(ctx, mailbox) == "a mailbox password"


def test_removing_a_mailbox_keeps_its_tickets(company, at_the_form):
    session, ctx, marta = at_the_form
    remove_mailbox(ctx, session.scalars(sa.select(Mailbox)).one(), by=marta)
    session.flush()
    assert session.scalars(sa.select(Mailbox)).all() == []


def test_testing_says_what_works_in_both_directions(company, at_the_form):
    _session, ctx, marta = at_the_form
    assert try_account(ctx, account(company, marta)) == [
        "Reading works: INBOX holds 0 letters.", f"Sending works: 127.0.0.1 takes letters from {HELP}.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "typed, said",
    [
        ({"password": "wrong"}, "refuses the login or password"),
        (
            {"imap_host": "mail.nowhere.invalid", "smtp_host": "mail.nowhere.invalid"},
            "There is no host “mail.nowhere.invalid”. Check the spelling.",
        ),
        ({"imap_port": "1", "smtp_port": "1"}, "Nothing listens at 127.0.0.1:1"),
        ({"own_network": ""}, "An administrator may tick “our own network”"),
    ],
    ids=["password", "host", "port", "private"],
)
def test_what_does_not_work_is_said_with_the_remedy(company, at_the_form, typed, said):
    _session, ctx, marta = at_the_form
    with pytest.raises(Invalid) as refusal:
        try_account(ctx, account(company, marta, **typed))
    assert set(refusal.value.problems) == {"imap", "smtp"}
    assert all(said in each for each in refusal.value.problems.values())


def test_a_server_that_hangs_is_said_to_hang(company, at_the_form, monkeypatch):
    monkeypatch.setattr("plugdesk_email.connections.SECONDS", 0.3)
    company.mail.delay(3)
    _session, ctx, marta = at_the_form
    with pytest.raises(Invalid) as refusal:
        try_account(ctx, account(company, marta))
    assert "does not answer. Check name and port; a firewall may be in between." in refusal.value.problems["imap"]


# Certificates: the host and the chain are verified, always.


@pytest.fixture
def tls_server():
    """`tls_server(context)` greets as an IMAP server behind this certificate; returns its port."""
    listening = []

    def start(context):
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def greet():
            while True:
                try:
                    client, _address = server.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(client, server_side=True) as secured:
                        secured.sendall(b"* BYE go away\r\n")
                except OSError:
                    client.close()

        threading.Thread(target=greet, daemon=True).start()
        return server.getsockname()[1]

    yield start
    for server in listening:
        server.shutdown(socket.SHUT_RDWR) if hasattr(socket, "SHUT_RDWR") else None
        server.close()


def certificate(authority, *names, **given):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **given).configure_cert(context)
    return context


@pytest.mark.parametrize("why", ["another host", "expired", "self-signed"])
def test_a_certificate_that_proves_nothing_is_refused(make_company, clock, authority, authority_file, tls_server, why):
    import trustme

    context = {
        "another host": lambda: certificate(authority, "elsewhere.example"),
        "expired": lambda: certificate(authority, "127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)),
        "self-signed": lambda: certificate(trustme.CA(), "127.0.0.1"),
    }[why]()
    port = tls_server(context)
    company = make_company(clock=clock, ca_file=str(authority_file))
    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        marta = session.scalars(sa.select(User).where(User.email == ADMIN)).one()
        typed = {"imap_port": port, "imap_security": "tls", "smtp_port": port, "smtp_security": "tls"}
        with pytest.raises(Invalid) as refusal:
            try_account(company.runtime.context("email", form, session), account(company, marta, **typed))
    for said in refusal.value.problems.values():
        assert f"The certificate of 127.0.0.1:{port} is not valid for it" in said
        assert "Check the name of the server." in said


@pytest.fixture
def with_dovecot(make_company, clock, authority_file, dovecot):
    """A company whose mailbox is on a Dovecot, over TLS; and that mailbox."""
    company, box = make_company(clock=clock, set_up=False, ca_file=str(authority_file)), dovecot.mailbox()
    company.mail.add_mailbox(box.address, box.password)
    company.set_up(
        account={
            "login": box.address,
            "password": box.password,
            "imap_host": box.host,
            "imap_port": box.tls_port,
            "imap_security": "tls",
        }
    )
    return company, box


def put_into(box, subject):
    from imapclient import IMAPClient

    with IMAPClient(box.host, box.port, ssl=False, timeout=5) as client:
        client.login(box.address, box.password)
        client.append(
            "INBOX",
            f"From: ann@example.com\r\nTo: {box.address}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.com>\r\n\r\nHello.\r\n".encode(),
        )


def subjects(company):
    with company.runtime.database.read() as session:
        return [ticket.subject for ticket in session.scalars(sa.select(Ticket).order_by(Ticket.id))]


@pytest.mark.needs("dovecot")
def test_letters_are_fetched_from_a_dovecot_and_marked_as_seen(with_dovecot):
    from imapclient import IMAPClient

    company, box = with_dovecot
    put_into(box, "first")
    company.work()
    company.later(seconds=31)
    put_into(box, "second")
    company.work()
    assert subjects(company) == ["first", "second"]
    with IMAPClient(box.host, box.port, ssl=False, timeout=5) as client:
        client.login(box.address, box.password)
        client.select_folder("INBOX", readonly=True)
        assert client.search(["UNSEEN"]) == []


@pytest.mark.needs("dovecot")
def test_a_dovecot_that_can_tell_of_new_letters_is_listened_to(with_dovecot, monkeypatch):
    monkeypatch.setattr("plugdesk_email.watch.LOOK", 0.1)
    company, box = with_dovecot
    company.work()
    stop, service = threading.Event(), Service("idle", watch_mailboxes)
    listening = threading.Thread(target=service.run, args=(company.runtime, stop), daemon=True)
    listening.start()
    try:
        put_into(box, "told")
        until(lambda: bool(company.work()) and subjects(company) == ["told"], seconds=15)
    finally:
        stop.set()
        listening.join(10)
    assert not listening.is_alive()
