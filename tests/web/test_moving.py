"""The page that moves a ticket to another form: what it says beforehand, what it does, what it refuses."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.tickets.commands import set_fields
from plugdesk.tickets.models import Ticket
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_agent, make_form, make_ticket


@pytest.fixture
def forms(desk, session: Session):
    """Support asks for a room, Billing does not."""
    here, there = make_form(session, name="Support"), make_form(session, name="Billing")
    add_field(session, here, kind=FieldKind.TEXT, label="Room", by=None)
    return here, there


@pytest.fixture
def ticket(session: Session, forms, admin) -> Ticket:
    ticket = make_ticket(session, forms[0], subject="The till beeps")
    set_fields(session, ticket, {"room": "12"}, by=admin)
    session.commit()
    return ticket


def move_forms(page):
    return [each for each in page.forms.values() if each.action.endswith("/form")]


def test_it_says_what_stays_behind_and_moves_by_a_press(browse, session: Session, forms, ticket) -> None:
    agent = make_agent(session, *forms)
    session.commit()
    browser = browse(agent)
    page = browser.get(f"/tickets/{ticket.id}").click("Move to another form")
    section = page.html.find(id="to-billing").text
    assert "Room" in section and "12" in section and "Keep it in a note" in section and "New" in section
    (move,) = move_forms(page)
    answer = move.submit(status=303).follow()
    assert "is on “Billing” now" in answer.text and "Moved here from “Support”" in answer.text
    session.expire_all()
    assert ticket.form is forms[1]


def test_a_form_one_may_not_open_tickets_on_is_not_offered(browse, session: Session, forms, ticket) -> None:
    agent = make_agent(session, forms[0])
    set_right(session, forms[1], agent, RightInput(actions=["note"]), by=None)
    session.commit()
    page = browse(agent).get(f"/tickets/{ticket.id}/form")
    assert "There is no other form" in page.text and not move_forms(page)


def test_whoever_does_not_see_it_there_is_back_on_the_list(browse, session: Session, forms, ticket) -> None:
    agent = make_agent(session, forms[0])
    set_right(session, forms[1], agent, RightInput(statuses=["done"], actions=["open"]), by=None)
    session.commit()
    (move,) = move_forms(browse(agent).get(f"/tickets/{ticket.id}/form"))
    assert move.submit(status=303).location.endswith("/views/open")


def test_a_form_that_cannot_take_it_says_why_and_a_late_press_changes_nothing(
    browse, session: Session, admin, forms, ticket
) -> None:
    browser = browse(admin)
    (move,) = move_forms(browser.get(f"/tickets/{ticket.id}/form"))
    forms[1].archived_at = ticket.created_at
    session.commit()
    answer = move.submit(status=422)
    assert "is archived and takes no tickets" in answer.text
    session.expire_all()
    assert ticket.form is forms[0]


def test_a_value_goes_where_one_chooses_and_a_refused_choice_comes_back(browse, session: Session, admin, forms, ticket) -> None:
    here, there = forms
    add_field(session, here, kind=FieldKind.TEXT, label="Shelf", agent_only=True, by=None)
    for label in ("Place", "Corner"):
        add_field(session, there, kind=FieldKind.TEXT, label=label, by=None)
    set_fields(session, ticket, {"shelf": "B"}, by=admin)
    session.commit()
    browser = browse(admin)
    (move,) = move_forms(browser.get(f"/tickets/{ticket.id}/form"))
    assert [text for _code, _chosen, text in move["to-shelf"].options] == [
        "Keep it in a note", "Place (customers read it)", "Corner (customers read it)",
    ]  # fmt: skip
    move["to-room"] = move["to-shelf"] = "place"
    answer = move.submit(status=422)
    assert "Another value goes into the same field" in answer.text
    (move,) = move_forms(answer)
    assert (move["to-room"].value, move["to-shelf"].value) == ("place", "place")
    move["to-shelf"] = ""
    answer = move.submit(status=303).follow()
    assert "fields: Room → Place" in answer.text and "Shelf: B" in answer.text
    session.expire_all()
    assert ticket.values["place"] == "12"
