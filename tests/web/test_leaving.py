"""An agent is switched off: what names them is listed first, and none of it is left without anybody."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from plugdesk.clock import MovableClock
from plugdesk.errors import NotAllowed
from plugdesk.forms.commands import add_field, set_responsible
from plugdesk.forms.models import Form, StatusKind
from plugdesk.tickets.bin import delete_ticket
from plugdesk.tickets.commands import assign, become
from plugdesk.tickets.counts import view_counts
from plugdesk.tickets.models import Ticket
from plugdesk.users.commands import deactivate_user
from plugdesk.users.leaving import places_of
from plugdesk.users.models import User
from plugdesk.users.shifts import add_absence, presence_of, set_shifts
from tests.factories import make_admin, make_agent, make_form, make_group, make_ticket


@pytest.fixture
def form(desk, session: Session) -> Form:
    return make_form(session)


@pytest.fixture
def ivan(form: Form, session: Session) -> User:
    return make_agent(session, form, name="Ivan")


def given_to(session: Session, form: Form, ivan: User, group=None) -> Ticket:
    ticket = make_ticket(session, form)
    assign(session, ticket, None, assignee=ivan, group=group)
    session.flush()
    return ticket


def test_tickets_go_to_their_group_and_those_of_none_where_it_is_said(form: Form, ivan: User, session: Session) -> None:
    olga = make_agent(session, form)
    own, heirs, answering = (make_group(session, olga, name=name) for name in ("Own", "Heirs", "Answering"))
    done = given_to(session, form, ivan)
    become(session, done, StatusKind.RESOLVED, by=None)
    tickets = [given_to(session, form, ivan, own), given_to(session, form, ivan)]
    binned = given_to(session, form, ivan)
    delete_ticket(session, binned, make_admin(session))
    assert places_of(session, ivan).tickets == {"Own": 1, None: 1}
    deactivate_user(session, ivan, by=None, tickets_to=heirs)
    session.flush()
    assert [(each.assignee_id, each.group_id) for each in (*tickets, binned, done)] == [
        (None, own.id), (None, heirs.id), (None, heirs.id), (ivan.id, None),
    ]  # fmt: skip
    assert view_counts(session, olga)["mine"] == 2
    ivan.active = True
    tickets = [given_to(session, form, ivan)]
    set_responsible(session, form, group=answering, by=None)
    deactivate_user(session, ivan, by=None)
    assert tickets[0].group is answering


def test_the_places_that_name_somebody_are_listed_before_it_is_done(
    browse, admin: User, form: Form, ivan: User, session: Session, clock: MovableClock
) -> None:
    olga, today = make_agent(session, form, name="Olga"), clock.now().date().isoformat()
    set_responsible(session, form, user=ivan, by=None)
    group = make_group(session, ivan, name="Technicians", supervisor=ivan)
    add_absence(session, olga, first_day=today, last_day="", substitute=ivan, by=None)
    set_shifts(session, ivan, ["9-18"] + [""] * 6, by=None)
    add_field(session, form, kind="person", label="Expert", default=str(ivan.id), by=None)
    ticket = given_to(session, form, ivan, group)
    session.commit()
    browser = browse(admin)
    assert f"/people/{ivan.id}/deactivation" in browser.get(f"/people/{ivan.id}").text
    page = browser.get(f"/people/{ivan.id}/deactivation")
    for words in (
        "Open tickets of the group Technicians", "Responsible for", "Supervisor of", "Member of", "Stands in for", "Olga",
        "nobody takes them over", "Expert",
    ):  # fmt: skip
        assert words in page.text, words
    assert session.get_one(User, ivan.id).active
    next(each for each in page.forms.values() if each.action.endswith("/deactivation")).submit(status=303)
    session.expire_all()
    assert not ivan.active
    assert (ticket.assignee_id, ticket.group_id) == (None, group.id)
    assert (form.responsible_user_id, group.supervisor_id) == (None, None)
    assert presence_of(session, [olga])[olga.id].substitute is None


def test_tickets_of_no_group_are_asked_for_and_a_page_that_is_too_old_changes_nothing(
    browse, admin: User, form: Form, ivan: User, session: Session
) -> None:
    ticket, heirs = given_to(session, form, ivan), make_group(session, name="Heirs")
    session.commit()
    browser = browse(admin)
    page, older = (
        next(
            each
            for each in browser.get(f"/people/{ivan.id}/deactivation").forms.values()
            if each.action.endswith("/deactivation")
        )
        for _each in range(2)
    )
    page["group"] = str(heirs.id)
    page.submit(status=303)
    older.submit(status=409)
    session.expire_all()
    assert ticket.group_id == heirs.id


def test_only_administrators_switch_somebody_off(form: Form, ivan: User, session: Session) -> None:
    with pytest.raises(NotAllowed):
        deactivate_user(session, ivan, by=make_agent(session, form, is_admin=True))
