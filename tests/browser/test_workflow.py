"""Marta builds actions by clicks alone; Ivan runs them, and Olga, who keeps the books, has one button."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.tickets.models import Message, Ticket
from tests.browser.conftest import Desk
from tests.factories import make_customer, make_ticket
from tests.support.browser import DESK, PHONE, accessibility_problems, overflow
from tests.support.company import ADMIN, AGENT, OUTSIDER
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
WORKFLOW = "/forms/support/x/workflow/"


@pytest.fixture
def marta(desk: Desk) -> Page:
    """Marta's window, in which she has switched Workflow on for Support."""
    page = desk.sign_in(ADMIN, width=DESK)
    page.goto(f"{desk.address}/extensions/workflow/forms/support")
    press(page, "Switch on for Support")
    until(lambda: "workflow" in extensions_of(desk))
    return page


def extensions_of(desk: Desk) -> list[str]:
    with desk.company.runtime.database.read() as session:
        return list(session.scalars(sa.select(Form).where(Form.slug == "support")).one().extensions)


def tickets(desk: Desk, *subjects: str) -> list[int]:
    """Tickets of Ann on Support."""
    with desk.company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        ann = make_customer(session, email="ann@example.com", name="Ann Smith")
        made = [make_ticket(session, form, ann, subject=subject, channel="web") for subject in subjects]
        session.flush()  # their numbers
        return [ticket.number for ticket in made]


def standing(desk: Desk, number: int) -> tuple[str, str]:
    """The ticket's status and the last thing that was said on it."""
    with desk.company.runtime.database.read() as session:
        ticket = session.get_one(Ticket, number)
        said = session.scalars(sa.select(Message.text).where(Message.ticket_id == number).order_by(Message.id.desc())).first()
        return ticket.form.status_by_id(ticket.status_id).code, said or ""


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def redrawn(page: Page, act: str, rows: str) -> None:
    """Press a button of the rows and wait until they are drawn anew."""
    from playwright.sync_api import expect

    with page.expect_response(lambda answer: answer.request.method == "POST"):
        press(page, act)
    expect(page.locator(f"#{rows}")).not_to_have_attribute("aria-busy", "true")


def saved(page: Page) -> None:
    press(page, "Save")
    page.get_by_text("Saved.").wait_for()


def build_payment(page: Page, address: str) -> None:
    """A status for what is not paid yet, the action that leads there, and the one that the money does."""
    page.goto(f"{address}/forms/support/statuses")
    page.get_by_role("link", name="Add a status").click()
    editor = page.locator("#status-new")
    editor.locator("[name=name]").fill("Waiting for payment")
    editor.locator("[name=kind]").select_option("pending")
    press(page, "Add the status")
    page.get_by_text("The status Waiting for payment is there.").wait_for()
    for name, offered_in, leads_to in (
        ("Send the bill", "New", "Waiting for payment"), ("Payment received", "Waiting for payment", "Done"), ("Forget it", "Waiting for payment", "Closed"),
    ):  # fmt: skip
        page.goto(f"{address}{WORKFLOW}actions/new")
        page.get_by_label("Name of the action").fill(name)
        page.locator("#f-statuses").get_by_label(offered_in, exact=True).check()
        page.get_by_label("New status").select_option(label=leads_to)
        if name == "Payment received":
            page.get_by_label("When it closes the ticket, send no closing notice").check()
            redrawn(page, "Letter", "letters")
            page.locator("#letters").get_by_label("the customer", exact=True).check()
            page.locator("#letters").get_by_label("Text").fill("Dear ${customer:name},\n\nthank you.")
        saved(page)


def open_by_hand(page: Page, address: str, subject: str) -> int:
    """A ticket that somebody at the telephone opens; returns its number."""
    page.goto(f"{address}/tickets/new?form=support")
    for name, text in {"customer": "ann@example.com", "name": "Ann Smith", "subject": subject, "text": "It beeps."}.items():
        page.locator(f"main [name={name}]").fill(text)
    press(page, "Open the ticket")
    page.wait_for_url(re.compile(r"/tickets/\d+$"))
    return int(page.url.rpartition("/")[2])


def look(page: Page) -> None:
    """Nothing for axe to find, nothing too wide."""
    assert accessibility_problems(page) == []
    assert overflow(page) == 0


def build_refusal(page: Page, address: str) -> None:
    """An action that asks for a text, closes, and writes to the customer."""
    from playwright.sync_api import expect

    page.goto(address + WORKFLOW)
    page.get_by_role("link", name="Add an action", exact=True).first.click()
    page.get_by_label("Name of the action").fill("Refuse")
    page.get_by_label("New", exact=True).check()
    redrawn(page, "Ask for something", "asks")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("What is asked for, line 1").select_option(label="A text, formatted")
    label = page.get_by_label("What it is called, line 1")
    expect(label).to_be_visible()
    label.fill("Why we cannot")
    page.get_by_label("must be given").check()
    page.get_by_label("New status").select_option(label="Closed")
    redrawn(page, "Letter", "letters")
    page.locator("#letters").get_by_label("the customer", exact=True).check()
    page.locator("#letters").get_by_label("Text").fill("Dear ${customer:name},\n\n${action:text}")
    look(page)
    press(page, "Save")
    page.get_by_role("link", name="Refuse").first.wait_for()


def test_an_action_is_built_by_clicks_and_run_on_a_ticket(desk: Desk, marta: Page) -> None:
    (number,) = tickets(desk, "The till beeps")
    build_refusal(marta, desk.address)
    page = desk.sign_in(AGENT, width=DESK)
    page.goto(f"{desk.address}/tickets/{number}")
    page.get_by_role("link", name="Refuse").first.click()
    sheet = page.get_by_role("dialog")
    sheet.locator("textarea").focus()
    editor = sheet.locator(".edit[role=textbox]")
    editor.wait_for()
    look(page)
    editor.click()
    page.keyboard.type("The warranty is over.")
    sheet.get_by_role("button", name="Refuse").click()
    page.get_by_text("Done: Refuse.").wait_for()
    status, said = standing(desk, number)
    assert status == "closed"
    assert said.split() == ["Dear", "Ann", "Smith,", "The", "warranty", "is", "over."]


def test_the_same_without_script_on_a_phone(desk: Desk, marta: Page) -> None:
    (number,) = tickets(desk, "The till beeps")
    build_refusal(marta, desk.address)
    page = desk.sign_in(AGENT, width=PHONE, script=False)
    page.goto(f"{desk.address}/tickets/{number}")
    page.get_by_role("link", name="Refuse").first.click()
    page.get_by_label("Why we cannot").fill("The warranty is over.")
    press(page, "Refuse")
    page.wait_for_url(re.compile(rf"/tickets/{number}$"))
    assert standing(desk, number)[0] == "closed"


def test_the_accountant_sees_what_waits_for_payment_and_has_one_button(desk: Desk, marta: Page) -> None:
    """Journey 2 of the forms issue."""
    from playwright.sync_api import expect

    build_payment(marta, desk.address)
    marta.goto(f"{desk.address}/forms/support/agents")
    marta.locator("[name=who]").select_option(label="Olga Orlova")
    press(marta, "Add")
    row = marta.get_by_role("row").filter(has=marta.get_by_role("rowheader", name="Olga Orlova"))
    for box in row.get_by_role("checkbox").all():
        box.uncheck()
    row.get_by_label("Olga Orlova: Waiting for payment").check()
    row.get_by_label("Olga Orlova: Payment received").check()
    saved(marta)

    ivan = desk.sign_in(AGENT, width=DESK)
    other = open_by_hand(ivan, desk.address, "Another matter")
    number = open_by_hand(ivan, desk.address, "The till beeps")
    press(ivan, "Send the bill")
    ivan.get_by_text("Done: Send the bill.").wait_for()

    olga = desk.sign_in(OUTSIDER, width=PHONE)
    olga.goto(f"{desk.address}/views/open")
    olga.get_by_role("link", name="The till beeps").wait_for()
    assert f"/tickets/{other}" not in olga.content()
    olga.goto(f"{desk.address}/search?q=beeps")
    olga.get_by_role("link", name="The till beeps").first.wait_for()
    assert f"/tickets/{other}" not in olga.content()
    desk.pages.expect_error("status of 404")
    olga.goto(f"{desk.address}/tickets/{other}")
    assert "Another matter" not in olga.content()
    olga.goto(f"{desk.address}/tickets/{number}")
    look(olga)
    assert olga.locator(".actions > form button, .actions > a").all_inner_texts() == ["Payment received"]
    expect(olga.locator(".composer")).to_have_count(0)
    press(olga, "Payment received")
    olga.get_by_text("Done: Payment received.").wait_for()
    assert standing(desk, number) == ("done", "Dear Ann Smith,\n\nthank you.")
    assert olga.get_by_role("link", name="The till beeps").count() == 0
