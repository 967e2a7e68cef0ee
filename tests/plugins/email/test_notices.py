"""The letters the desk writes by itself: a receipt for each ticket, a notice for each closing; never to programs, never too many."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.forms.models import Form, StatusKind
from plugdesk.plugins.switch import save_plugin_settings
from plugdesk.tickets.commands import become, change_status
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User
from tests.support.company import AGENT, HELP, letter, post

ANN = "Ann Smith <ann@example.com>"


def write(company, sender=ANN, subject="The till beeps", text="Twice.", **fields):
    made = letter(sender, subject, text, **fields)
    if "Return_Path" in fields:  # written by the server that takes the letter in, above everything else
        company.mail.deliver(bytes(made), [HELP])
    else:
        post(company.mail, made)
    company.later(seconds=31)
    company.work()


def subjects(company, address="ann@example.com"):
    return [each["Subject"] for each in company.letters(address)]


def text(made):
    return made.get_body(("plain",)).get_content()


def save(company, **values):
    with company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        save_plugin_settings(session, form, "email", values, 0, None)


def close(company, *, number=1, quietly=False):
    with company.runtime.database.write() as session:
        ticket = session.get_one(Ticket, number)
        agent = session.scalars(sa.select(User).where(User.email == AGENT)).one()
        change_status(session, ticket, ticket.form.first_final_status(), by=agent, quietly=quietly)
    company.work()


def test_a_receipt_goes_out_once_and_answers_the_letter(company):
    write(company, Message_ID="<first@example.com>")
    (receipt,) = company.letters("ann@example.com")
    assert (receipt["Subject"], receipt["In-Reply-To"]) == ("Re: [#1] The till beeps", "<first@example.com>")
    assert (receipt["Auto-Submitted"], receipt["From"]) == ("auto-replied", f"Tillwise <{HELP}>")
    assert "Its number is 1" in text(receipt)
    write(company, text="And again.", In_Reply_To=receipt["Message-ID"])
    assert len(company.letters("ann@example.com")) == 1


def test_a_receipt_told_twice_is_sent_once(company):
    write(company)
    with company.runtime.database.write() as session:
        from plugdesk_email.notices import send_receipt

        event = session.scalars(sa.select(Event).where(Event.kind == "ticket_opened")).one()
        ticket = session.get_one(Ticket, 1)
        send_receipt(company.runtime.context("email", ticket.form, session), ticket, event)
    company.work()
    assert len(company.letters("ann@example.com")) == 1


def test_a_receipt_repeats_the_subject_and_nothing_else_of_the_letter(company):
    """Else whoever writes in a stranger's name has the desk send them what he likes."""
    save(company, receipt_text="Hello ${customer:name|there}, ${customer:first_name}${customer:organization} ${ticket:subject}")
    write(company, '"Buy at http://evil.example" <ann@example.com>', text="Buy now! http://evil.example")
    (receipt,) = company.letters("ann@example.com")
    assert (receipt["To"], text(receipt).strip()) == ("ann@example.com", "Hello there, The till beeps")
    assert "evil" not in receipt.as_string()


@pytest.mark.parametrize("subject", ["${customer:email}", "{{ config }} ${7*7} ${agent:name|x}", "{% include 'x' %}"])
def test_a_subject_that_looks_like_a_variable_stays_text(company, subject):
    save(company, receipt_text="About: ${ticket:subject}")
    write(company, subject=subject)
    assert subjects(company) == [f"Re: [#1] {subject}"]
    assert text(company.letters("ann@example.com")[0]).strip() == f"About: {subject}"


@pytest.mark.parametrize(
    "sender, fields",
    [
        ("noreply@example.com", {}),
        ("postmaster@example.com", {}),
        ("ann@example.com", {"Auto_Submitted": "auto-generated"}),
        ("ann@example.com", {"Precedence": "bulk"}),
        ("ann@example.com", {"List_Id": "<news.example.com>"}),
        ("ann@example.com", {"X_Auto_Response_Suppress": "All"}),
        ("ann@example.com", {"Return_Path": "<>"}),
    ],
)
def test_a_program_gets_no_receipt(company, sender, fields):
    write(company, sender, **fields)
    assert company.letters(sender) == []


def test_one_address_gets_five_receipts_in_ten_minutes_and_no_more(company):
    for number in range(7):
        post(company.mail, letter(ANN, f"Number {number}", "Hello."))
    company.later(seconds=31)
    company.work()
    assert len(subjects(company)) == 5
    with company.runtime.database.read() as session:
        withheld = session.scalars(sa.select(Event).where(Event.kind == "automatic_letter_withheld")).all()
        assert [event.data["most"] for event in withheld] == [5, 5]
    company.later(minutes=11)
    write(company, subject="Later")
    assert len(subjects(company)) == 6


def test_where_receipts_are_switched_off_none_goes_out(company):
    save(company, receipt=False)
    write(company)
    assert subjects(company) == []


def test_the_closing_notice_goes_out_once_for_each_closing(company):
    write(company)
    close(company)
    notice = company.letters("ann@example.com")[-1]
    assert (notice["Subject"], notice["Auto-Submitted"]) == ("Re: [#1] The till beeps", "auto-replied")
    assert "Hello Ann," in text(notice)
    with company.runtime.database.write() as session:  # from resolved to closed is no second closing
        ticket = session.get_one(Ticket, 1)
        become(session, ticket, StatusKind.CLOSED, by=None)
    company.work()
    assert len(subjects(company)) == 2
    write(company, text="Still.", In_Reply_To=notice["Message-ID"])
    close(company)
    assert len(subjects(company)) == 3


def test_a_ticket_closed_quietly_is_closed_without_a_letter(company):
    write(company)
    close(company, quietly=True)
    assert len(subjects(company)) == 1


def test_letters_are_in_the_customers_language(company):
    from plugdesk.users.customers import find_or_create_customer

    with company.runtime.database.write() as session:
        find_or_create_customer(session, channel="email", value="olga@example.com", name="Ольга", language="ru")
    write(company, "Ольга <olga@example.com>", "Касса пищит")
    (receipt,) = company.letters("olga@example.com")
    assert "Its number is" not in text(receipt)
    assert receipt["Subject"] == "Re: [#1] Касса пищит"


def test_where_the_rating_is_off_its_paragraph_is_gone_from_the_notice(make_company, clock):
    company = make_company(clock=clock, set_up=False)
    company.set_up(extensions=("email",))
    write(company)
    close(company)
    said = text(company.letters("ann@example.com")[-1])
    assert ("satisfaction" in said, "\n\n\n" in said) == (False, False)
    with company.runtime.database.read() as session:
        assert [message.kind for message in session.scalars(sa.select(Message).order_by(Message.id))] == [
            "human",
            "receipt",
            "closing",
        ]
