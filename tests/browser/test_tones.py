"""A frame on another site is as light as the page around it, whatever the visitor's system prefers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import Desk, Shop
from tests.support.browser import PHONE

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
OTHER: dict[str, Any] = {"light": "dark", "dark": "light"}
PAPER = {"light": "f7f5f0", "dark": "17191c"}


def looks(frame: Any, tone: str) -> None:
    """The page in the frame is drawn so: what it says, and the colour it has."""
    from playwright.sync_api import expect

    expect(frame.locator("html")).to_have_css("color-scheme", tone)
    seen = frame.locator("body").evaluate(
        """body => { const probe = document.createElement("i"); body.append(probe); probe.style.color = "CanvasText";
           const dark = getComputedStyle(probe).color; probe.remove(); return dark === "rgb(0, 0, 0)" ? "light" : "dark"; }"""
    )
    assert seen == tone


@pytest.mark.parametrize("tone", ["light", "dark"])
def test_the_script_tags_look_at_the_page_and_every_page_within_keeps_what_they_saw(desk: Desk, section: Shop, tone: str) -> None:
    from playwright.sync_api import expect

    desk.pages.expect_error("status of 422")
    phone = desk.pages.open(width=PHONE, scheme=OTHER[tone])
    frame = phone.frame_locator("iframe")

    phone.goto(f"{section.address}/script?paper={PAPER[tone]}")
    looks(frame, tone)
    frame.locator("[name=field-device]").select_option("program")
    frame.locator("p.foot button").click()
    expect(frame.locator(".errors")).to_be_visible()
    looks(frame, tone)
    frame.locator("[name=text]").fill("It beeps twice.")
    frame.locator("[name=email]").fill("ann@example.com")
    frame.locator("[name=consent]").check()
    frame.locator("p.foot button").click()
    expect(frame.locator(".thanks")).to_be_visible()
    looks(frame, tone)

    phone.goto(f"{section.address}/section?paper={PAPER[tone]}")
    expect(frame.get_by_role("heading", name="My requests")).to_be_visible()
    looks(frame, tone)
    frame.get_by_role("link", name="Closed").click()
    expect(frame.get_by_text("Nothing found")).to_be_visible()
    looks(frame, tone)
    frame.get_by_role("searchbox").fill("beeps")
    frame.get_by_role("button", name="Search").click()
    expect(frame.get_by_role("searchbox")).to_have_value("beeps")
    looks(frame, tone)


def test_a_plain_frame_is_light_and_one_on_a_page_that_follows_its_visitor_follows(desk: Desk, shop: Shop) -> None:
    phone = desk.pages.open(width=PHONE, scheme="dark")
    phone.goto(f"{shop.address}/frame")
    looks(phone.frame_locator("iframe"), "light")
    phone.goto(f"{shop.address}/script?paper=auto")
    phone.frame_locator("iframe").locator("html[data-scheme='light dark']").wait_for(state="attached")


def test_it_waits_for_a_style_sheet_that_comes_late(desk: Desk, shop: Shop) -> None:
    shop.styled.clear()
    phone = desk.pages.open(width=PHONE)
    phone.goto(f"{shop.address}/script?paper={PAPER['dark']}", wait_until="commit")
    phone.locator("iframe").wait_for(state="attached")
    shop.styled.set()
    looks(phone.frame_locator("iframe"), "dark")
