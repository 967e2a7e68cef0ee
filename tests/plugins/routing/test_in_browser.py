"""A rule made, rehearsed, saved and put in order in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.database import Database
from plugdesk.sessions import sign_in
from plugdesk_routing.models import Rule
from tests.factories import make_ticket
from tests.support.browser import PHONE, Pages, accessibility_problems, overflow

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
RULES = "/forms/support/x/routing/"


@pytest.fixture
def database(own_database: Database) -> Database:
    """The desk answers from several threads."""
    return own_database


@pytest.fixture
def visit(app: Any, session: Any, admin: Any, routing: Any, serve: Callable[[Any], str], pages: Pages) -> Callable[..., Any]:
    """`visit("rules/new", width=360)` is a page of the rules, in the window of an administrator."""
    address = serve(app)
    token = sign_in(session, admin)
    session.commit()

    def visit(path: str = "", **window: Any) -> Any:
        cookie = {"name": "__Host-plugdesk", "value": token, "url": address.replace("http:", "https:")}
        page = pages.open(cookies=[cookie], **window)
        page.goto(address + RULES + path)
        return page

    return visit


def redrawn(page, act):
    """Do something in the editor of conditions and wait until it is drawn anew: what is typed before that would be lost."""
    from playwright.sync_api import expect

    with page.expect_response(lambda answer: answer.request.method == "POST"):
        act()
    expect(page.locator("#when")).not_to_have_attribute("aria-busy", "true")


def names(database):
    with database.read() as session:
        return session.scalars(sa.select(Rule.name).order_by(Rule.position)).all()


def test_a_rule_is_made_rehearsed_and_saved(database, session, form, commerce, visit):
    make_ticket(session, form, text="Where is my invoice?")
    make_ticket(session, form, text="It beeps.")
    session.commit()
    page = visit("rules/new")
    page.get_by_label("Name of the rule").fill("Money")
    redrawn(page, lambda: page.get_by_role("button", name="Condition").click())
    redrawn(page, lambda: page.get_by_label("What is compared").select_option(label="Subject or first message"))
    redrawn(page, lambda: page.get_by_label("Comparison").select_option(label="contains"))
    page.get_by_label("What “Subject or first message” is compared with").fill("invoice")
    page.get_by_label("Assign to the group").select_option(label="Commercial department")
    page.get_by_role("button", name="Rehearse").click()
    page.get_by_text("1 of 2 tickets would go elsewhere.").wait_for()
    assert names(database) == []
    page.get_by_role("button", name="Save the rule").click()
    page.get_by_role("link", name="Money").wait_for()
    assert names(database) == ["Money"]


def test_rules_are_put_in_order_by_keys(database, session, form, programmers, rule, visit):
    for name in ("one", "two"):
        rule(name=name, group_id=programmers.id)
    session.commit()
    page = visit()
    with page.expect_response(lambda answer: answer.url.endswith("/order")):
        page.get_by_role("button", name="Move “two”, with").press("Alt+ArrowUp")
    assert names(database) == ["two", "one"]


@pytest.mark.parametrize("width", [PHONE, 1440])
@pytest.mark.parametrize("path", ["", "rules/{rule}", "why?ticket={ticket}"], ids=["rules", "a rule", "why"])
def test_its_pages_fit_and_are_for_everybody(session, form, programmers, rule, visit, path, width):
    made = rule([{"fact": "ticket.words", "contains": "beeps"}, {"fact": "opened.working", "is": True}], group_id=programmers.id)
    ticket = make_ticket(session, form)
    session.commit()
    page = visit(path.format(rule=made.id, ticket=ticket.number), width=width, scheme="dark" if width == PHONE else "light")
    assert accessibility_problems(page) == []
    assert not overflow(page)
