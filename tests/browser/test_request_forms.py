"""Ann asks from the page of a shop on another origin, on her telephone; Ivan finds it in his list. And with scripts off, by a letter."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.tickets.models import Ticket
from tests.browser.conftest import Desk
from tests.support.browser import DESK, PHONE, accessibility_problems, overflow
from tests.support.company import ADMIN, AGENT
from tests.support.processes import until

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]


@pytest.fixture
def ticket(desk: Desk) -> Callable[[], Any]:
    """The last ticket, as (number, excerpt, values, names of files), None while there is none."""

    def ticket() -> Any:
        with desk.company.runtime.database.read() as session:
            found = session.scalars(sa.select(Ticket).order_by(Ticket.id.desc()).limit(1)).first()
            return found and (found.number, found.excerpt, found.values, [each.name for each in found.messages[0].attachments])

    return ticket


@pytest.mark.parametrize(("place", "language"), [("script", "en"), ("frame", "ru")])
def test_a_customer_asks_from_the_page_of_another_site_and_an_agent_finds_it(desk, shop, ticket, place, language):
    from playwright.sync_api import expect

    desk.pages.expect_error("status of 422")
    phone = desk.pages.open(width=PHONE, language=language)
    phone.goto(f"{shop.address}/{place}")
    frame = phone.frame_locator("iframe")
    words = {"en": ("Send the request", "Your request is sent"), "ru": ("Отправить обращение", "Обращение отправлено")}
    if place == "script":
        language = "en"  # the shop's page says so
    send, sent = words[language]
    frame.locator("html[data-started]").wait_for(state="attached")
    expect(frame.get_by_label("Serial")).to_have_count(0)
    frame.locator("[name=email]").fill("ann@example.com")
    frame.get_by_label("Device").select_option("till")
    frame.get_by_label("Serial").fill("TW 1042")
    frame.locator("input[type=file]").set_input_files(
        {"name": "till.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n"}
    )
    frame.get_by_role("button", name=send).click()
    expect(frame.locator(".errors")).to_be_focused()
    assert ticket() is None
    wrong = frame.locator("[data-error], [aria-invalid], .error")
    assert wrong.count() > 0
    frame.locator("[name=text]").fill("It beeps twice.")
    frame.locator("[name=consent]").check()
    expect(wrong).to_have_count(0)
    if place == "script":
        until(lambda: _height(phone) >= phone.frames[1].evaluate("document.documentElement.getBoundingClientRect().height") - 1)
    assert overflow(phone) <= 0
    frame.get_by_role("button", name=send).click()
    expect(frame.get_by_role("heading", name=sent)).to_be_visible()
    assert phone.context.cookies() == []
    number, excerpt, values, files = ticket()
    assert (excerpt, values["serial"], files) == ("It beeps twice.", "TW 1042", ["till.png"])
    ivan = desk.sign_in(AGENT, width=DESK)
    ivan.goto(f"{desk.address}/views/open")
    ivan.get_by_role("link", name=re.compile("It beeps twice")).first.click()
    panel = ivan.locator("#panel-webform-origin, section:has-text('Filled in')").first
    expect(panel).to_contain_text(f"{shop.address}/{place}" if place == "script" else shop.address)
    assert ivan.url.endswith(f"/tickets/{number}")


def _height(page: Any) -> float:
    return float(page.locator("iframe").evaluate("frame => frame.getBoundingClientRect().height"))


def test_with_scripts_off_a_letter_asks_whether_it_was_her(desk, shop, ticket):
    from playwright.sync_api import expect

    phone = desk.pages.open(width=PHONE, script=False)
    phone.goto(f"{desk.address}/p/support/webform/a-repair")
    phone.locator("[name=field-device]").select_option("till")
    phone.get_by_role("button", name="Show the questions that follow").click()
    phone.locator("[name=field-serial]").fill("TW 1042")
    phone.locator("[name=email]").fill("ann@example.com")
    phone.locator("[name=text]").fill("It beeps twice.")
    phone.locator("[name=consent]").check()
    phone.get_by_role("button", name="Send the request").click()
    expect(phone.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert ticket() is None
    until(lambda: desk.company.letters("ann@example.com"))
    (letter,) = desk.company.letters("ann@example.com")
    link = re.search(r"/p/support/webform/confirmations/[\w-]+", letter.get_body(("plain",)).get_content())
    assert link is not None
    phone.goto(desk.address + link[0])
    assert ticket() is None
    phone.get_by_role("button", name="Send the request").click()
    expect(phone.get_by_role("heading", name="Your request is sent")).to_be_visible()
    assert ticket()[1:3] == ("It beeps twice.", {**ticket()[2], "device": "till", "serial": "TW 1042"})


def test_its_pages_suit_everybody_on_every_screen(desk, shop):
    from playwright.sync_api import expect

    desk.pages.expect_error("status of 422")
    for width, scheme, language in ((PHONE, "dark", "ru"), (DESK, "light", "en")):
        page = desk.pages.open(width=width, scheme=scheme, language=language)
        page.goto(f"{desk.address}/p/support/webform/a-repair")
        page.locator("p.foot button").click()
        expect(page.locator(".errors")).to_be_visible()
        assert accessibility_problems(page) == []
        assert overflow(page) <= 0
        for path in ("", "a-repair/thanks", "a-repair/waiting"):
            page.goto(f"{desk.address}/p/support/webform/{path}")
            assert accessibility_problems(page) == []
        marta = desk.sign_in(ADMIN, width=width, scheme=scheme, language=language)
        for path in ("", "forms/new", "forms/1"):
            marta.goto(f"{desk.address}/forms/support/x/webform/{path}")
            assert accessibility_problems(marta) == []
            assert overflow(marta) <= 0
