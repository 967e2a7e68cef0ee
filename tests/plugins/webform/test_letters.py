"""The letters a request form causes: the receipt, and the one that asks to confirm. Nobody can write to others through them."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from plugdesk.tickets.commands import assign, change_status
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import DeliveryState, Ticket
from plugdesk.users.customers import add_identity, find_or_create_customer, remove_identity
from plugdesk_webform.models import Submission
from tests.plugins.webform.conftest import Visitor, words_of

PATH = "/p/support/webform/a-question"
HERS = {
    "email": "ann@home.example",
    "name": "WIN http://evil.example",
    "subject": "BUY NOW http://evil.example",
    "text": "cheap pills",
}


def tickets(session):
    session.expire_all()
    return list(session.scalars(sa.select(Ticket).order_by(Ticket.id)))


def letters(mailbox, run_jobs):
    run_jobs()
    return mailbox.sent


def link_in(letter):
    return re.search(
        r"https://desk\.example(/p/support/webform/confirmations/[\w-]+)", letter.get_body(("plain",)).get_content()
    )[1]


def test_a_receipt_tells_whoever_left_an_address_and_carries_nothing_they_typed(
    mailbox, visitor, request_form, session, run_jobs
):
    request_form()
    visitor.send(PATH, HERS)
    (letter,) = letters(mailbox, run_jobs)
    assert letter["To"] == "ann@home.example"
    assert letter["Subject"] == f"We have received your request {tickets(session)[0].number}"
    assert letter["Auto-Submitted"] == "auto-replied"
    assert not re.search(b"evil|WIN|BUY|pills", bytes(letter))


def test_a_hundred_posts_with_one_victims_address_send_one_letter(mailbox, app, request_form, session, run_jobs, enable, agent):
    enable("webform", per_hour=1_000, per_day=1_000, address_per_day=1_000)
    request_form()
    token_sources = [Visitor(app, f"203.0.113.{number % 50}") for number in range(100)]
    for number, visitor in enumerate(token_sources):
        assert visitor.send(PATH, HERS, scripts=number % 4 != 0).status_code in (303, 429)
    assert len(letters(mailbox, run_jobs)) == 1
    assert len(tickets(session)) == 75
    for ticket in tickets(session):
        change_status(session, ticket, ticket.form.first_final_status(), by=agent)
    assert len(letters(mailbox, run_jobs)) == 1, "closing them writes to the victim no more than opening them did"


def test_a_closing_notice_to_an_address_nobody_proved_carries_nothing_they_typed(
    mailbox, visitor, request_form, session, run_jobs, agent
):
    request_form(receipt=False)
    visitor.send(PATH, HERS)
    (ticket,) = tickets(session)
    change_status(session, ticket, ticket.form.first_final_status(), by=agent)
    (letter,) = letters(mailbox, run_jobs)
    assert (letter["To"], letter["Subject"]) == ("ann@home.example", f"Re: [#{ticket.number}] Your request to Support")
    assert "Hello there," in letter.get_body(("plain",)).get_content()
    assert not re.search(b"evil|WIN|BUY|pills", bytes(letter))


def test_whoever_was_answered_gets_the_closing_notice_after_the_receipt(mailbox, visitor, request_form, session, run_jobs, agent):
    request_form()
    visitor.send(PATH, {**HERS, "name": "Ann Smith", "subject": "The till beeps"})
    (ticket,) = tickets(session)
    assign(session, ticket, by=agent, assignee=agent)
    reply_to_ticket(session, ticket, agent, body="<p>We call you.</p>")
    change_status(session, ticket, ticket.form.first_final_status(), by=agent)
    assert {each["Subject"] for each in letters(mailbox, run_jobs)} == {
        f"We have received your request {ticket.number}", f"Re: [#{ticket.number}] The till beeps",
        f"Re: [#{ticket.number}] Your request to Support",
    }  # fmt: skip


def test_an_answer_goes_by_letter_where_an_address_was_left(mailbox, visitor, request_form, session, run_jobs, agent):
    request_form(receipt=False)
    visitor.send(PATH, HERS)
    (ticket,) = tickets(session)
    assert (ticket.channel, ticket.messages[0].channel) == ("email", "webform")
    assign(session, ticket, by=agent, assignee=agent)
    reply_to_ticket(session, ticket, agent, body="<p>We call you.</p>")
    (letter,) = letters(mailbox, run_jobs)
    assert letter["To"].addresses[0].addr_spec == "ann@home.example"
    assert "We call you." in letter.get_body(("plain",)).get_content()


def test_letters_go_to_the_address_that_was_typed_of_a_customer_with_several(
    mailbox, visitor, request_form, session, run_jobs, agent, admin
):
    known = find_or_create_customer(session, channel="email", value="ann@work.example", name="Ann")
    add_identity(session, known, channel="email", value="ann@home.example", by=admin)
    session.commit()
    request_form()
    visitor.send(PATH, HERS)
    (ticket,) = tickets(session)
    assert (ticket.customer_id, ticket.customer.address("email")) == (known.id, "ann@work.example")
    assign(session, ticket, by=agent, assignee=agent)
    reply_to_ticket(session, ticket, agent, body="<p>We call you.</p>")
    change_status(session, ticket, ticket.form.first_final_status(), by=agent)
    assert [each["To"].addresses[0].addr_spec for each in letters(mailbox, run_jobs)] == ["ann@home.example"] * 3
    remove_identity(session, next(each for each in known.identities if each.value == "ann@home.example"), by=admin)
    reply_to_ticket(session, ticket, agent, body="<p>We called you.</p>")
    assert letters(mailbox, run_jobs)[-1]["To"].addresses[0].addr_spec == "ann@work.example"


def test_without_scripts_a_letter_asks_and_only_its_button_opens_the_ticket(mailbox, visitor, request_form, session, run_jobs):
    request_form()
    sent = visitor.send(PATH, HERS, scripts=False)
    assert "Look into your mail" in words_of(visitor.get(sent.headers["Location"]))
    assert tickets(session) == []
    (letter,) = letters(mailbox, run_jobs)
    assert letter["Subject"] == "Confirm your request to Support, Northern Light"
    assert not re.search(b"evil|WIN|BUY|pills", bytes(letter))
    link = link_in(letter)
    for _ in range(5):
        looked = visitor.get(link)
        assert looked.status_code == visitor.browser.head(link, base_url="https://desk.example").status_code == 200
        assert "evil" not in words_of(looked)
    assert tickets(session) == []
    first, second = visitor.post(link, {}), visitor.post(link, {})
    assert first.headers["Location"] == second.headers["Location"]
    (ticket,) = tickets(session)
    assert ticket.messages[0].text == "cheap pills"
    kept = session.scalars(sa.select(Submission)).one()
    assert (kept.confirmed, kept.typed) == (True, None)
    assert len(letters(mailbox, run_jobs)) == 1, "no receipt after it: it had its letter"


def test_a_page_sent_twice_without_scripts_waits_once(mailbox, visitor, request_form, session, run_jobs):
    request_form()
    token = visitor.token(PATH)
    assert [visitor.send(PATH, HERS, scripts=False, token=token).status_code for _ in range(2)] == [303, 303]
    assert session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 1
    assert len(letters(mailbox, run_jobs)) == 1


def test_what_nobody_confirms_within_a_day_is_forgotten_with_its_files(
    mailbox, visitor, request_form, session, run_jobs, clock, form
):
    import io

    from plugdesk.forms.commands import add_field
    from plugdesk.tickets.models import Attachment

    add_field(session, form, kind="file", label="Photos", by=None)
    session.commit()
    request_form(fields=[{"code": "@email"}, {"code": "@text"}, {"code": "photos"}])
    visitor.send(PATH, {**HERS, "field-photos": [(io.BytesIO(b"x"), "a.txt")]}, scripts=False, files=True)
    link = link_in(letters(mailbox, run_jobs)[0])
    assert session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 1
    clock.advance(hours=25)
    assert visitor.get(link).status_code == visitor.post(link, {}).status_code == 404
    run_jobs()
    assert session.scalar(sa.select(sa.func.count()).select_from(Submission)) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 0


def test_what_was_confirmed_is_not_searched_for_what_was_not(session, webform):
    """Each hour; else the work would grow with everything that was ever confirmed."""
    indexes = {each["name"]: each for each in sa.inspect(session.connection()).get_indexes("webform_submission")}
    of_what = indexes["ix_webform_submission_waiting"]["dialect_options"]
    assert "ticket_id IS NULL" in str(of_what.get(f"{session.connection().dialect.name}_where"))


def test_strange_links_lead_nowhere(visitor, request_form):
    request_form()
    for link in ("%20", "*", "%25", "%00", "x" * 5_000):
        assert visitor.get(f"/p/support/webform/confirmations/{link}").status_code == 404


def test_where_no_letter_can_be_written_scripts_are_asked_for(visitor, request_form, session):
    request_form()
    refused = visitor.send(PATH, HERS, scripts=False)
    assert refused.status_code == 422
    assert "Switch on scripts" in words_of(refused)
    request_form("Nameless", anonymous=True)
    assert "Switch on scripts" in words_of(visitor.send("/p/support/webform/nameless", HERS, scripts=False))
    assert tickets(session) == []


def test_where_e_mail_has_no_mailbox_yet_no_letter_is_promised(visitor, request_form, session, enable, run_jobs):
    """Neither by the page, nor by a receipt that could only fail."""
    enable("email")
    request_form()
    shown = visitor.get(PATH).get_data(as_text=True)
    assert "This form needs them" in shown and "After sending you get a letter" not in shown
    assert "Switch on scripts" in words_of(visitor.send(PATH, HERS, scripts=False))
    visitor.send(PATH, HERS)
    run_jobs()
    (ticket,) = tickets(session)
    assert [each.kind for each in ticket.messages] == ["human"]


def test_without_scripts_an_address_is_asked_for(mailbox, visitor, request_form):
    request_form(fields=[{"code": "@email"}, {"code": "@text"}])
    refused = visitor.send(PATH, {"text": "Hi"}, scripts=False)
    assert refused.status_code == 422
    assert "Write your e-mail address" in words_of(refused)


@pytest.mark.parametrize("email", ["no-reply@home.example", "mailer-daemon@home.example", "the mailbox"])
def test_no_receipt_goes_where_nobody_reads_it(mailbox, visitor, request_form, session, run_jobs, agent, email):
    request_form()
    visitor.send(PATH, {**HERS, "email": mailbox.address if email == "the mailbox" else email})
    assert letters(mailbox, run_jobs) == []
    (ticket,) = tickets(session)
    receipt = ticket.messages[-1]
    assert (receipt.kind, receipt.delivery) == ("receipt", DeliveryState.FAILED)
    assert "Nobody reads" in receipt.delivery_error
    assign(session, ticket, by=agent, assignee=agent)
    answer = reply_to_ticket(session, ticket, agent, body="<p>We call you.</p>")
    run_jobs()
    session.refresh(answer)
    assert answer.delivery is DeliveryState.SENT, "what an agent writes goes where it is sent"


def test_no_letter_of_the_desk_itself_answers_its_own_mailbox(mailbox, visitor, request_form):
    request_form()
    refused = visitor.send(PATH, {**HERS, "email": mailbox.address}, scripts=False)
    assert refused.status_code == 422
