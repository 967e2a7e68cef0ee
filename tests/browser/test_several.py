"""Ivan selects tickets by keyboard and mouse, gives them to himself, and is told of the one a colleague has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Desk
from tests.browser.test_agent_day import open_tickets
from tests.support.browser import accessibility_problems, overflow
from tests.support.company import ADMIN, AGENT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]


def look(page: Page) -> None:
    assert (accessibility_problems(page), overflow(page)) == ([], 0)


def test_several_are_selected_and_each_is_asked_by_itself(desk: Desk) -> None:
    from playwright.sync_api import expect

    numbers = open_tickets(desk, "The till beeps", "No paper", "Where is my parcel", "An invoice")
    ivan = desk.sign_in(AGENT)
    ivan.goto(f"{desk.address}/views/open")
    ivan.wait_for_selector("html[data-started]")
    expect(ivan.locator("[data-bulk]")).to_be_hidden()
    ivan.keyboard.press("j")
    ivan.keyboard.press("x")
    expect(ivan.locator("[data-count]")).to_have_text("1")
    ivan.locator("[data-select]").nth(2).click(modifiers=["Shift"])
    expect(ivan.locator("[data-count]")).to_have_text("3")
    look(ivan)

    marta = desk.sign_in(ADMIN)
    taken = ivan.locator("[data-row]").nth(1).locator(".num").inner_text()
    marta.goto(f"{desk.address}/tickets/{taken}")
    marta.get_by_role("button", name="Accept").click()
    expect(ivan.locator(f"#t{taken}")).to_contain_text("Marta Grünwald")  # the list has fetched itself again
    expect(ivan.locator("[data-count]")).to_have_text("3")

    ivan.get_by_role("button", name="Status…").click()
    expect(ivan.locator("#bulk-sheet")).to_contain_text("3 tickets are selected.")
    look(ivan)
    ivan.locator("#bulk-sheet [data-close]").click()
    ivan.get_by_role("button", name="Accept").click()
    expect(ivan.get_by_text("Done to 2 tickets.")).to_be_visible()
    expect(ivan.locator("tbody tr")).to_have_count(1)
    expect(ivan.locator("tbody tr")).to_contain_text("Marta Grünwald has already accepted this ticket.")
    look(ivan)
    ivan.locator("main").get_by_role("link", name="Back to the list").last.click()
    ivan.goto(f"{desk.address}/views/mine")
    expect(ivan.locator("[data-row]")).to_have_count(2)
    assert len(numbers) == 4
