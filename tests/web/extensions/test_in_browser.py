"""Catalog, matrix and flow in a real browser: keyboard, sheet, axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from plugdesk.database import Database
from plugdesk.sessions import sign_in
from tests.support.browser import DESK, PHONE, accessibility_problems, overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from sqlalchemy.orm import Session

Open = Callable[..., "Page"]


@pytest.fixture
def database(own_database: Database) -> Database:
    """The desk answers from several threads."""
    return own_database


@pytest.fixture
def open_page(app: Any, serve: Any, pages: Any, session: Session, admin: Any, forms: Any) -> Open:
    """`open_page("/extensions", width=360)`: a page of the desk, seen by Marta."""
    url = serve(app)
    token = sign_in(session, admin)
    session.commit()

    def open_page(path: str, **window: Any) -> Page:
        page: Page = pages.open(**window)
        page.context.add_cookies(
            [{"name": "__Host-plugdesk", "value": token, "url": url.replace("http:", "https:"), "secure": True}]
        )
        page.goto(url + path)
        return page

    return open_page


@pytest.mark.parametrize("width, scheme", [(PHONE, "dark"), (DESK, "light")])
def test_every_page_is_accessible_and_fits(open_page: Open, width: int, scheme: str) -> None:
    page = open_page("/extensions", width=width, scheme=scheme)
    start = page.url
    for path in (
        "",
        "/by-form",
        "/chat",
        "/crashed",
        "/chat/forms/support",
        "/helper/forms/support",
        "/chat/desk",
        "/by-form/support",
    ):
        page.goto(start + path)
        assert accessibility_problems(page) == [], path
        assert overflow(page) == 0, path


def test_arrows_go_from_switch_to_switch_and_space_presses(open_page: Open) -> None:
    page = open_page("/extensions/by-form")
    base = page.get_by_role("switch", name="Base on Support")
    base.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_text("Base: on for Repairs.").wait_for()
    assert page.get_by_role("switch", name="Base on Repairs").is_checked()
    assert page.evaluate("document.activeElement.closest('label').textContent.trim()") == "Base on Repairs"
    assert not base.is_checked()


def test_the_sheet_keeps_what_is_typed_and_switches_on(open_page: Open, pages: Any) -> None:
    pages.expect_error("status of 422")
    page = open_page("/extensions/chat")
    page.locator("#forms tr", has_text="Support").get_by_role("link", name="Settings").click()
    sheet = page.get_by_role("dialog", name="Switch on for Support")
    sheet.get_by_label("Reopens for days").fill("99")
    sheet.get_by_label("Bot token").fill("123:abc")
    sheet.get_by_role("button", name="Test").click()
    sheet.get_by_role("alert").first.wait_for()
    assert sheet.get_by_label("Reopens for days").input_value() == "99"
    sheet.get_by_label("Reopens for days").fill("9")
    sheet.get_by_role("button", name="Test").click()
    sheet.get_by_text("@bot7 answers").wait_for()
    sheet.get_by_role("button", name="Switch on for Support").click()
    page.get_by_text("Chat: on for Support.").wait_for()
    assert page.locator("#forms tr", has_text="Support").get_by_text("On", exact=True).is_visible()


def test_the_catalog_narrows_as_one_types(open_page: Open) -> None:
    page = open_page("/extensions")
    page.get_by_role("searchbox").first.fill("rival")
    page.locator("#card-chat").wait_for(state="detached")
    assert page.locator(".card").count() == 1
    assert page.url.endswith("q=rival")
