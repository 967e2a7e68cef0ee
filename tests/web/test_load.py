"""What a supervisor sees of the load of others, and who sees nothing of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from plugdesk.forms.models import StatusKind
from plugdesk.tickets.commands import assign
from plugdesk.tickets.merging import merge_tickets
from plugdesk.users.load import load_for
from plugdesk_web.pressing import SHOWN
from tests.factories import make_agent, make_form, make_group, make_ticket


@pytest.fixture
def form(desk, session: Session):
    return make_form(session)


def test_a_supervisor_sees_who_has_how_much_and_since_when(browse, session: Session, form, clock) -> None:
    anna, ivan, stranger = (make_agent(session, form, name=name) for name in ("Anna", "Ivan", "Olga"))
    night = make_group(session, ivan, name="Night", supervisor=anna)
    first = make_ticket(session, form)
    clock.advance(hours=2)
    second, third, free = (make_ticket(session, form, first.customer) for _each in range(3))
    for ticket in (first, second, third):
        assign(session, ticket, None, assignee=ivan, group=night)
    assign(session, free, None, group=night)
    assign(session, make_ticket(session, form), None, assignee=stranger)
    session.flush()
    merge_tickets(session, third, second, anna)
    session.flush()
    seen = load_for(session, anna)
    load = seen.of_people[ivan.id]
    assert [user.name for user in seen.people] == ["Ivan"]
    assert (load.kinds, load.waits, seen.of_groups[night.id].all) == ({StatusKind.NEW: 2}, 2, 1)
    assert clock.now() - load.oldest == timedelta(hours=2)
    session.commit()
    browser = browse(anna)
    page = browser.get("/load")
    assert 'href="/load"' in browser.get("/views/open").text
    found = page.click("Ivan")
    assert {f"t{each.id}" for each in (first, second)} == {row["id"] for row in found.html.select("tr[data-row]")}


def test_who_answers_for_nobody_is_offered_and_shown_nothing(browse, session: Session, form) -> None:
    anna = make_agent(session, form)
    session.commit()
    browser = browse(anna)
    assert 'href="/load"' not in browser.get("/views/open").text
    browser.get("/load", status=403)


def test_a_form_admin_sees_the_agents_of_the_form_and_only_its_tickets(session: Session, form) -> None:
    other = make_form(session, name="Billing")
    admin, ivan = make_agent(session, form, is_admin=True), make_agent(session, form, other)
    for each in (form, other):
        assign(session, make_ticket(session, each), None, assignee=ivan)
    session.flush()
    seen = load_for(session, admin)
    assert {user.id for user in seen.people} == {admin.id, ivan.id} and seen.of_people[ivan.id].all == 1


def test_a_supervisor_sees_first_what_nobody_accepted_and_who_waits(browse, session: Session, form, clock) -> None:
    anna, ivan = make_agent(session, form, name="Anna", is_admin=True), make_agent(session, form, name="Ivan")
    make_group(session, ivan, name="Night", supervisor=anna)
    first = make_ticket(session, form, subject="The first")
    clock.advance(hours=2)
    make_ticket(session, form, first.customer, subject="The second")
    session.commit()
    page = browse(anna).get("/load")
    titles = [each.get_text() for each in page.html.select("main h2")]
    assert titles[:2] == ["Nobody has accepted them 2", "The customer waits for an answer 2"]
    rows = [row.th.get_text(" ", strip=True) for row in page.html.select("#pressing-1 tbody tr")]
    assert [row.partition(" ")[2] for row in rows] == ["The first", "The second"]
    assert "1 of 1 at work" in page.html.select_one("#groups").get_text()


def test_more_than_it_shows_is_a_click_away(browse, session: Session, form) -> None:
    anna = make_agent(session, form, is_admin=True)
    customer = make_ticket(session, form).customer
    for _each in range(SHOWN):
        make_ticket(session, form, customer)
    session.commit()
    page = browse(anna).get("/load")
    assert len(page.html.select("#pressing-1 tbody tr")) == SHOWN
    assert len(page.click("All 7", index=0).html.select("tr[data-row]")) == SHOWN + 1


def test_the_page_fetches_itself_again_when_something_changes(browse, session: Session, form) -> None:
    anna = make_agent(session, form, is_admin=True)
    session.commit()
    browser = browse(anna)
    shown = browser.get("/load").html.select_one("#load[data-behavior=refresh]")
    make_ticket(session, form, subject="Meanwhile")
    session.commit()
    changed = browser.get("/live/changes?since=1").json["changed"]
    assert changed[shown["data-refresh-on"]]
    again = browser.get(shown["hx-get"], headers={"HX-Request": "true"}).html
    assert again.select_one("body") is None and "Meanwhile" in again.select_one("#load #pressing-1").get_text()


def test_where_nothing_presses_it_is_said(browse, session: Session, form) -> None:
    anna = make_agent(session, form, is_admin=True)
    session.commit()
    assert "Nothing presses" in browse(anna).get("/load").text
