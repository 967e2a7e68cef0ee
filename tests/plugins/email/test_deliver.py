"""How an answer leaves, and what the message says when it does not."""

from __future__ import annotations

import smtplib
from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.plugins.switch import disable_plugin, enable_plugin
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.correspondence import forward_message, reply_to_ticket, send_again
from plugdesk.tickets.letters import write_letter
from plugdesk.tickets.models import DeliveryState, Message, Ticket
from plugdesk.users.models import User
from plugdesk_email.models import Mailbox
from tests.support.company import AGENT, HELP, letter, post

ANN, ADDRESS = "Ann Smith <ann@example.com>", "ann@example.com"


@pytest.fixture
def asked(company):
    """The company with a ticket of Ann's, its receipt sent."""
    post(company.mail, letter(ANN, "The till beeps", "Twice.", Message_ID="<first@example.com>"))
    company.later(seconds=31)
    company.work()
    company.mail.outgoing.clear()
    return company


def reply(company, body="<p>Restart it.</p>", *, files=(), **given):
    """Ivan's answer, and what became of it."""
    with company.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        number = reply_to_ticket(session, session.get_one(Ticket, 1), agent, body=body, files=files, **given).id
    company.work()
    return number


def state(company, number):
    with company.runtime.database.read() as session:
        message = session.get_one(Message, number)
        return message.delivery, message.delivery_error


def again(company, number):
    with company.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        send_again(session, session.get_one(Message, number), agent)
    company.work()


def test_an_answer_is_a_whole_letter_in_the_customers_thread(asked):
    number = reply(asked)
    (sent,) = asked.letters(ADDRESS)
    assert state(asked, number) == (DeliveryState.SENT, None)
    assert (sent["From"], sent["To"], sent["Subject"]) == (f'"Ivan Petrov, Tillwise" <{HELP}>', ANN, "Re: [#1] The till beeps")
    assert (sent["In-Reply-To"], sent["Auto-Submitted"]) == ("<first@example.com>", None)
    assert sent["References"].split()[0] == "<first@example.com>"
    plain = sent.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "Restart it." in plain and "> Twice." in plain and "Ivan Petrov\nSupport, Tillwise" in plain
    assert sent.defects == []


def test_copies_are_seen_and_blind_copies_are_not(asked):
    reply(asked, cc=["Bob <bob@example.net>"], bcc=["eve@example.org"])
    (delivered,) = asked.mail.outgoing
    assert delivered.recipients == (ADDRESS, "bob@example.net", "eve@example.org")
    assert b"eve" not in delivered.raw and b"Cc: Bob <bob@example.net>" in delivered.raw


def test_a_picture_in_the_text_travels_in_the_letter(asked):
    with asked.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        message = reply_to_ticket(session, session.get_one(Ticket, 1), agent, body="<p>Here:</p>")
        kept = add_file(session, NewFile("plan.png", b"\x89PNG\r\n\x1a\n0000", "image/png", inline=True), message=message)
        session.flush()
        message.clean_html = f'<p>Here: <img src="/files/{kept.key}"></p>'
    asked.work()
    (sent,) = asked.letters(ADDRESS)
    picture = next(part for part in sent.walk() if part.get_content_type() == "image/png")
    assert f"cid:{picture['Content-ID'].strip('<>')}" in sent.get_body(("html",)).get_content()
    assert b"/files/" not in asked.mail.outgoing[0].raw


def test_files_travel_along(asked):
    reply(asked, files=[NewFile("Счёт №1.pdf", b"%PDF-1.4 ...", "application/pdf")])
    (sent,) = asked.letters(ADDRESS)
    assert [(part.get_filename(), part.get_content()) for part in sent.iter_attachments()] == [("Счёт №1.pdf", b"%PDF-1.4 ...")]


def test_a_message_is_forwarded_to_anybody_with_its_files(asked):
    with asked.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        first = session.get_one(Ticket, 1).messages[0]
        add_file(session, NewFile("log.txt", b"beep", "text/plain"), message=first)
        session.flush()
        forward_message(session, first, agent, to=["maker@example.org"], comment="<p>Please look.</p>")
    asked.work()
    (sent,) = asked.letters("maker@example.org")
    assert (sent["Subject"], sent["In-Reply-To"]) == ("Fwd: The till beeps", None)
    assert "Please look." in sent.get_body(("plain",)).get_content() and "Twice." in sent.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in sent.iter_attachments()] == ["log.txt"]


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_a_server_that_has_no_time_is_asked_again(asked, at):
    asked.mail.refuse_next(451, "4.7.1 Greylisted, come back", at=at)
    number = reply(asked)
    assert state(asked, number) == (DeliveryState.QUEUED, "451 4.7.1 Greylisted, come back")
    asked.later(minutes=2)
    asked.work()
    assert state(asked, number) == (DeliveryState.SENT, None)
    assert len(asked.letters(ADDRESS)) == 1


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_a_refusal_for_good_is_shown_with_its_reason_and_can_be_sent_again(asked, at):
    asked.mail.refuse_next(550, "5.1.1 No such user", at=at)
    number = reply(asked)
    assert state(asked, number) == (DeliveryState.FAILED, "550 5.1.1 No such user")
    again(asked, number)
    assert state(asked, number) == (DeliveryState.SENT, None)


def test_of_several_recipients_the_refused_ones_are_named(asked):
    asked.mail.refuse_next(550, "5.1.1 No such user")
    number = reply(asked, cc=["bob@example.net"])
    assert state(asked, number) == (DeliveryState.SENT, f"Not to {ADDRESS}: 550 5.1.1 No such user")
    assert [each.recipients for each in asked.mail.outgoing] == [("bob@example.net",)]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_connection_lost_before_the_answer_is_maybe_sent_and_never_repeated(asked, arrived):
    asked.mail.drop_after_data(keep=arrived)
    number = reply(asked)
    assert state(asked, number) == (DeliveryState.MAYBE, "The connection was lost before the server confirmed it.")
    asked.later(days=1)
    asked.work()
    assert len(asked.letters(ADDRESS)) == int(arrived)
    again(asked, number)
    assert (state(asked, number)[0], len(asked.letters(ADDRESS))) == (DeliveryState.SENT, 1 + int(arrived))


def test_while_the_server_is_away_the_answer_waits_and_says_why(asked):
    asked.mail.stop()
    number = reply(asked)
    why = f"Nothing listens at 127.0.0.1:{asked.mail.smtp_port}. Check the port."
    assert state(asked, number) == (DeliveryState.QUEUED, why)
    with asked.runtime.database.read() as session:
        assert session.scalars(sa.select(Mailbox)).one().sending_error == why
    asked.mail.start()
    asked.later(minutes=2)
    asked.work()
    assert state(asked, number) == (DeliveryState.SENT, None)
    with asked.runtime.database.read() as session:
        assert session.scalars(sa.select(Mailbox)).one().sending_error is None


def test_a_wrong_password_is_said_in_words_and_tried_again_later(asked):
    asked.mail.add_mailbox(HELP, "another password")
    number = reply(asked)
    found, why = state(asked, number)
    assert (found, why) == (
        DeliveryState.QUEUED,
        "127.0.0.1 refuses the login or password. Many providers want an app password here.",
    )
    asked.mail.add_mailbox(HELP, "a mailbox password")
    asked.later(minutes=11)
    asked.work()
    assert state(asked, number) == (DeliveryState.SENT, None)


def test_after_two_days_it_is_given_up(asked):
    asked.mail.stop()
    number = reply(asked)
    asked.later(days=2, minutes=1)
    asked.work()
    found, why = state(asked, number)
    assert (found, (why or "")[:24]) == (DeliveryState.FAILED, "Given up after two days.")


def test_a_customer_without_an_address_is_said_to_have_none(asked):
    with asked.runtime.database.write() as session:
        from plugdesk.users.models import Identity
        from plugdesk_email.models import LetterOf

        session.execute(sa.delete(Identity))
        session.execute(sa.delete(LetterOf))
    number = reply(asked)
    assert state(asked, number) == (
        DeliveryState.FAILED, "The customer has no e-mail address. Add one to their card, then send again.",
    )  # fmt: skip


def test_an_address_that_is_none_fails_with_its_name(asked):
    number = reply(asked, cc=["not an address"])
    found, why = state(asked, number)
    assert (found, "not an address" in (why or "")) == (DeliveryState.FAILED, True)


def test_while_the_extension_is_off_an_answer_is_held_and_goes_when_it_is_on(asked):
    with asked.runtime.database.write() as session:
        disable_plugin(session, session.scalars(sa.select(Form).where(Form.slug == "support")).one(), "email", None)
    number = reply(asked)
    assert state(asked, number) == (DeliveryState.HELD, "E-mail is off on this form.")
    assert asked.mail.outgoing == []
    with asked.runtime.database.write() as session:
        enable_plugin(session, session.scalars(sa.select(Form).where(Form.slug == "support")).one(), "email", None)
    asked.work()
    assert (state(asked, number), len(asked.letters(ADDRESS))) == ((DeliveryState.SENT, None), 1)


def test_nobody_writes_a_header_field_through_a_name_a_subject_or_a_file(asked):
    evil = "x\r\nBcc: eve@example.org\r\n\r\nbody\0"
    with asked.runtime.database.write() as session:
        ticket = session.get_one(Ticket, 1)
        ticket.customer.name = ticket.subject = evil
        session.scalars(sa.select(User).where(User.email == AGENT)).one().name = evil
        session.execute(sa.text("UPDATE email_letter SET subject = :evil, answer_name = :evil"), {"evil": evil.replace("\0", "")})
    reply(
        asked,
        cc=['"x\r\nBcc: eve@example.org" <bob@example.net>'],
        files=[NewFile("a\r\nX-Evil: 1.txt", b"a", "text/plain\r\nX-Evil: 1")],
    )
    (delivered,) = asked.mail.outgoing
    sent = message_from_bytes(delivered.raw, policy=policy.default)
    assert delivered.recipients == (ADDRESS, "bob@example.net")
    assert sorted(set(sent.keys()) - {"X-Plugdesk-Loop"}) == sorted(
        ["From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type"]
    )
    assert not [part for part in sent.walk() if part["X-Evil"] or part["Bcc"]]


def three_replies(company):
    with company.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        for word in ("One", "Two", "Three"):
            reply_to_ticket(session, session.get_one(Ticket, 1), agent, body=f"<p>{word}</p>")


def test_letters_that_leave_together_share_a_connection(asked, monkeypatch):
    monkeypatch.setattr("plugdesk.runner.BATCH_SECONDS", 60)  # on a slow machine, too
    opened = count_logins(monkeypatch)
    three_replies(asked)
    asked.work()
    assert len(asked.letters(ADDRESS)) == 3
    assert len(opened) == 2  # the first batch is a single job, the second takes what is left


def test_a_connection_that_was_lost_between_two_letters_is_made_anew(asked, monkeypatch):
    opened, data = count_logins(monkeypatch), smtplib.SMTP.data

    def lost_afterwards(client: smtplib.SMTP, letter: bytes) -> tuple[int, bytes]:
        answer = data(client, letter)
        asked.mail.drop_connections()
        return answer

    monkeypatch.setattr(smtplib.SMTP, "data", lost_afterwards)
    three_replies(asked)
    asked.work()
    sent = sorted(each.get_body(("plain",)).get_content().split()[0] for each in asked.letters(ADDRESS))
    assert (sent, len(opened)) == (["One", "Three", "Two"], 3)


def count_logins(monkeypatch) -> list[str]:
    logins, login = [], smtplib.SMTP.login

    def counted(client: smtplib.SMTP, user: str, password: str) -> tuple[int, bytes]:
        logins.append(user)
        return login(client, user, password)

    monkeypatch.setattr(smtplib.SMTP, "login", counted)
    return logins


def test_a_letter_about_a_ticket_reaches_its_addresses_outside_the_customers_thread(asked):
    with asked.runtime.database.write() as session:
        ticket = session.get_one(Ticket, 1)
        number = write_letter(session, ticket, to=["boss@example.org"], subject="Look at 1", html="<p>It beeps.</p>", by=None).id
    asked.work()
    (sent,) = asked.letters("boss@example.org")
    assert state(asked, number) == (DeliveryState.SENT, None)
    assert (sent["Subject"], sent["In-Reply-To"]) == ("Look at 1", None)
    assert asked.letters(ADDRESS) == []
