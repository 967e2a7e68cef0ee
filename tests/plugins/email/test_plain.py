"""A letter that belongs to no ticket: it leaves once, from the form's mailbox, or is said to be impossible."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.channels.letters import send_letter
from plugdesk.forms.models import Form
from plugdesk.plugins.switch import disable_plugin
from plugdesk.tickets.models import DeliveryState
from plugdesk_email import health_of
from plugdesk_email.models import Mailbox, PlainLetter
from tests.support.company import HELP

BOB = "bob@example.net"


def write(company, to=BOB):
    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        sent = send_letter(
            session, form, to=to, subject="Is it\nyours?", html='<p>Look: <a href="https://desk.example/x">here</a></p>'
        )
    company.work()
    return sent


def states(company):
    with company.runtime.database.read() as session:
        return list(session.scalars(sa.select(PlainLetter.state).order_by(PlainLetter.id)))


def test_it_leaves_from_the_forms_mailbox_and_what_it_said_is_forgotten(company):
    assert write(company)
    (sent,) = company.letters(BOB)
    assert (sent["From"].addresses[0].addr_spec, sent["To"], sent["Subject"]) == (HELP, BOB, "Is it yours?")
    assert sent["Auto-Submitted"] == "auto-generated"
    assert "https://desk.example/x" in sent.get_body(("plain",)).get_content()
    assert states(company) == [DeliveryState.SENT]
    with company.runtime.database.read() as session:
        assert session.scalar(sa.select(PlainLetter.html)) == ""
    company.later(days=8)
    company.work()
    assert states(company) == []


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_a_server_that_has_no_time_is_asked_again(company, at):
    company.mail.refuse_next(451, "4.7.1 Greylisted", at=at)
    write(company)
    assert states(company) == [DeliveryState.QUEUED]
    company.later(minutes=2)
    company.work()
    assert states(company) == [DeliveryState.SENT]
    assert len(company.letters(BOB)) == 1


def test_a_refusal_for_good_and_an_answer_that_never_came_are_never_repeated(company):
    company.mail.refuse_next(550, "5.1.1 No such user", at="data")
    write(company)
    company.mail.drop_after_data(keep=True)
    write(company)
    company.later(minutes=30)
    company.work()
    assert states(company) == [DeliveryState.FAILED, DeliveryState.MAYBE]
    with company.runtime.database.read() as session:
        assert set(session.scalars(sa.select(PlainLetter.html))) == {""}, "the link in it is alive"
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        (_mailbox, line) = health_of.lines(company.runtime.context("email", form, session))
        assert (line.state, line.problem) == ("1 letter did not leave. The last one: 550 5.1.1 No such user", "")


def test_a_mailbox_that_cannot_send_says_so_also_for_these_letters(company):
    company.mail.stop()
    write(company)
    why = f"Nothing listens at 127.0.0.1:{company.mail.smtp_port}. Check the port."
    with company.runtime.database.read() as session:
        assert session.scalars(sa.select(Mailbox.sending_error)).one() == why
        assert session.scalars(sa.select(PlainLetter.error)).one() == why
    company.mail.start()
    company.later(minutes=2)
    company.work()
    assert states(company) == [DeliveryState.SENT]
    with company.runtime.database.read() as session:
        assert session.scalars(sa.select(Mailbox.sending_error)).one() is None


@pytest.mark.parametrize("to", [HELP, "mailer-daemon@example.net", "no-reply@example.net"])
def test_nobody_is_written_to_who_does_not_read_it(company, to):
    assert not write(company, to)


def test_where_e_mail_is_off_nothing_can_be_sent(company):
    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        disable_plugin(session, form, "email", None)
    assert not write(company)
