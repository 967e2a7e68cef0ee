"""Ivan types / in a reply, chooses a canned response, and sends it with everything filled in; on a phone by the button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.browser.conftest import Desk
from tests.browser.test_agent_day import open_tickets
from tests.support.browser import PHONE, accessibility_problems, overflow
from tests.support.company import AGENT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]


def look(page: Page) -> None:
    assert (accessibility_problems(page), overflow(page)) == ([], 0)


def with_answers(desk: Desk, number: int) -> None:
    """The extension on where the ticket is, with two canned responses."""
    from plugdesk.plugins.switch import enable_plugin
    from plugdesk.tickets.models import Ticket
    from plugdesk.users.models import Role, User
    from plugdesk_faq.commands import AnswerInput, write_answer

    runtime: Any = desk.company.runtime
    with runtime.database.write() as session:
        form = session.get_one(Ticket, number).form
        admin = session.scalar(sa.select(User).where(User.role == Role.ADMIN))
        enable_plugin(session, form, "faq", by=None)
        ctx = runtime.context("faq", form, session)
        for name, body in (("Greeting", "<p>Request ${ticket:number} is in good hands.</p>"), ("Refund", "<p>In a week.</p>")):
            write_answer(ctx, AnswerInput(name, body, shared=True), by=admin)


def test_a_canned_response_is_found_by_a_slash_and_sent(desk: Desk) -> None:
    from playwright.sync_api import expect

    (number,) = open_tickets(desk, "The till beeps")
    with_answers(desk, number)
    ivan = desk.sign_in(AGENT)
    ivan.goto(f"{desk.address}/tickets/{number}")
    ivan.locator("html[data-started]").wait_for()
    ivan.locator("#composer-text").focus()
    box = ivan.locator("#composer [role=textbox]")
    box.press_sequentially("1/2 ")
    ivan.keyboard.press("/")
    options = ivan.locator(".inserts [role=option]")
    expect(options).to_have_count(2)
    look(ivan)
    ivan.keyboard.type("nothing")
    expect(options).to_have_count(0)
    ivan.keyboard.press("Escape")
    expect(box).to_have_text("1/2 /nothing")
    ivan.keyboard.press("Control+a")
    ivan.keyboard.press("Delete")
    ivan.keyboard.press("/")
    ivan.keyboard.type("greet")
    expect(options).to_have_count(1)
    ivan.keyboard.press("Enter")
    expect(box).to_have_text(f"Request {number} is in good hands.")
    expect(box).to_be_focused()
    ivan.get_by_role("button", name="Send", exact=True).click()
    expect(ivan.locator("#thread")).to_contain_text(f"Request {number} is in good hands.")
    ivan.get_by_role("link", name="Save as an answer").first.click()
    expect(ivan.get_by_label("Name")).to_have_value("The till beeps")
    ivan.get_by_role("button", name="Save as a canned response").click()
    expect(ivan.locator("#answers")).to_contain_text("The till beeps")
    look(ivan)

    phone = desk.sign_in(AGENT, width=PHONE)
    phone.goto(f"{desk.address}/tickets/{number}")
    phone.locator("html[data-started]").wait_for()
    phone.locator("#composer-text").focus()
    phone.locator("#composer [role=textbox]").wait_for()
    phone.get_by_role("button", name="Canned responses").click()
    phone.locator(".inserts [role=option]", has_text="Refund").click()
    expect(phone.locator("#composer [role=textbox]")).to_have_text("In a week.")
    look(phone)


def test_the_text_an_action_asks_for_takes_one_by_a_slash_too(desk: Desk) -> None:
    from playwright.sync_api import expect

    from plugdesk.plugins.switch import enable_plugin
    from plugdesk.tickets.models import Ticket
    from plugdesk.users.models import Role, User
    from plugdesk_workflow.commands import ActionInput, add_action
    from plugdesk_workflow.definition import Ask, AskKind, Definition, Does, Letter, Who

    (number,) = open_tickets(desk, "The till beeps")
    with_answers(desk, number)
    runtime: Any = desk.company.runtime
    with runtime.database.write() as session:
        form = session.get_one(Ticket, number).form
        admin = session.scalar(sa.select(User).where(User.role == Role.ADMIN))
        enable_plugin(session, form, "workflow", by=None)
        letter = Letter(("customer",), "<p>${action:text}</p>")
        definition = Definition(Who(), asks=(Ask(AskKind.TEXT, required=True),), letters=(letter,), does=Does())
        statuses = [each.code for each in form.statuses]
        add_action(runtime.context("workflow", form, session), ActionInput("Write", statuses, definition=definition), by=admin)
    ivan = desk.sign_in(AGENT)
    ivan.goto(f"{desk.address}/tickets/{number}")
    ivan.locator("html[data-started]").wait_for()
    ivan.get_by_role("link", name="Write", exact=True).click()
    sheet = ivan.locator("#action-sheet")
    sheet.locator("textarea").focus()
    box = sheet.locator("[role=textbox]")
    box.press_sequentially("/greet")
    expect(sheet.locator(".inserts [role=option]")).to_have_count(1)
    look(ivan)
    ivan.keyboard.press("Enter")
    expect(box).to_have_text(f"Request {number} is in good hands.")
    sheet.get_by_role("button", name="Write", exact=True).click()
    expect(ivan.locator("#thread")).to_contain_text(f"Request {number} is in good hands.")
