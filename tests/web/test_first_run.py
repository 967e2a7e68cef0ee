"""The first run: every page leads to it, until there is an administrator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.forms.models import Desk
from plugdesk.users.models import Role, User
from tests.factories import PASSWORD

Visitor = Callable[[], TestApp]


def set_up(browser: TestApp, status: int = 303, **changed: str):
    form = browser.get("/set-up").form
    given = {"desk": "Tillwise", "name": "Marta", "email": "marta@own.example", "password": PASSWORD, "language": "en", **changed}
    for name, value in given.items():
        form[name] = value
    return form.submit(status=status)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/tickets/1", "/account", "/nowhere", "/views/open"])
def test_before_the_set_up_every_page_leads_there(visitor: Visitor, path: str) -> None:
    assert visitor().get(path, status=303).location == "/set-up"


def test_it_makes_the_desk_and_its_administrator_and_signs_them_in(visitor: Visitor, session: Session) -> None:
    browser = visitor()
    assert set_up(browser).location == "/first-steps"
    browser.get("/first-steps", status=200)
    assert session.scalar(sa.select(Desk.name)) == "Tillwise"
    assert session.scalars(sa.select(User.role)).all() == [Role.ADMIN]


def test_afterwards_the_address_is_gone_for_everybody(visitor: Visitor) -> None:
    browser = visitor()
    form = visitor().get("/set-up").form
    set_up(browser)
    browser.get("/set-up", status=404)
    browser.post("/set-up", {"csrf_token": form["csrf_token"].value}, status=403)
    visitor().get("/set-up", status=404)


def test_whoever_is_second_makes_no_second_administrator(visitor: Visitor, session: Session) -> None:
    slow = visitor()
    form = slow.get("/set-up").form
    set_up(visitor())
    form["desk"], form["name"], form["email"], form["password"] = "Theirs", "Mallory", "mallory@own.example", PASSWORD
    form.submit(status=404)
    assert session.scalars(sa.select(User.name)).all() == ["Marta"]


def test_what_was_typed_stays_and_each_mistake_is_named(visitor: Visitor) -> None:
    page = set_up(visitor(), status=422, desk="Tillwise", password="short one")
    assert "At least 12 characters." in page.text
    assert page.form["desk"].value == "Tillwise"
    assert page.form["email"].value == "marta@own.example"
    assert page.form["password"].value == ""


def test_the_steps_lead_from_the_form_to_an_answered_request(visitor: Visitor) -> None:
    browser = visitor()
    page = set_up(browser).follow()
    assert "Take “Support desk”" in page.text
    page = page.form.submit().follow()
    assert "Connect a mailbox" in page.text
    page = browser.get("/first-steps?step=test").form.submit().follow()
    assert "Open ticket" in page.text


def test_the_mailbox_must_not_be_the_address_one_signs_in_with(visitor: Visitor) -> None:
    browser = visitor()
    set_up(browser).follow().form.submit()
    page = browser.get("/first-steps?step=mailbox")
    page.form["address"] = "Marta@own.example"
    refused = page.form.submit(status=422)
    assert "is the address you sign in with" in refused.text
    assert refused.form["address"].value == "Marta@own.example"


def test_pressing_twice_makes_one_form(visitor: Visitor) -> None:
    browser = visitor()
    form = set_up(browser).follow().form
    form.submit()
    form.submit()
    assert browser.get("/forms").text.count('data-form="') == 1
