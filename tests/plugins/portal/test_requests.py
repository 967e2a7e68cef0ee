"""My requests: what a customer reads and does there, and that nothing of another, no note and no internal word is among it."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from plugdesk.forms.models import StatusKind
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.bin import delete_ticket
from plugdesk.tickets.commands import become
from plugdesk.tickets.correspondence import Said, add_note, forward_message, open_ticket, reply_to_ticket
from plugdesk.tickets.merging import merge_tickets
from plugdesk.tickets.models import Attachment, Message, Ticket
from plugdesk.users.customers import find_or_create_customer
from plugdesk_webform.commands import RequestFormInput, add_request_form, usual_fields
from tests.plugins.portal.conftest import words_of


@pytest.fixture
def bob(session):
    return find_or_create_customer(session, channel="email", value="bob@home.example", name="Bob Stone")


@pytest.fixture
def bobs(session, form, bob):
    """Bob's ticket, with a file."""
    letter = Said(text="Quite private.", files=[NewFile("secret.txt", b"private")])
    ticket = open_ticket(session, form, bob, subject="Bobs own affair", said=letter, channel="email")
    session.commit()
    return ticket


def path_of(ticket, rest=""):
    return f"/portal/requests/{ticket.number}{rest}"


def answer(session, ticket, agent, run_jobs, body="<p>Try the <b>other</b> cable.</p>"):
    said = reply_to_ticket(session, ticket, agent, body=body)
    run_jobs()
    return said


def test_a_request_shows_what_was_said_and_no_internal_word(ann, ticket, agent, session, run_jobs):
    answer(session, ticket, agent, run_jobs)
    note = add_note(session, ticket, agent, body="<p>A difficult one.</p>")
    hidden = add_file(session, NewFile("note.txt", b"for us"), message=note)
    forward_message(session, ticket.messages[0], agent, to=["expert@other.example"], comment="<p>What is it?</p>")
    run_jobs()
    shown = ann.get(path_of(ticket)).get_data(as_text=True)
    assert "Try the <b>other</b> cable." in shown and "Ada Berg" in shown
    for internal in ("A difficult one", "expert@other.example", "What is it?", "note.txt", "ada@", "In progress"):
        assert internal not in shown, internal
    assert ann.get(f"/portal/files/{hidden.key}").status_code == 404


def test_an_answer_that_can_still_be_taken_back_is_not_shown(ann, ticket, agent, session):
    reply_to_ticket(session, ticket, agent, body="<p>Wrong words.</p>")
    session.commit()
    assert "Wrong words" not in words_of(ann.get(path_of(ticket)))


def test_the_numbers_of_another_customer_answer_as_what_is_not_there(ann, bobs, session):
    key = session.scalars(sa.select(Attachment.key).join(Message).where(Message.ticket_id == bobs.id)).one()
    for number, file in ((bobs.number, key), (999_999, "nothing")):
        got = [
            ann.get(f"/portal/requests/{number}"),
            *(ann.post(f"/portal/requests/{number}/{rest}", data={"text": "Hi"}) for rest in ("replies", "closing", "reopening", "reading")),
            ann.get(f"/portal/files/{file}"),
        ]  # fmt: skip
        assert {each.status_code for each in got} == {404}
        assert "Bobs own affair" not in "".join(each.get_data(as_text=True) for each in got)
    assert "Bobs own affair" not in words_of(ann.get("/portal/?q=affair"))


def test_a_request_on_a_form_without_the_portal_and_a_deleted_one_are_not_there(
    ann, ticket, other_form, customer, session, admin
):
    elsewhere = open_ticket(session, other_form, customer, subject="An offer", said=Said(text="How much?"), channel="email")
    delete_ticket(session, ticket, admin)
    session.commit()
    assert ann.get(path_of(elsewhere)).status_code == ann.get(path_of(ticket)).status_code == 404
    assert "No request yet" in words_of(ann.get("/portal/"))


def test_merged_into_anothers_a_request_shows_its_own_words_alone(ann, ticket, bobs, agent, session, run_jobs):
    merge_tickets(session, ticket, bobs, agent)
    run_jobs()
    answer(session, bobs, agent, run_jobs, body="<p>For Bob alone.</p>")
    shown = words_of(ann.get(path_of(ticket)))
    assert "It beeps" in shown
    assert "Quite private" not in shown and "For Bob alone" not in shown
    assert "close it" not in shown, "it is not hers to close"
    ann.post(path_of(ticket, "/replies"), data={"text": "And mine?"})
    session.expire_all()
    said = session.scalars(sa.select(Message).where(Message.text == "And mine?")).one()
    assert (said.ticket_id, said.origin_id) == (bobs.id, ticket.id)


def test_a_reply_with_a_file_reaches_the_agent_as_from_the_portal(ann, ticket, agent, session, app):
    typed = {"text": "Here is the log.", "files": (io.BytesIO(b"beep"), "till.log")}
    sent = ann.post(path_of(ticket, "/replies"), data=typed, content_type="multipart/form-data")
    assert sent.status_code == 303
    session.expire_all()
    said = session.scalars(sa.select(Message).order_by(Message.id.desc())).first()
    assert (said.channel, said.text, said.attachments[0].name) == ("portal", "Here is the log.", "till.log")
    assert (ticket.channel, ticket.customer_waits) == ("email", True)
    desk = browser_of(app)
    desk.sign_in(agent)
    assert "by customer portal" in words_of(desk.get(f"/tickets/{ticket.number}"))
    file = ann.get(f"/portal/files/{said.attachments[0].key}")
    assert (file.get_data(), file.headers["Content-Type"]) == (b"beep", "application/octet-stream")
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_a_double_press_sends_once(ann, ticket, session):
    typed = {"text": "Once.", "once": "the-same-key"}
    first, second = (ann.post(path_of(ticket, "/replies"), data=typed) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Message).where(Message.text == "Once.")) == 1


def test_a_refused_reply_keeps_the_words(ann, ticket, enable, session):
    assert ann.post(path_of(ticket, "/replies"), data={"text": " "}).status_code == 422
    enable("portal", files=1)
    two = [(io.BytesIO(b"a"), "a.txt"), (io.BytesIO(b"b"), "b.txt")]
    refused = ann.post(path_of(ticket, "/replies"), data={"text": "Two files.", "files": two}, content_type="multipart/form-data")
    assert refused.status_code == 422
    assert "At most 1 files." in words_of(refused) and "Two files." in refused.get_data(as_text=True)


def test_the_customer_closes_and_reopens_by_the_forms_rule(ann, ticket, session, form, clock, sign_in):
    assert "close it" in words_of(ann.get(path_of(ticket)))
    ann.post(path_of(ticket, "/closing"))
    session.expire_all()
    assert ticket.status_kind is StatusKind.RESOLVED
    form.reopen_days = 7
    session.commit()
    assert ann.post(path_of(ticket, "/closing")).status_code == 303, "closed already: nothing is left to do"
    ann.post(path_of(ticket, "/reopening"))
    session.expire_all()
    assert ticket.closed_at is None
    ann.post(path_of(ticket, "/closing"))
    clock.advance(days=8)
    again = sign_in(ann)
    assert "begins a new one" in words_of(again.get(path_of(ticket)))
    assert "open it again" not in words_of(again.get(path_of(ticket)))


def test_on_a_request_that_is_over_words_begin_a_new_one(ann, ticket, session, form):
    form.reopen_days = 0
    become(session, ticket, StatusKind.CLOSED, by=None)
    session.commit()
    assert ann.post(path_of(ticket, "/reopening")).status_code == 409
    sent = ann.post(path_of(ticket, "/replies"), data={"text": "It beeps again."})
    session.expire_all()
    fresh = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc())).first()
    assert fresh.id != ticket.id and fresh.channel == "email"
    assert sent.headers["Location"].startswith(path_of(fresh))


def test_what_an_admin_does_not_allow_is_neither_offered_nor_done(ann, ticket, enable, session):
    enable("portal", may_close=False)
    assert "close it" not in words_of(ann.get(path_of(ticket)))
    assert ann.post(path_of(ticket, "/closing")).status_code == 409


def test_answers_not_yet_read_are_marked_until_they_were_looked_at(ann, ticket, agent, session, run_jobs):
    assert "New answer" not in words_of(ann.get("/portal/"))
    said = answer(session, ticket, agent, run_jobs)
    assert "New answer" in words_of(ann.get("/portal/"))
    ann.get(path_of(ticket))
    assert "New answer" in words_of(ann.get("/portal/")), "looking changes nothing: the page says that it was read"
    ann.post(path_of(ticket, "/reading"), data={"last": said.id})
    assert "New answer" not in words_of(ann.get("/portal/"))


def test_the_list_is_filtered_searched_and_paged(ann, ticket, form, customer, session):
    for number in range(24):
        open_ticket(session, form, customer, subject=f"Order {number:02}", said=Said(text="Where is it?"), channel="email")
    become(session, ticket, StatusKind.CLOSED, by=None)
    session.commit()
    first = ann.get("/portal/").get_data(as_text=True)
    assert "Order 23" in first and "The till beeps" not in first and "below=" in first
    assert "The till beeps" in words_of(ann.get("/portal/?state=done")) and "Order" not in words_of(
        ann.get("/portal/?state=done")
    )
    assert words_of(ann.get("/portal/?q=order+07")).count("Order ") == 1
    assert "The till beeps" in words_of(ann.get("/portal/?q=it+beeps"))
    assert "Nothing found" in words_of(ann.get("/portal/?q=100%25"))


def test_the_status_is_in_the_customers_words(ann, ticket, form, session):
    form.status(ticket.status.code).customer_name = "We are on it"
    session.commit()
    assert "We are on it" in words_of(ann.get(path_of(ticket)))


def test_one_way_to_ask_is_a_button_and_several_are_a_choice(ann, form, enable, admin, session):
    webform, links = enable("webform"), "main a[href^='/p/']"

    def ways():
        tree = LexborHTMLParser(ann.get("/portal/").get_data(as_text=True))
        return tree, [(" ".join(node.text().split()), node.attributes["href"]) for node in tree.css(links)]

    for title in ("A question", "A repair"):
        add_request_form(webform, RequestFormInput(title, fields=usual_fields(form)), by=admin)
        session.commit()
        if title == "A question":
            assert ways()[1] == [("New request", "/p/support/webform/a-question")]
    tree, found = ways()
    assert tree.css_first(".portal-ways summary").text().strip() == "New request"
    assert [title for title, _url in found] == ["A question", "A repair"]
