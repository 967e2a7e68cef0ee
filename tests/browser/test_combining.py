"""Ivan merges a double, undoes it from the toast, splits a message off and sees the links, by clicks alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Desk
from tests.browser.test_agent_day import open_tickets
from tests.support.browser import PHONE, accessibility_problems, overflow
from tests.support.company import AGENT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]


def look(page: Page) -> None:
    assert (accessibility_problems(page), overflow(page)) == ([], 0)


def more(page: Page, what: str) -> None:
    page.get_by_role("button", name="More actions").click()
    page.locator("#more").get_by_text(what, exact=True).click()


def test_a_double_is_merged_undone_merged_again_and_split(desk: Desk) -> None:
    from playwright.sync_api import expect

    numbers = open_tickets(desk, "The till beeps", "Still beeping")
    ivan = desk.sign_in(AGENT, width=PHONE)
    ivan.goto(f"{desk.address}/tickets/{numbers[1]}")
    more(ivan, "Merge into…")
    look(ivan)
    ivan.get_by_label("Number or words of the other ticket").fill(str(numbers[0]))
    ivan.get_by_role("button", name="Find").click()
    ivan.get_by_role("link", name="See what happens").click()
    look(ivan)
    merge = ivan.get_by_role("button", name=f"Merge into ticket {numbers[0]}")
    merge.click()
    expect(ivan.locator("#thread .message")).to_have_count(2)
    ivan.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(ivan.locator("#toasts")).to_contain_text("stands on its own again")
    expect(ivan.locator("#thread .message")).to_have_count(1)

    ivan.goto(f"{desk.address}/tickets/{numbers[1]}/merging?into={numbers[0]}")
    merge.click()
    expect(ivan.locator("#thread")).to_contain_text(f"merged ticket {numbers[1]} into it")
    look(ivan)
    more(ivan, "Split…")
    ivan.locator("input[name=message]").last.check()
    look(ivan)
    ivan.get_by_role("button", name="Split them off").click()
    expect(ivan.locator("#panel-links")).to_contain_text("The till beeps")
    look(ivan)
