"""What a supervisor sees of the load of others, and who sees nothing of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from plugdesk.forms.models import StatusKind
from plugdesk.tickets.commands import assign
from plugdesk.tickets.merging import merge_tickets
from plugdesk.users.load import load_for
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
