"""The first day of Marta, who sets the desk up and configures it, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from plugdesk.app import create_app
from plugdesk.forms.models import Form
from plugdesk.users.models import User
from plugdesk.worker import Worker
from tests.browser.conftest import Desk
from tests.factories import PASSWORD, make_customer, make_ticket
from tests.support.browser import DESK, PHONE, Pages, accessibility_problems, overflow
from tests.support.company import ADMIN, AGENT, HELP, MAILBOX_PASSWORD, Company
from tests.support.processes import free_port, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
OWN = "marta@own.example"


@pytest.fixture
def fresh(company_on: Callable[..., Company], serve: Callable[[Any], str], pages: Pages) -> Iterator[Desk]:
    """A desk nobody has set up, served and at work; the mail server is there, the desk knows nothing of it."""
    company = company_on("sqlite", set_up=False)
    company.mail.add_mailbox(OWN, "marta's own")
    stop = threading.Event()
    working = threading.Thread(target=Worker(company.runtime).run_forever, args=(stop,), daemon=True)
    working.start()
    try:
        yield Desk(company, serve(create_app(company.runtime)), pages)
        pages.close()
    finally:
        stop.set()
        working.join()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_the_first_run_leads_to_an_answered_request(fresh: Desk) -> None:
    from playwright.sync_api import expect

    page = fresh.pages.open()
    fresh.pages.expect_error("status of 422")
    page.goto(fresh.address)
    for name, value in {"desk": "Tillwise", "name": "Marta Grünwald", "email": OWN, "password": "short"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=password]").evaluate("field => field.removeAttribute('minlength')")
    press(page, "Begin")
    expect(page.locator("main")).to_contain_text("At least 12 characters.")
    assert page.locator("[name=desk]").input_value() == "Tillwise"
    page.locator("[name=password]").fill(PASSWORD)
    press(page, "Begin")
    press(page, "Take “Support desk”")

    page.locator("[name=address]").fill(OWN)
    press(page, "Look up the servers")
    expect(page.locator("main")).to_contain_text("you sign in with")
    page.locator("[name=address]").fill(HELP)
    press(page, "Look up the servers")
    connect_the_mailbox(fresh, page)
    expect(page.locator("main")).to_contain_text("Write to yourself")
    press(page, "Send a test request")
    page.get_by_role("link", name="Open ticket").click()
    page.locator("#composer textarea").focus()
    page.locator("#composer .edit[role=textbox]").click()
    page.keyboard.type("It works.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread")).to_contain_text("It works.")
    until(lambda: any("It works." in each.as_string() for each in fresh.company.letters(OWN)))
    page.goto(f"{fresh.address}/first-steps")
    expect(page.locator("main")).to_contain_text("Your desk works")


def connect_the_mailbox(desk: Desk, page: Page) -> None:
    """With a wrong port and a wrong password first: both are said in words, and nothing typed is lost."""
    from playwright.sync_api import expect

    details = page.locator("details", has=page.locator("[name=imap_host]"))
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    page.locator("[name=password]").fill("not the password")
    for part, port in (("imap", desk.company.mail.imap_port), ("smtp", free_port())):
        page.locator(f"[name={part}_host]").fill("127.0.0.1")
        page.locator(f"[name={part}_port]").fill(str(port))
        page.locator(f"[name={part}_security]").select_option("plain")
    page.locator("[name=own_network]").check()
    press(page, "Test")
    expect(page.locator("main")).to_contain_text("refuses the login or password")
    expect(page.locator("main")).to_contain_text("Nothing listens at 127.0.0.1")
    page.locator("[name=smtp_port]").fill(str(desk.company.mail.smtp_port))
    page.locator("[name=password]").fill(MAILBOX_PASSWORD)
    press(page, "Test")
    expect(page.locator("main")).to_contain_text("It works.")
    page.locator("[name=password]").fill(MAILBOX_PASSWORD)
    press(page, "Connect")


def test_a_form_is_made_and_its_extensions_are_switched(desk: Desk) -> None:
    from playwright.sync_api import expect

    page = desk.sign_in(ADMIN)
    page.goto(f"{desk.address}/forms")
    page.locator("#new [name=name]").fill("Repairs")
    press(page, "Make the form")
    expect(page).to_have_url(f"{desk.address}/forms/repairs")

    page.goto(f"{desk.address}/extensions/by-form")
    switch = page.get_by_role("switch", name="Service rating on Support")
    expect(switch).to_be_checked()
    page.goto(f"{desk.address}/extensions/csat/forms/support")
    press(page, "Switch off for Support")
    until(lambda: "csat" not in extensions_of(desk, "support"))
    page.goto(f"{desk.address}/extensions/csat/forms/support")
    press(page, "Switch on for Support")
    until(lambda: "csat" in extensions_of(desk, "support"))
    page.goto(f"{desk.address}/extensions/csat")
    expect(page.locator("main")).to_contain_text("Marta Grünwald")


def extensions_of(desk: Desk, slug: str) -> list[str]:
    with desk.company.runtime.database.read() as session:
        return list(session.scalars(sa.select(Form).where(Form.slug == slug)).one().extensions)


def test_a_person_is_added_and_signs_in(desk: Desk) -> None:
    page = desk.sign_in(ADMIN)
    page.goto(f"{desk.address}/people/new")
    page.locator("main [name=name]").fill("Nora New")
    page.locator("main [name=email]").fill("nora@desk.example")
    page.locator("main [name=password]").fill(PASSWORD)
    press(page, "Add")
    page.wait_for_url(f"{desk.address}/people")
    nora = desk.sign_in("nora@desk.example")
    assert "/views/" in nora.url


def test_what_is_not_for_agents_does_not_exist_for_them(desk: Desk) -> None:
    desk.pages.expect_error("status of 404")
    page = desk.sign_in(AGENT)
    for path in ("/system", "/people", "/extensions", "/forms/support", "/journal"):
        answer = page.goto(desk.address + path)
        assert answer is not None
        assert answer.status == 404, path


PAGES = (
    "/forms", "/forms/support", "/forms/support/fields?open=priority", "/forms/support/statuses?open=new", "/forms/support/extensions",
    "/forms/support/agents", "/forms/support/x/email/", "/forms/support/x/email/mailboxes/1", "/extensions", "/extensions/by-form",
    "/extensions/by-form/support", "/extensions/csat", "/extensions/email/forms/support", "/people", "/people/new", "/people/2",
    "/groups/new", "/customers", "/system", "/journal", "/account",
    "/account/absences", "/people/2/shifts", "/people/2/deactivation",
)  # fmt: skip
LOOKS = [("en", "light", DESK), ("ru", "dark", DESK), ("ru", "light", PHONE), ("en", "dark", PHONE)]


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_every_page_of_the_day_is_fit_for_everybody(desk: Desk, language: str, scheme: str, width: int) -> None:
    """Axe finds nothing, nothing is wider than the window, and no console complains."""
    with desk.company.runtime.database.write() as session:
        make_ticket(
            session,
            session.scalars(sa.select(Form).where(Form.slug == "support")).one(),
            make_customer(session, name="Ann Smith"),
        )
        assert session.get_one(User, 2)
    page = desk.sign_in(ADMIN, language=language, scheme=scheme, width=width)
    found: dict[str, list[str]] = {}
    for path in PAGES:
        answer = page.goto(desk.address + path)
        assert answer is not None
        found[path] = [] if answer.ok else [f"answers {answer.status}"]
        found[path] += accessibility_problems(page)
        if overflow(page):
            found[path].append(f"{overflow(page)} pixels too wide")
    assert {path: problems for path, problems in found.items() if problems} == {}
