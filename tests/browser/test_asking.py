"""Ivan asks Marta from the composer; her answer goes into his reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Desk
from tests.browser.test_agent_day import open_tickets, write, written
from tests.support.browser import PHONE, accessibility_problems, overflow
from tests.support.company import ADMIN, AGENT
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]


def look(page: Page) -> None:
    assert (accessibility_problems(page), overflow(page)) == ([], 0)


def test_a_colleague_is_asked_answers_and_is_quoted(desk: Desk) -> None:
    from playwright.sync_api import expect

    (number,) = open_tickets(desk, "The till beeps")
    ivan = desk.sign_in(AGENT)
    ivan.goto(f"{desk.address}/tickets/{number}")
    ivan.locator("#composer").get_by_text("Ask a colleague").click()
    whom = ivan.get_by_label("Whom", exact=True)
    expect(whom).to_be_visible()
    look(ivan)
    whom.select_option(label="Marta Grünwald")
    ivan.get_by_text("Take messages along").click()
    ivan.locator("input[name=copy]").first.check()
    write(ivan, "What does it mean?")
    ivan.get_by_role("button", name="Ask", exact=True).click()
    asked = ivan.locator("[data-from=ask]")
    expect(asked).to_contain_text("What does it mean?")
    look(ivan)

    marta = desk.sign_in(ADMIN, width=PHONE)
    marta.goto(f"{desk.address}/views/asked")
    marta.get_by_text("The till beeps").first.click()
    expect(marta.locator("#ticket-head")).to_contain_text("Asked about")
    look(marta)
    write(marta, "The cover is open.")
    marta.get_by_role("button", name="Send the answer", exact=True).click()
    until(lambda: "The cover is open." in written(desk))

    expect(asked).to_contain_text("The cover is open.")
    ivan.get_by_role("button", name="Quote into the reply").click()
    expect(ivan.locator("#composer .edit[role=textbox]")).to_contain_text("The cover is open.")
