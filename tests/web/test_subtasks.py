"""Asking a colleague on the ticket's page: the question, the answer, taking it into the reply, and closing meanwhile."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid
from plugdesk.forms.models import StatusKind
from plugdesk.tickets.commands import accept, become, mark_read
from plugdesk.tickets.correspondence import add_note, reply_to_ticket
from plugdesk.tickets.counts import view_counts
from plugdesk.tickets.lists import tickets_of_view
from plugdesk.tickets.models import Reading, Ticket
from plugdesk.tickets.subtasks import ask_colleague, open_subtasks
from plugdesk.users.models import User
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_agent, make_form, make_group, make_ticket


@pytest.fixture
def priya(session: Session, form) -> User:
    return make_agent(session, form, name="Priya")


@pytest.fixture
def ticket(session: Session, form, anna, priya) -> Ticket:
    ticket = make_ticket(session, form, subject="The till beeps", text="It beeps three times.")
    accept(session, ticket, anna)
    session.commit()
    return ticket


def form_at(page, action: str):
    return next(each for each in page.forms.values() if each.action.endswith(action))


def asked(session: Session, ticket: Ticket) -> Ticket:
    return session.scalars(sa.select(Ticket).where(Ticket.parent_id == ticket.id)).one()


def test_a_question_with_the_customers_words_goes_to_a_colleague_and_the_answer_into_the_reply(
    browse, session: Session, ticket, anna, priya
) -> None:
    hers = browse(anna)
    page = form_at(hers.get(f"/tickets/{ticket.id}/subtasks/new"), "/subtasks")
    page["whom"], page["text"] = f"person-{priya.id}", "What does it mean?"
    page.fields["copy"][0].checked = True
    back = page.submit(status=303).follow()
    subtask = asked(session, ticket)
    assert f"Subtask {subtask.number} for Priya" in back.text and "What does it mean?" in back.text
    theirs = browse(priya).get(f"/tickets/{subtask.id}")
    assert (
        "It beeps three times." in theirs.html.find(id="thread").text
        and "The till beeps" in theirs.html.find(id="ticket-head").text
    )
    answer = (
        form_at(theirs, "/notes")
        if any(each.action.endswith("/notes") for each in theirs.forms.values())
        else theirs.forms["composer"]
    )
    answer["text"] = "The cover is open."
    answer.submit(status=303)
    page = hers.get(f"/tickets/{ticket.id}")
    assert "The cover is open." in page.html.find(id="thread").text
    reply = form_at(page, "/quotation").submit(status=303).follow().forms["composer"]
    assert "The cover is open." in reply["text"].value or "The cover is open." in str(reply.text)


def test_what_is_missing_is_said_and_what_was_typed_stays(browse, session: Session, ticket, anna) -> None:
    hers = browse(anna)
    page = form_at(hers.get(f"/tickets/{ticket.id}/subtasks/new"), "/subtasks")
    page["text"], page["subject"] = "What does it mean?", "Beeping"
    answer = page.submit(status=422)
    again = form_at(answer, "/subtasks")
    assert "Choose whom to ask." in answer.text and (again["text"].value, again["subject"].value) == (
        "What does it mean?",
        "Beeping",
    )
    composer = hers.get(f"/tickets/{ticket.id}").forms["composer"]
    composer.action = f"/tickets/{ticket.id}/subtasks"
    composer["text"], composer["mode"] = "What does it mean?", "ask"
    answer = composer.submit(status=422)
    assert "Choose whom to ask." in answer.text and answer.html.find("select", attrs={"name": "whom"})
    assert answer.forms["composer"]["text"].value == "What does it mean?"


def test_a_group_is_asked_and_a_stranger_is_not(browse, session: Session, ticket, anna, priya) -> None:
    night = make_group(session, priya, name="Night")
    stranger = make_agent(session, make_form(session, name="Billing"), name="Sam")
    subtask = ask_colleague(session, ticket, anna, group=night, subject="", body="<p>Who knows?</p>")
    assert (subtask.group, subtask.assignee, subtask.subject) == (night, None, "The till beeps")
    with pytest.raises(Invalid):
        ask_colleague(session, ticket, anna, colleague=stranger, subject="", body="<p>Who knows?</p>")
    with pytest.raises(Conflict):
        ask_colleague(session, subtask, priya, colleague=anna, subject="", body="<p>You?</p>")
    with pytest.raises(Invalid, match="does not see a subtask"):
        reply_to_ticket(session, subtask, priya, body="<p>Dear Ann</p>")
    session.commit()
    menu = browse(anna).get(f"/tickets/{ticket.id}/subtasks/new")
    assert "Night" in menu.text and "Sam" not in menu.text


def test_an_answer_is_news_on_the_ticket_it_was_asked_about(session: Session, ticket, anna, priya) -> None:
    subtask = ask_colleague(session, ticket, anna, colleague=priya, subject="", body="<p>Who knows?</p>")
    mark_read(session, ticket, anna)
    add_note(session, subtask, priya, body="<p>I do.</p>")
    assert session.get(Reading, (ticket.id, anna.id)) is None


def test_closing_says_that_a_subtask_is_open_and_closes_when_told_to(browse, session: Session, ticket, anna, priya) -> None:
    subtask = ask_colleague(session, ticket, anna, colleague=priya, subject="", body="<p>Who knows?</p>")
    session.commit()
    hers = browse(anna)
    page = hers.get(f"/tickets/{ticket.id}")
    done = next(
        each
        for each in page.forms.values()
        if each.action.endswith("/status") and "status" in each.fields and each["status"].value == "done"
    )
    said = done.submit(status=409)
    assert f"Subtask #{subtask.number} waits for an answer still." in said.text
    next(each for each in said.forms.values() if "anyway" in each.fields).submit(status=303)
    session.expire_all()
    assert ticket.closed_at is not None and open_subtasks(session, ticket) == [subtask.id]


def test_a_reply_that_would_close_it_comes_back_whole_and_goes_at_the_second_press(
    browse, session: Session, ticket, anna, priya
) -> None:
    ask_colleague(session, ticket, anna, colleague=priya, subject="", body="<p>Who knows?</p>")
    session.commit()
    composer = browse(anna).get(f"/tickets/{ticket.id}").forms["composer"]
    composer["text"] = "Close the cover."
    answer = composer.submit("then", value="done", status=422)
    again = answer.forms["composer"]
    assert "waits for an answer still" in answer.text and again["text"].value == "Close the cover."
    again.submit("then", value="done", status=303)
    session.expire_all()
    assert ticket.closed_at is not None


def test_who_sees_only_their_own_sees_the_question_and_not_the_ticket(browse, session: Session, ticket, form, anna) -> None:
    expert = make_agent(session)
    set_right(session, form, expert, RightInput(sees="own"), by=None)
    subtask = ask_colleague(session, ticket, anna, colleague=expert, subject="", body="<p>Who knows?</p>")
    session.commit()
    theirs = browse(expert)
    assert "a ticket you do not see" in theirs.get(f"/tickets/{subtask.id}").text
    theirs.get(f"/tickets/{ticket.id}", status=404)


def test_who_is_asked_finds_it_in_a_list_of_its_own_with_a_true_count(browse, session: Session, ticket, anna, priya) -> None:
    night = make_group(session, priya, name="Night")
    by_name = ask_colleague(session, ticket, anna, colleague=priya, subject="By name", body="<p>You?</p>")
    ask_colleague(session, ticket, anna, group=night, subject="By group", body="<p>Any of you?</p>")
    ask_colleague(session, ticket, anna, colleague=anna, subject="To herself", body="<p>I?</p>")
    session.commit()
    browser = browse(priya)
    rows = browser.get("/views/asked").html.find(id="list") or browser.get("/views/asked").html.find("table")
    assert "By name" in rows.text and "By group" in rows.text and "To herself" not in rows.text
    before = dict(view_counts(session, priya))
    assert before["asked"] == 2
    mark_read(session, by_name, priya)
    become(session, by_name, StatusKind.RESOLVED, by=priya)
    after = view_counts(session, priya)
    assert (after["asked"], after["unread"], after["open"]) == (1, before["unread"], before["open"])
    assert "By name" not in browser.get("/views/mine").text


def test_who_sees_a_part_of_the_form_counts_the_same(session: Session, ticket, form, anna) -> None:
    expert = make_agent(session)
    set_right(session, form, expert, RightInput(sees="own"), by=None)
    ask_colleague(session, ticket, anna, colleague=expert, subject="", body="<p>Who knows?</p>")
    session.flush()
    assert view_counts(session, expert)["asked"] == len(tickets_of_view(session, expert, "asked").tickets) == 1
