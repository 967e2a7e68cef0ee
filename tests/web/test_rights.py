"""What pages show to who has a part of the rights, and what becomes of a page when a right goes while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind, Form
from plugdesk.tickets.commands import change_status, set_fields
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User
from plugdesk.users.rights import RightInput, remove_right, set_form_agent, set_right
from tests.factories import make_agent, make_form, make_ticket

if TYPE_CHECKING:
    from webtest import TestApp


@pytest.fixture
def ticket(session: Session, form: Form) -> Ticket:
    """Waits for payment."""
    ticket = make_ticket(session, form)
    change_status(session, ticket, form.status("waiting"), by=None)
    session.commit()
    return ticket


@pytest.fixture
def accountant(session: Session, form: Form) -> User:
    user = make_agent(session, name="Anna Kern")
    set_right(session, form, user, RightInput(statuses=["waiting"], actions=["note", "status"]), by=None)
    session.commit()
    return user


def composer(page):
    return page.forms["composer"]


def test_a_page_offers_what_may_be_run_and_nothing_else(
    browse: Callable[[User], TestApp], accountant: User, ticket: Ticket
) -> None:
    page = browse(accountant).get(f"/tickets/{ticket.id}")
    assert "Keep the note" in page.text
    for word in (
        "Accept",
        "Send, then",
        "Edit fields",
        "Forward",
        f"/tickets/{ticket.id}/assignment",
        f"/tickets/{ticket.id}/replies",
    ):
        assert word not in page.text, word
    assert f"/tickets/{ticket.id}/status" in page.text


def test_who_may_not_write_is_told_why(browse, session: Session, form: Form, accountant: User, ticket: Ticket) -> None:
    set_right(session, form, accountant, RightInput(statuses=["waiting"], actions=["status"]), by=None)
    page = browse(accountant).get(f"/tickets/{ticket.id}")
    assert "composer" not in page.forms
    assert "Your rights on this form do not include" in page.text


def test_a_ticket_that_leaves_ones_sight_leads_to_the_list(browse, accountant: User, ticket: Ticket) -> None:
    browser = browse(accountant)
    page = browser.get(f"/tickets/{ticket.id}")
    answer = browser.post(
        f"/tickets/{ticket.id}/status", {"status": "in_progress", "csrf_token": composer(page)["csrf_token"].value}
    )
    assert answer.headers["Location"].endswith("/views/open")
    browser.get(f"/tickets/{ticket.id}", status=404)
    news = browser.get("/live/changes?since=0").json
    assert (news["changed"]["tickets"], news["changed"]["list"]) == ([], True)


def test_who_loses_the_form_while_writing_keeps_every_word(browse, session: Session, form: Form, ticket: Ticket) -> None:
    agent = make_agent(session, form)
    browser = browse(agent)
    written = composer(browser.get(f"/tickets/{ticket.id}"))
    written["text"] = "Three pages about the till."
    remove_right(session, form, agent, by=None)
    session.commit()
    before = session.scalar(sa.select(sa.func.count()).select_from(Message))
    for place in ("replies", "notes"):
        written.action = f"/tickets/{ticket.id}/{place}"
        answer = written.submit(status=409)
        assert "Three pages about the till." in answer.text
        assert "no longer yours to see" in answer.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Message)) == before
    set_form_agent(session, form, agent, by=None)
    session.commit()
    answer.forms["typed"].submit(status=303)
    assert session.scalars(sa.select(Message.text).order_by(Message.id.desc())).first() == "Three pages about the till."


def test_who_loses_the_right_to_answer_keeps_every_word(browse, session: Session, form: Form, ticket: Ticket) -> None:
    agent = make_agent(session, form)
    browser = browse(agent)
    written = composer(browser.get(f"/tickets/{ticket.id}"))
    written["text"] = "Three pages about the till."
    set_right(session, form, agent, RightInput(actions=[]), by=None)
    session.commit()
    answer = written.submit(status=409)
    assert "Three pages about the till." in answer.text
    assert "do not include “Answer”" in answer.text


@pytest.fixture
def serial(session: Session, form: Form) -> str:
    """The control of a field of the form."""
    return f"field-{add_field(session, form, kind=FieldKind.TEXT, label='Serial number', by=None).code}"


def form_to(page, end: str):
    return next(each for each in page.forms.values() if each.action.endswith(end))


def test_who_loses_the_right_while_filling_in_fields_keeps_what_was_typed(
    browse, session: Session, form: Form, ticket: Ticket, serial: str
) -> None:
    agent = make_agent(session, form)
    filled = form_to(browse(agent).get(f"/tickets/{ticket.id}"), "/fields")
    filled[serial] = "SN 77-0413"
    set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    session.commit()
    answer = filled.submit(status=409)
    assert "do not include" in answer.html.find(id="edit-fields").text
    again = form_to(answer, "/fields")
    assert again[serial].value == "SN 77-0413"
    set_right(session, form, agent, RightInput(), by=None)
    session.commit()
    again.submit(status=303)
    session.expire_all()
    assert "SN 77-0413" in session.get_one(Ticket, ticket.id).values.values()


def test_who_loses_the_ticket_while_filling_in_fields_keeps_what_was_typed(
    browse, session: Session, form: Form, ticket: Ticket, serial: str
) -> None:
    agent = make_agent(session, form)
    filled = form_to(browse(agent).get(f"/tickets/{ticket.id}"), "/fields")
    filled[serial] = "SN 77-0413"
    remove_right(session, form, agent, by=None)
    session.commit()
    answer = filled.submit(status=409)
    kept = answer.forms["typed"]
    assert "no longer yours to see" in answer.text and "Serial number" in answer.text
    assert kept[serial].value == "SN 77-0413"
    set_form_agent(session, form, agent, by=None)
    session.commit()
    kept.submit(status=303)
    filled["shown"] = "rubbish"
    remove_right(session, form, agent, by=None)
    session.commit()
    assert "Serial number" not in filled.submit(status=404).text


def test_somebody_elses_value_comes_back_beside_what_was_typed(
    browse, session: Session, form: Form, ticket: Ticket, serial: str
) -> None:
    filled = form_to(browse(make_agent(session, form)).get(f"/tickets/{ticket.id}"), "/fields")
    filled[serial] = "SN 1"
    set_fields(session, ticket, {serial.removeprefix("field-"): "SN 2"}, by=make_agent(session, form))
    session.commit()
    answer = filled.submit(status=409)
    assert "Somebody changed Serial number" in answer.html.find(id="edit-fields").text
    assert form_to(answer, "/fields")[serial].value == "SN 1"


@pytest.mark.parametrize("lost", ["the right", "the ticket"])
def test_who_loses_it_while_filling_in_what_a_status_asks_for_keeps_what_was_typed(
    browse, session: Session, form: Form, ticket: Ticket, lost: str
) -> None:
    code = add_field(session, form, kind=FieldKind.TEXT, label="Serial number", required_from="done", by=None).code
    agent = make_agent(session, form)
    browser = browse(agent)
    token = composer(browser.get(f"/tickets/{ticket.id}"))["csrf_token"].value
    asked = browser.post(f"/tickets/{ticket.id}/status", {"csrf_token": token, "status": "done"}, status=422)
    filled = next(each for each in asked.forms.values() if f"field-{code}" in each.fields and "status" in each.fields)
    filled[f"field-{code}"] = "SN 77-0413"
    if lost == "the right":
        set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    else:
        remove_right(session, form, agent, by=None)
    session.commit()
    answer = filled.submit(status=409)
    kept = [each[f"field-{code}"].value for each in answer.forms.values() if f"field-{code}" in each.fields]
    assert "SN 77-0413" in kept


@pytest.mark.parametrize("lost", ["the right", "the ticket"])
def test_who_loses_it_while_forwarding_keeps_every_word(browse, session: Session, form: Form, ticket: Ticket, lost: str) -> None:
    agent = make_agent(session, form)
    message = ticket.messages[0].id
    written = form_to(browse(agent).get(f"/messages/{message}/forwardings/new"), "/forwardings")
    written["to"], written["comment"] = "expert@other.example", "Three pages about the till."
    if lost == "the right":
        set_right(session, form, agent, RightInput(actions=["reply"]), by=None)
    else:
        remove_right(session, form, agent, by=None)
    session.commit()
    answer = written.submit(status=409)
    assert ("do not include" if lost == "the right" else "no longer yours to see") in answer.text
    again = form_to(answer, "/forwardings")
    assert (again["to"].value, again["comment"].value) == ("expert@other.example", "Three pages about the till.")
    set_right(session, form, agent, RightInput(), by=None)
    session.commit()
    again.submit(status=303)
    written["shown"] = "rubbish"
    remove_right(session, form, agent, by=None)
    session.commit()
    written["once"] = "another"
    written.submit(status=404)


def test_the_proof_that_a_page_was_shown_is_somebodys_own(browse, session: Session, form: Form, ticket: Ticket) -> None:
    """Without a page of one's own a ticket that is not one's own answers as one that is not there."""
    theirs = composer(browse(make_agent(session, form)).get(f"/tickets/{ticket.id}"))["shown"].value
    stranger = browse(make_agent(session, make_form(session, name="Billing", slug="billing")))
    token = stranger.get("/tickets/new").forms[0]["csrf_token"].value
    for proof in (theirs, "", "rubbish"):
        answers = [
            stranger.post(f"/tickets/{number}/replies", {"text": "Hello", "shown": proof, "csrf_token": token}, status=404)
            for number in (ticket.id, 99999)
        ]
        assert "no longer yours" not in answers[0].text


def test_drafts_are_kept_for_who_may_write(browse, session: Session, form: Form, accountant: User, ticket: Ticket) -> None:
    from plugdesk_web.drafts import Draft

    browser = browse(accountant)
    token = composer(browser.get(f"/tickets/{ticket.id}"))["csrf_token"].value
    set_right(session, form, accountant, RightInput(statuses=["waiting"], actions=[]), by=None)
    session.commit()
    browser.post(f"/tickets/{ticket.id}/draft", {"mode": "note", "text": "Paid", "csrf_token": token}, status=403)
    assert session.scalars(sa.select(Draft)).all() == []


def test_who_may_open_no_tickets_is_offered_no_form(browse, session: Session, form: Form, accountant: User) -> None:
    assert "no form yet on which you may open tickets" in browse(accountant).get("/tickets/new").text


def test_rights_cost_a_page_at_most_one_query(browse, session: Session, form: Form, accountant: User, ticket: Ticket) -> None:
    from plugdesk.forms.models import Sees
    from tests.factories import make_group

    set_right(session, form, make_group(session, accountant), RightInput(sees=Sees.GROUP), by=None)
    ordinary = make_agent(session, form)
    session.commit()
    asked: dict[tuple[User, str], int] = {}
    for user in (ordinary, accountant):
        browser = browse(user)
        for path in ("/views/open", "/views/mine", f"/tickets/{ticket.id}", "/search?q=till", "/live/changes?since=0"):
            browser.get(path)
            statements: list[str] = []

            def note(*call, heard: list[str] = statements) -> None:
                heard.append(call[2])

            sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
            browser.get(path)
            sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)
            asked[user, path] = len(statements)
    for (user, path), number in asked.items():
        assert number <= asked[ordinary, path] + (user is accountant), (path, number)
        assert number <= 15, (path, number)
