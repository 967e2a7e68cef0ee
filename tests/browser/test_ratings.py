"""Petra leaves urgent matters out, a customer rates the others badly, and the supervisor has the ticket and the figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import Form, StatusKind
from plugdesk.plugins.switch import save_plugin_settings
from plugdesk.tickets.commands import assign, become, set_fields
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.tickets.models import DeliveryState, Message, Ticket
from plugdesk.users.models import User
from tests.browser.conftest import Desk
from tests.factories import make_agent, make_customer, make_group
from tests.support.company import AGENT, FORM_ADMIN
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
SUPPORT, IVAN = sa.select(Form).where(Form.slug == "support"), sa.select(User).where(User.email == AGENT)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def notices_sent(desk: Desk) -> int:
    """The number of the last ticket whose closing notice has left."""
    with desk.company.runtime.database.read() as session:
        sent = sa.select(sa.func.max(Message.ticket_id)).where(Message.kind == "closing", Message.delivery == DeliveryState.SENT)
        return session.scalar(sent) or 0


def test_a_condition_leaves_some_out_and_a_bad_mark_comes_back_to_the_supervisor(desk: Desk) -> None:
    from playwright.sync_api import expect

    company = desk.company
    with company.runtime.database.write() as session:
        form = session.scalars(SUPPORT).one()
        save_plugin_settings(session, form, "email", {"receipt": False}, 0, None)  # one letter to each, who never wrote one
        boss = make_agent(session, form, name="Bea Boss", email="boss@desk.example")
        make_group(session, session.scalars(IVAN).one(), name="Technicians", supervisor=boss)
    page = desk.sign_in(FORM_ADMIN)

    page.goto(f"{desk.address}/forms/support/x/csat/")
    press(page, "Condition")
    page.get_by_label("What is compared").select_option(label="Priority")
    page.get_by_label("Comparison").select_option(label="is one of")
    for name in ("High", "Normal"):
        page.get_by_label(name, exact=True).check()
    press(page, "Save")
    expect(page.get_by_text("Saved.")).to_be_visible()

    page.goto(f"{desk.address}/extensions/csat/forms/support")
    page.locator("[name=set_low_mark]").fill("2")
    for name in ("low_reopens", "low_to_supervisor"):
        page.locator(f"input[type=checkbox][name=set_{name}]").check()
    press(page, "Save settings")
    page.wait_for_url("**/extensions/csat*")

    for who, priority in (("ann", "High"), ("bob", "Low")):
        with company.runtime.database.write() as session:
            customer = make_customer(session, name=who.title(), email=f"{who}@example.com")
            session.flush()
            form, ivan = (session.scalars(query).one() for query in (SUPPORT, IVAN))
            said = Said(text="It beeps.")
            ticket = open_ticket(session, form, customer, subject=f"The till of {who}", said=said, channel="email")
            set_fields(session, ticket, {"priority": priority.lower()}, by=ivan)
            assign(session, ticket, None, assignee=ivan)
            become(session, ticket, StatusKind.RESOLVED, by=None)
            number = ticket.number
        until(lambda: notices_sent(desk) == number)  # noqa: B023 - it is asked before the next one is made
        page.goto(f"{desk.address}/tickets/{number}")
        if priority == "High":
            expect(page.get_by_text("Not asked: Priority is one of")).to_be_visible()

    body = company.letters("bob@example.com")[-1].get_body(("html",))
    assert body is not None
    asked = body.get_content()
    assert "/p/support/csat/" not in company.letters("ann@example.com")[-1].as_string()
    path = re.findall(r'href="https?://[^/"]+(/p/[^"]+)"', asked)[-1]
    window = desk.pages.open()
    window.goto(f"{desk.address}{path}")
    window.get_by_label("What would you like to add?").fill("It still beeps")
    window.get_by_role("button", name="Send my mark").click()
    expect(window.get_by_text("Thank you.")).to_be_visible()

    def is_the_bosses() -> bool:
        with company.runtime.database.read() as session:
            ticket = session.get_one(Ticket, number)
            return not ticket.status_kind.is_final and ticket.assignee is not None and ticket.assignee.name == "Bea Boss"

    until(is_the_bosses)
    page.goto(f"{desk.address}/views/open")
    page.get_by_role("link", name="Ratings").click()
    expect(page.get_by_role("heading", name="By specialist")).to_be_visible()
    page.get_by_role("row", name="Very bad").get_by_role("link", name="1").click()
    expect(page.get_by_role("link", name="The till of bob")).to_be_visible()
    expect(page.get_by_text("It still beeps")).to_be_visible()
