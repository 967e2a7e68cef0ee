"""Marta makes a tag; Ivan finds it by a few letters, puts it on, and the list shows it without reloading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Desk
from tests.browser.test_agent_day import open_tickets
from tests.support.browser import PHONE, accessibility_problems, overflow
from tests.support.company import ADMIN, AGENT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]


def look(page: Page) -> None:
    assert (accessibility_problems(page), overflow(page)) == ([], 0)


def test_a_tag_is_made_put_on_a_ticket_and_seen_in_the_list(desk: Desk) -> None:
    from playwright.sync_api import expect

    (number,) = open_tickets(desk, "The till beeps")
    marta = desk.sign_in(ADMIN, width=PHONE)
    marta.goto(f"{desk.address}/tags")
    look(marta)
    marta.get_by_role("link", name="Add the first").click()
    marta.locator("[name=name]").fill("Recall of the printers")
    marta.locator("[name=tone]").select_option("red")
    marta.get_by_role("button", name="Add the tag").click()
    expect(marta.locator(".tag")).to_have_text("Recall of the printers")
    look(marta)
    marta.goto(f"{desk.address}/views/open")

    ivan = desk.sign_in(AGENT)
    ivan.goto(f"{desk.address}/tickets/{number}")
    box = ivan.get_by_label("Put on a tag")
    box.press_sequentially("print")
    expect(ivan.locator("#tag-name-found option")).to_have_attribute("value", "Recall of the printers")
    box.fill("recall of the printers")
    ivan.get_by_role("button", name="Put on", exact=True).click()
    expect(ivan.locator("#ticket-head .tag")).to_have_text("Recall of the printers")
    expect(ivan.locator("#thread")).to_contain_text("put on the tag Recall of the printers")
    look(ivan)
    expect(marta.locator("#tickets .tag")).to_have_text("Recall of the printers")
    look(marta)
    ivan.get_by_role("button", name="Take the tag “Recall of the printers” off").click()
    expect(ivan.locator("#ticket-head .tag")).to_have_count(0)
