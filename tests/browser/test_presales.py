"""Marta builds, by clicks alone, how sales and engineers answer together; a customer, an engineer and a supervisor get their letters."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Desk
from tests.browser.test_workflow import WORKFLOW, look, marta, press, redrawn
from tests.support.browser import DESK
from tests.support.company import ADMIN, AGENT, OUTSIDER, letter, post
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["marta"]
pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
ANN = "ann@example.com"


def letters_about(desk: Desk, address: str, words: str) -> list[EmailMessage]:
    """What has left for this address and says `words`."""
    return [each for each in desk.company.letters(address) if words in each.get_body(("plain",)).get_content()]


def was_told(desk: Desk, address: str, words: str) -> bool:
    return letters_about(desk, address, words) != []


def arrange_people(page: Page, address: str) -> None:
    """The engineers are a group, Olga is one of them, Marta supervises; both may work on Support."""
    page.goto(f"{address}/groups/new")
    page.get_by_label("Name").fill("Engineers")
    page.get_by_label("Supervisor").select_option(label="Marta Grünwald")
    page.get_by_role("checkbox", name="Olga Orlova").check()
    press(page, "Add")
    page.goto(f"{address}/forms/support/agents")
    page.locator("[name=who]").select_option(label="Olga Orlova")
    press(page, "Add")
    press(page, "Save")
    page.get_by_text("Saved.").wait_for()


def add_status(page: Page, address: str) -> None:
    page.goto(f"{address}/forms/support/statuses")
    page.get_by_role("link", name="Add a status").click()
    editor = page.locator("#status-new")
    editor.locator("[name=name]").fill("With the engineers")
    editor.locator("[name=kind]").select_option(value="open")
    press(page, "Add the status")
    page.get_by_text("With the engineers").first.wait_for()


def ask_for_a_text(page: Page, label: str) -> None:
    from playwright.sync_api import expect

    redrawn(page, "Ask for something", "asks")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("What is asked for, line 1").select_option(label="A text, formatted")
    called = page.get_by_label("What it is called, line 1")
    expect(called).to_be_visible()
    called.fill(label)
    page.get_by_label("must be given").check()


def write_letter(page: Page, number: int, to: str, text: str, subject: str = "") -> None:
    redrawn(page, "Letter", "letters")
    row = page.locator(f"#f-letters-{number - 1}")
    row.get_by_label(to, exact=True).check()
    if subject:
        row.get_by_label("Subject").fill(subject)
    row.get_by_label("Text", exact=True).fill(text)


def build_the_way_there(page: Page, address: str) -> None:
    page.goto(address + WORKFLOW)
    page.get_by_role("link", name="Add an action", exact=True).first.click()
    page.get_by_label("Name of the action").fill("To the engineers")
    for status in ("New", "In progress"):
        page.locator("#f-statuses").get_by_label(status, exact=True).check()
    ask_for_a_text(page, "What sales would like to know")
    page.get_by_label("New status").select_option(label="With the engineers")
    page.locator("#f-assignment").select_option(
        value=page.locator("#f-assignment option[value^='group:']").get_attribute("value")
    )
    write_letter(page, 1, "the customer", "Dear ${customer:first_name}, our engineers look into it.")
    write_letter(page, 2, "the group", "Sales ask:\n\n${action:text}\n\n${action:link}", "Question ${ticket:number}")
    write_letter(page, 3, "the group's supervisor", "Handed to the engineers: ${ticket:subject}")
    look(page)
    press(page, "Save")
    page.get_by_role("link", name="To the engineers").first.wait_for()


def build_the_way_back(page: Page, address: str) -> None:
    """Begun in the drawing, by a drag from one status to the other."""
    look(page)
    page.locator("[data-status=with_the_engineers] .flow-port").drag_to(page.locator("[data-status=done]"))
    page.wait_for_url("**/actions/new?in=with_the_engineers&to=done")
    page.get_by_label("Name of the action").fill("Answer of the engineer")
    ask_for_a_text(page, "Answer")
    write_letter(page, 1, "the customer", "Dear ${customer:first_name},\n\n${action:text}")
    write_letter(page, 2, "the group's supervisor", "Answered:\n\n${action:text}")
    press(page, "Save")
    page.get_by_role("link", name="Answer of the engineer").first.wait_for()
    assert page.locator(".flow [data-way] .flow-way").count() == 3
    look(page)


def run(page: Page, action: str, text: str) -> None:
    page.get_by_role("link", name=action).click()
    sheet = page.get_by_role("dialog")
    sheet.locator("textarea").focus()
    sheet.locator(".edit[role=textbox]").click()
    page.keyboard.type(text)
    sheet.get_by_role("button", name=action).click()
    page.get_by_text(f"Done: {action}.").wait_for()


def test_sales_and_engineers_answer_together_and_everybody_is_told(desk: Desk, marta: Page) -> None:
    """Journey 4 of the forms issue."""
    arrange_people(marta, desk.address)
    add_status(marta, desk.address)
    build_the_way_there(marta, desk.address)
    build_the_way_back(marta, desk.address)

    post(desk.company.mail, letter(f"Ann Smith <{ANN}>", "Your tills", "Can they print in two colours?"))
    ivan = desk.sign_in(AGENT, width=DESK)
    until(lambda: _listed(ivan, desk))
    ivan.get_by_role("link", name="Your tills").first.click()
    run(ivan, "To the engineers", "Is red possible?")
    until(lambda: was_told(desk, ANN, "Dear Ann, our engineers look into it."))
    until(lambda: was_told(desk, OUTSIDER, "Is red possible?"))
    (question,) = letters_about(desk, OUTSIDER, "Is red possible?")
    assert str(question["Subject"]).startswith("Question ") and "/tickets/" in question.as_string()
    until(lambda: was_told(desk, ADMIN, "Handed to the engineers: Your tills"))

    olga = desk.sign_in(OUTSIDER, width=DESK)
    olga.goto(f"{desk.address}/views/groups")
    olga.get_by_role("link", name="Your tills").first.click()
    assert olga.get_by_role("link", name="To the engineers").count() == 0
    run(olga, "Answer of the engineer", "Red and black, yes.")
    until(lambda: was_told(desk, ANN, "Red and black, yes."))
    until(lambda: was_told(desk, ADMIN, "Red and black, yes."))


def _listed(page: Page, desk: Desk) -> bool:
    page.goto(f"{desk.address}/views/open")
    return page.get_by_role("link", name="Your tills").count() > 0
