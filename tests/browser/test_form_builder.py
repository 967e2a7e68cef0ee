"""Marta builds the repair form by clicks alone; she, and a customer with a photo, meet what it asks, in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form
from tests.browser.conftest import Desk
from tests.support.browser import DESK, PHONE, accessibility_problems, overflow
from tests.support.company import ADMIN
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def save(page: Page, name: str) -> None:
    press(page, name)
    page.wait_for_url(re.compile(r"/fields#(field|section)-"))


def add(page: Page, address: str, kind: str, question: str, section: str = "") -> None:
    """A field, its editor left open."""
    page.goto(f"{address}/forms/repairs/fields")
    page.get_by_label("Add a field of kind").select_option(label=kind)
    press(page, "Add")
    page.locator("[name=label]").fill(question)
    if section:
        page.locator("[name=section]").select_option(label=section)


def condition(page: Page, fact: str, operator: str, value: str = "") -> None:
    """One more line of the condition."""
    from playwright.sync_api import expect

    press(page, "Condition")
    line = page.locator(".rule li.inline:has([name$=-fact])").last
    line.get_by_label("What is compared").select_option(label=fact)
    expect(line.get_by_label("Comparison")).to_be_visible()
    line.get_by_label("Comparison").select_option(label=operator)
    if value:
        line.get_by_label(f"What “{fact}” is compared with").select_option(label=value)


def look(page: Page) -> None:
    """Nothing for axe to find, nothing too wide."""
    assert accessibility_problems(page) == []
    assert overflow(page) == 0


def build(page: Page, address: str) -> None:
    """The form Repairs: device, serial number of tills, a section about delivery for all but programs, a cost to close."""
    page.goto(f"{address}/forms")
    page.locator("#new [name=name]").fill("Repairs")
    press(page, "Make the form")
    add(page, address, "Choice", "Device")
    page.locator("[name=choice-label]").nth(0).fill("Till")
    page.locator("[name=choice-label]").nth(1).fill("Program")
    page.locator("[name=required]").check()
    save(page, "Add the field")
    page.goto(f"{address}/forms/repairs/fields")
    page.get_by_role("link", name="Add a section").click()
    page.locator("[name=title]").fill("Delivery")
    condition(page, "Device", "is not", "Program")
    save(page, "Add the section")
    add(page, address, "Text", "Serial number")
    condition(page, "Device", "is", "Till")
    save(page, "Add the field")
    add(page, address, "Text", "Address", "Delivery")
    save(page, "Add the field")
    add(page, address, "Number", "Cost")
    page.locator("[name=agent_only]").check()
    page.locator("[name=required_from]").select_option(label="Done")
    save(page, "Add the field")


def open_to_customers(page: Page, desk: Desk) -> None:
    """Photos in a section of their own, for tills alone, and the page on which customers ask."""
    address = desk.address
    page.goto(f"{address}/forms/repairs/fields")
    page.get_by_role("link", name="Add a section").click()
    page.locator("[name=title]").fill("What it looks like")
    condition(page, "Device", "is", "Till")
    save(page, "Add the section")
    add(page, address, "Files", "Photos", "What it looks like")
    page.locator("[name=required]").check()
    save(page, "Add the field")
    page.goto(f"{address}/extensions/webform/forms/repairs")
    press(page, "Switch on for Repairs")
    until(lambda: "webform" in extensions_of(desk))
    page.goto(f"{address}/forms/repairs/x/webform/")
    page.get_by_role("link", name="Add a request form").first.click()
    page.get_by_label("Title").fill("A repair")
    press(page, "Save")
    page.get_by_text("The page that lists them").wait_for()


def extensions_of(desk: Desk) -> list[str]:
    with desk.company.runtime.database.read() as session:
        return list(session.scalars(sa.select(Form).where(Form.slug == "repairs")).one().extensions)


def ask_with_a_photo(phone: Page, address: str) -> None:
    """A customer asks for a repair: without a photo of the till it is not taken."""
    from playwright.sync_api import expect

    phone.goto(f"{address}/p/repairs/webform/")
    phone.get_by_role("link", name="A repair").click()
    phone.locator("html[data-started]").wait_for(state="attached")
    phone.get_by_label("Device").select_option(label="Program")
    expect(phone.get_by_role("heading", name="What it looks like")).to_have_count(0)
    phone.get_by_label("Device").select_option(label="Till")
    expect(phone.get_by_role("heading", name="What it looks like")).to_be_visible()
    for name, text in {"email": "ann@example.com", "subject": "Ann's till", "text": "It is broken."}.items():
        phone.locator(f"[name={name}]").fill(text)
    press(phone, "Send the request")
    expect(phone.locator(".errors")).to_contain_text("Photos")
    photo = {"name": "ann.png", "mimeType": "image/png", "buffer": PICTURE}
    phone.locator("input[type=file]").set_input_files(photo)
    look(phone)
    press(phone, "Send the request")
    expect(phone.get_by_role("heading", name="Your request is sent")).to_be_visible()


def test_the_repair_form_is_built_by_clicks_and_asks_what_it_should(desk: Desk) -> None:
    """Journey 1 of the forms issue."""
    from playwright.sync_api import expect

    marta = desk.sign_in(ADMIN)
    desk.pages.expect_error("status of 422")
    build(marta, desk.address)
    open_to_customers(marta, desk)
    marta.goto(f"{desk.address}/forms/repairs/fields")
    preview = marta.locator("#preview")
    expect(preview.locator("[name=v-serial_number]")).to_have_count(0)
    preview.locator("[name=v-device]").select_option(label="Till")
    expect(preview.locator("[name=v-serial_number]")).to_be_visible()
    marta.goto(f"{desk.address}/forms/repairs/agents")
    marta.get_by_role("combobox").first.select_option(index=1)
    marta.locator("form[action$='/agents'] button[type=submit]").last.click()

    marta.goto(f"{desk.address}/tickets/new?form=repairs")
    expect(marta.locator("[name=field-serial_number]")).to_have_count(0)
    marta.locator("[name=field-device]").select_option(label="Program")
    expect(marta.locator("[name=field-address]")).to_have_count(0)
    marta.locator("[name=field-device]").select_option(label="Till")
    expect(marta.locator("[name=field-serial_number]")).to_be_visible()
    expect(marta.locator("[name=field-address]")).to_be_visible()
    look(marta)
    for name, text in {
        "customer": "amira@example.org", "subject": "The till beeps", "text": "It beeps twice.", "field-serial_number": "77-0413",
    }.items():  # fmt: skip
        marta.locator(f"main [name={name}]").fill(text)
    marta.get_by_label("Files", exact=True).first.set_input_files(
        [{"name": "till.png", "mimeType": "image/png", "buffer": PICTURE}]
    )
    expect(marta.locator("[data-uploads]")).to_contain_text("till.png")
    press(marta, "Open the ticket")
    expect(marta.locator("#panel-fields")).to_contain_text("77-0413")
    expect(marta.locator(".message .files")).to_contain_text("till.png")
    press(marta, "Done")
    sheet = marta.get_by_role("dialog", name="Before “Done”")
    expect(sheet).to_contain_text("Fill in “Cost”.")
    look(marta)
    sheet.locator("[name=field-cost]").fill("12.5")
    sheet.get_by_role("button", name="Save and change the status").click()
    expect(marta.locator("#panel-fields")).to_contain_text("12.5")

    ask_with_a_photo(desk.pages.open(width=PHONE), desk.address)
    marta.goto(f"{desk.address}/views/open")
    marta.get_by_role("link", name="Ann's till").first.click()
    expect(marta.locator(".message .files")).to_contain_text("ann.png")
    expect(marta.locator("#panel-fields")).to_contain_text("Till")


@pytest.mark.parametrize(("width", "scheme", "language"), [(DESK, "light", "en"), (PHONE, "dark", "ru")])
def test_the_builder_is_for_everybody(desk: Desk, width: int, scheme: str, language: str) -> None:
    marta = desk.sign_in(ADMIN)
    build(marta, desk.address)
    page = desk.sign_in(ADMIN, width=width, scheme=scheme, language=language)
    for query in ("", "?open=serial_number", "?section=delivery", "?new=choice", "?add-section=1"):
        page.goto(f"{desk.address}/forms/repairs/fields{query}")
        look(page)
