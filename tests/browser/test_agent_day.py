"""A day of Ivan, who answers, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.customers import add_organization
from tests.browser.conftest import Desk
from tests.factories import make_customer, make_ticket
from tests.support.browser import DESK, PHONE, accessibility_problems, overflow, started
from tests.support.company import AGENT, letter, post
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
SUBJECT = "The till beeps"
THE_TICKET = re.compile(r"/tickets/\d+$")


def open_tickets(desk: Desk, *subjects: str) -> list[int]:
    """Tickets of Ann, as an import brings them; returns their numbers."""
    with desk.company.runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        ann = make_customer(session, email="ann@example.com", name="Ann Smith")
        ann.organization = add_organization(session, name="Corner Deli", by=None)
        tickets = [make_ticket(session, form, ann, subject=subject, channel="web") for subject in subjects]
        session.flush()  # their numbers
        return [ticket.number for ticket in tickets]


def read(desk: Desk, ask: sa.Select[tuple[str]]) -> list[str]:
    with desk.company.runtime.database.read() as session:
        return list(session.scalars(ask))


def written(desk: Desk) -> list[str]:
    """What agents have written, oldest first."""
    return read(
        desk, sa.select(Message.text).where(Message.direction != "incoming", Message.kind == "human").order_by(Message.id)
    )


def write(page: Page, words: str) -> None:
    """Types into the composer, which becomes a rich one with the first touch."""
    page.locator("#composer textarea").focus()
    editor = page.locator("#composer .edit[role=textbox]")
    editor.wait_for()
    editor.click()
    page.keyboard.type(words)


def test_a_letter_comes_and_is_answered(desk: Desk, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page = desk.sign_in(AGENT)
    page.goto(f"{desk.address}/views/new")
    page.evaluate("window.notReloaded = true")
    post(desk.company.mail, letter("Ann Smith <ann@example.com>", SUBJECT, "It beeps twice."))
    row = page.locator("tr[data-row]", has_text=SUBJECT)
    expect(row).to_be_visible()
    assert page.evaluate("window.notReloaded")

    row.locator(".subject").click()
    page.wait_for_url(THE_TICKET)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("button", name="Give back")).to_be_visible()

    manual = tmp_path / "manual.txt"
    manual.write_text("Press the red button.")
    write(page, "Restart it, ")
    page.keyboard.press("Control+b")
    page.keyboard.type("please")
    page.locator("#composer [data-files]").set_input_files(manual)
    expect(page.locator("#composer [data-uploads] li[data-state=done]")).to_have_count(1)
    page.locator("#composer .edit[role=textbox]").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread")).to_contain_text("Restart it, please")

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Nothing was sent")
    expect(page.locator("#composer .edit[role=textbox]")).to_contain_text("Restart it, please")
    assert written(desk) == []
    page.locator("#composer .edit[role=textbox]").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread")).to_contain_text("Restart it, please")
    until(lambda: any("Restart it" in each.as_string() for each in desk.company.letters("ann@example.com")))
    answer = desk.company.letters("ann@example.com")[-1]
    html = answer.get_body(("html",))
    assert html is not None
    assert "<b>please</b>" in html.get_content()
    expect(page.locator(".delivery[data-state=sent]").last).to_be_visible()

    page.evaluate("window.notReloaded = true")
    back = letter("Ann Smith <ann@example.com>", f"Re: {SUBJECT}", "Thank you, it works!", In_Reply_To=answer["Message-ID"])
    post(desk.company.mail, back)
    expect(page.locator("#thread")).to_contain_text("Thank you, it works!")
    assert page.evaluate("window.notReloaded")


def test_a_ticket_is_handled(desk: Desk) -> None:
    """A note, somebody else, another status, its fields, and found again."""
    from playwright.sync_api import expect

    (number,) = open_tickets(desk, SUBJECT)
    page = desk.sign_in(AGENT)
    page.goto(f"{desk.address}/tickets/{number}")
    page.keyboard.press("n")
    write(page, "Ann is angry.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article[data-from=note]")).to_contain_text("Ann is angry.")

    page.locator("#ticket-head [popovertarget=assign-menu]").click()
    page.locator("#assign-menu").get_by_role("button", name="Petra Simon").click()
    expect(page.locator("#ticket-head")).to_contain_text("Petra Simon")

    page.locator("#ticket-head [popovertarget=status-menu]").click()
    page.locator("#status-menu").get_by_role("button", name="Waiting for customer").click()
    expect(page.locator("#ticket-head")).to_contain_text("Waiting for customer")

    page.get_by_role("button", name="Edit fields").click()
    page.locator("#edit-fields select").first.select_option(label="Urgent")
    page.locator("#edit-fields").get_by_role("button", name="Save").click()
    expect(page.locator("#side")).to_contain_text("Urgent")

    page.goto(f"{desk.address}/views/open")
    page.keyboard.press("/")
    page.keyboard.type("beeps")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(SUBJECT)
    with desk.company.runtime.database.read() as session:
        ticket = session.get_one(Ticket, number)
        assert (ticket.status.code, ticket.assignee.name if ticket.assignee else "", ticket.values["priority"]) == (
            "waiting",
            "Petra Simon",
            "urgent",
        )


def test_the_keyboard_is_enough(desk: Desk) -> None:
    from playwright.sync_api import expect

    open_tickets(desk, "First", "Second", "Third")
    page = desk.sign_in(AGENT)
    page.goto(f"{desk.address}/views/new")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    subjects = page.locator("tr[data-row] .subject").all_inner_texts()
    for key, at in (("j", 0), ("j", 1), ("k", 0), ("j", 1)):
        page.keyboard.press(key)
        expect(page.locator("tr[data-cursor] .subject")).to_have_text(subjects[at])
    page.keyboard.press("Enter")
    page.wait_for_url(THE_TICKET)
    expect(page.locator("h1").first).to_have_text(subjects[1])
    started(page).keyboard.press("r")
    expect(page.locator("#composer .edit[role=textbox]")).to_be_focused()
    page.keyboard.type("jkn")
    expect(page.locator("#composer .edit[role=textbox]")).to_have_text("jkn")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    expect(page.locator("#composer [name=mode][value=note]")).to_be_checked()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette input")).to_be_focused()
    page.keyboard.type("Third")
    expect(page.locator("#palette-found [role=option]").first).to_contain_text("Third")
    page.keyboard.press("Enter")
    expect(page.locator("h1").first).to_have_text("Third")


def test_a_double_press_and_going_back_send_once(desk: Desk) -> None:
    from playwright.sync_api import expect

    (number,) = open_tickets(desk, SUBJECT)
    page = desk.sign_in(AGENT)
    page.goto(f"{desk.address}/tickets/{number}")
    write(page, "Said once.")
    page.locator("#composer [data-send][data-only=reply]").dblclick()
    expect(page.locator("#thread")).to_contain_text("Said once.")
    page.go_back()
    page.go_back()
    page.go_forward()
    until(lambda: "Said once." in written(desk))
    assert written(desk) == ["Said once."]


def test_without_script_a_ticket_is_answered_all_the_same(desk: Desk) -> None:
    open_tickets(desk, SUBJECT)
    page = desk.sign_in(AGENT, script=False)
    page.goto(f"{desk.address}/views/new")
    page.get_by_role("link", name=SUBJECT).click()
    page.get_by_role("button", name="Accept").click()
    page.locator("#composer textarea").fill("Restart it.")
    page.locator("#composer [data-files]").set_input_files(
        {"name": "manual.txt", "mimeType": "text/plain", "buffer": b"Press it."}
    )
    page.locator("#composer [data-send][data-only=reply]").click()
    assert "Restart it." in page.locator("#thread").inner_text()
    assert "manual.txt" in page.locator("#thread").inner_text()
    page.locator("#composer label", has_text="Note").click()
    page.locator("#composer textarea").fill("Ann was friendly.")
    page.locator("#composer [data-send][data-only=note]").click()
    assert written(desk) == ["Restart it.", "Ann was friendly."]


LOOKS = [("en", "light", DESK), ("ru", "dark", DESK), ("ru", "light", PHONE), ("en", "dark", PHONE)]


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_every_page_of_the_day_is_fit_for_everybody(desk: Desk, language: str, scheme: str, width: int) -> None:
    """Axe finds nothing, nothing is wider than the window, and no console complains."""
    (number, *_more) = open_tickets(
        desk, SUBJECT, "Другой запрос", "A third one, with a rather long subject that has to find room"
    )
    page = desk.sign_in(AGENT, language=language, scheme=scheme, width=width)
    found: dict[str, list[str]] = {}
    for path in ("/views/open", "/views/done", f"/tickets/{number}", "/tickets/new", "/search?q=beeps", "/customers", "/account"):
        page.goto(desk.address + path)
        assert page.locator("html").get_attribute("lang") == language
        found[path] = accessibility_problems(page)
        if overflow(page):
            found[path].append(f"{overflow(page)} pixels too wide")
    assert {path: problems for path, problems in found.items() if problems} == {}
