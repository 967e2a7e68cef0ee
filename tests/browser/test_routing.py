"""Marta has each type of question go to its department, built from nothing by clicks, and rehearses a change."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Desk
from tests.browser.test_workflow import extensions_of, press
from tests.support.company import ADMIN
from tests.support.processes import until

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]


def test_each_type_of_question_goes_to_its_department(desk: Desk) -> None:
    from playwright.sync_api import expect

    page, rules = desk.sign_in(ADMIN), f"{desk.address}/forms/support/x/routing/"
    page.goto(f"{desk.address}/extensions/routing/forms/support")
    press(page, "Switch on for Support")
    until(lambda: "routing" in extensions_of(desk))
    for name in ("Programmers", "Commercial department"):
        page.goto(f"{desk.address}/groups/new")
        page.locator("main [name=name]").fill(name)
        press(page, "Add")
        page.wait_for_url("**/people#groups")

    page.goto(f"{desk.address}/forms/support/fields")
    page.get_by_label("Add a field of kind").select_option(label="Choice")
    press(page, "Add")
    page.locator("[name=label]").fill("Type of question")
    for number, words in enumerate(("Error", "Payment")):
        page.locator("[name=choice-label]").nth(number).fill(words)
    press(page, "Add the field")
    page.wait_for_url("**/fields#field-*")

    page.goto(rules)
    page.get_by_role("link", name="Type of question").click()
    page.get_by_label("Error").select_option(label="Programmers")
    page.get_by_label("Payment").select_option(label="Commercial department")
    press(page, "Make the rules")
    expect(page.get_by_role("link", name="Payment")).to_be_visible()

    for kind, group in (("Error", "Programmers"), ("Payment", "Commercial department")):
        page.goto(f"{desk.address}/tickets/new?form=support")
        for name, text in {"customer": "ann@example.org", "subject": kind, "text": "Please look."}.items():
            page.locator(f"main [name={name}]").fill(text)
        page.locator("[name=field-type_of_question]").select_option(label=kind)
        press(page, "Open the ticket")
        expect(page.locator("#ticket-head")).to_contain_text(group)

    page.goto(rules)
    page.get_by_role("link", name="Error").click()
    page.get_by_label("Assign to the group").select_option(label="Commercial department")
    press(page, "Rehearse")
    page.get_by_text("1 of 2 tickets would go elsewhere.").wait_for()
