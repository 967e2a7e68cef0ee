"""Agents, their rights, their groups: what administrators see and do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.forms.models import Form
from plugdesk.permissions import can_configure, can_work_on, forget_rights
from plugdesk.users.commands import change_user
from plugdesk.users.models import Group, User
from tests.factories import make_agent, make_form, make_group, make_ticket

Browse = Callable[[User], TestApp]


@pytest.fixture
def form(admin: User, session: Session) -> Form:
    form = make_form(session, name="Support")
    session.commit()
    return form


@pytest.fixture
def browser(admin: User, browse: Browse) -> TestApp:
    return browse(admin)


def form_at(page, path: str):
    return next(form for form in page.forms.values() if form.action == path)


def user_named(session: Session, name: str) -> User:
    session.expire_all()
    forget_rights(session)
    return session.scalars(sa.select(User).where(User.name == name)).one()


def test_somebody_is_added_with_rights_and_a_start_password_that_works(
    browser: TestApp, visitor, form: Form, session: Session
) -> None:
    page = form_at(browser.get("/people/new"), "/people")
    page["name"], page["email"], page[f"form-{form.id}"] = "Irina", "irina@desk.example", "agent"
    added = page.submit(status=200)
    password = added.html.find("code", class_="mono").text
    irina = user_named(session, "Irina")
    assert can_work_on(session, irina, form.id)
    assert not can_configure(session, irina, form)
    assert password not in browser.get(f"/people/{irina.id}").text
    sign_in = visitor().get("/sign-in").form
    sign_in["email"], sign_in["password"] = "irina@desk.example", password
    sign_in.submit(status=303)


def test_an_address_twice_is_refused_and_what_was_typed_stays(browser: TestApp, form: Form, admin: User) -> None:
    page = form_at(browser.get("/people/new"), "/people")
    page["name"], page["email"], page[f"form-{form.id}"] = "Irina", "marta@desk.example", "admin"
    again = form_at(page.submit(status=422), "/people")
    assert again["name"].value == "Irina"
    assert again[f"form-{form.id}"].value == "admin"


def test_rights_are_given_and_taken(browser: TestApp, form: Form, session: Session) -> None:
    anna = make_agent(session, form, name="Anna")
    session.commit()
    page = form_at(browser.get(f"/people/{anna.id}"), f"/people/{anna.id}")
    page[f"form-{form.id}"], page["can_delete"] = "admin", True
    page.submit(status=303)
    assert can_configure(session, user_named(session, "Anna"), form)
    page = form_at(browser.get(f"/people/{anna.id}"), f"/people/{anna.id}")
    page[f"form-{form.id}"] = ""
    page.submit(status=303)
    assert not can_work_on(session, user_named(session, "Anna"), form.id)


def test_of_two_admins_the_slower_one_sees_what_the_other_wrote(browser: TestApp, session: Session) -> None:
    anna = make_agent(session, name="Anna")
    session.commit()
    page = form_at(browser.get(f"/people/{anna.id}"), f"/people/{anna.id}")
    change_user(session, anna, {"name": "Anna Berg"}, by=None)
    session.commit()
    page["name"] = "Anna Stein"
    refused = page.submit(status=409)
    assert "Anna Berg" in refused.text
    assert form_at(refused, f"/people/{anna.id}")["name"].value == "Anna Stein"


def test_whoever_is_deactivated_is_out_at_once_and_can_come_back(browser: TestApp, browse: Browse, session: Session) -> None:
    anna = make_agent(session, name="Anna")
    session.commit()
    annas = browse(anna)
    form_at(browser.get(f"/people/{anna.id}/deactivation"), f"/people/{anna.id}/deactivation").submit(status=303)
    annas.get("/account", status=303)
    form_at(browser.get(f"/people/{anna.id}"), f"/people/{anna.id}/activation").submit(status=303)
    assert user_named(session, "Anna").active


def test_sessions_of_one_and_of_all_are_ended(browser: TestApp, browse: Browse, session: Session) -> None:
    anna = make_agent(session, name="Anna")
    session.commit()
    first = browse(anna)
    form_at(browser.get(f"/people/{anna.id}"), f"/people/{anna.id}/sessions/ending").submit(status=303)
    first.get("/account", status=303)
    second = browse(anna)
    form_at(browser.get("/people"), "/people/sessions/ending").submit(status=303)
    second.get("/account", status=303)
    browser.get("/people", status=200)


def test_to_agents_these_pages_do_not_exist(browse: Browse, form: Form, session: Session) -> None:
    anna = make_agent(session, form, name="Anna", is_admin=True)
    session.commit()
    browser = browse(anna)
    for path in ("/people", "/people/new", f"/people/{anna.id}", "/groups/new", "/system", "/journal"):
        browser.get(path, status=404)


def test_a_group_is_made_changed_and_deleted_with_its_tickets_moved(browser: TestApp, form: Form, session: Session) -> None:
    anna, boris = make_agent(session, form, name="Anna"), make_agent(session, form, name="Boris")
    session.commit()
    page = form_at(browser.get("/groups/new"), "/groups")
    page["name"], page["supervisor"] = "Engineers", str(anna.id)
    next(box for box in page.fields["members"] if box._value == str(boris.id)).checked = True
    page.submit(status=303)
    group = session.scalars(sa.select(Group)).one()
    assert ([each.name for each in group.members], group.supervisor.name) == (["Boris"], "Anna")
    ticket, heirs = make_ticket(session, form), make_group(session, name="Office")
    ticket.group_id = group.id
    session.commit()
    page = form_at(browser.get(f"/groups/{group.id}"), f"/groups/{group.id}/deletion")
    page["move_to"] = str(heirs.id)
    assert "Tickets moved: 1" in page.submit(status=303).follow().text


def test_a_group_that_somebody_changed_meanwhile_is_not_overwritten(browser: TestApp, session: Session) -> None:
    anna, group = make_agent(session, name="Anna"), make_group(session, name="Engineers")
    session.commit()
    page = form_at(browser.get(f"/groups/{group.id}"), f"/groups/{group.id}")
    from plugdesk.users.commands import set_members

    set_members(session, group, [anna], by=None)
    session.commit()
    page["name"] = "Technicians"
    refused = page.submit(status=409)
    assert "Anna" in refused.text
    assert form_at(refused, f"/groups/{group.id}")["name"].value == "Technicians"


def test_the_list_is_searched_and_narrowed(browser: TestApp, session: Session) -> None:
    make_agent(session, name="Anna Berg")
    make_agent(session, name="Boris")
    session.commit()
    page = browser.get("/people?q=berg")
    assert "Anna Berg" in page.text
    assert "Boris" not in page.html.find(id="people").text
    assert "Nobody" in browser.get("/people?state=inactive").text
