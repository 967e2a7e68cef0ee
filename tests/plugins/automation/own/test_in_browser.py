"""An automation made in a real browser, by somebody who is faster than the desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.database import Database
from plugdesk.sessions import sign_in
from plugdesk_automation.own.models import Automation
from tests.support.browser import PHONE, Pages, accessibility_problems, overflow

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
SLOW = "() => { const ask = fetch; window.fetch = (...asked) => new Promise((go) => setTimeout(go, 400)).then(() => ask(...asked)); }"


@pytest.fixture
def database(own_database: Database) -> Database:
    """The desk answers from several threads."""
    return own_database


@pytest.fixture
def page(app: Any, session: Any, admin: Any, ctx: Any, serve: Callable[[Any], str], pages: Pages) -> Any:
    """The page of a new automation, on an administrator's phone."""
    address = serve(app)
    cookie = {"name": "__Host-plugdesk", "value": sign_in(session, admin), "url": address.replace("http:", "https:")}
    session.commit()
    page = pages.open(cookies=[cookie], width=PHONE)
    page.goto(f"{address}/forms/support/x/automation/own/new")
    return page


def test_a_second_press_does_not_undo_the_first_and_all_is_saved(database, page):
    page.evaluate(SLOW)
    for kind in ("note", "webhook"):
        page.locator("select[name=do-kind]").select_option(kind)
        page.locator("button[name=do-do][value=add]").click()
    page.locator("[name=do-1-url]").fill("https://hooks.example/in")
    page.locator("[name=do-0-text]").fill("Seen")
    assert accessibility_problems(page) == [] and overflow(page) == 0
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.get_by_text("Saved.").wait_for()
    with database.read() as session:
        (row,) = session.scalars(sa.select(Automation))
        assert [each["kind"] for each in row.does] == ["note", "webhook"]
