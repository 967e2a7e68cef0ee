"""A real browser on the desk's pages: any width, light or dark, English or Russian, judged by axe.

A page that reports an error or asks another machine for anything fails its test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest

from tests.support.parts import chromium, require

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

PHONE, DESK = 360, 1440
PATIENCE_MS = 60_000  # how long anything may take before it counts as broken; a busy machine is slow, not wrong
AXE = Path(__file__).parents[1] / "browser/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
HERE_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window; `pages` is what tests use."""
    require("browser")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET.split(), "--disable-sync", HERE_ONLY])
        yield browser
        browser.close()


class Pages:
    """Opens pages in windows of their own and keeps what went wrong in them."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.problems: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        *,
        width: int = DESK,
        scheme: Literal["light", "dark"] = "light",
        language: Literal["en", "ru"] = "en",
        script: bool = True,
        cookies: list[dict[str, str]] | None = None,
    ) -> Page:
        """A page of a new browser session: nothing is shared with other pages of the test.

        `cookies` are dictionaries of `name`, `value` and `url`, for a session that is signed in already.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": 800 if width > PHONE else 740},
            color_scheme=scheme,
            locale={"en": "en-GB", "ru": "ru-RU"}[language],
            timezone_id="Europe/Moscow",
            reduced_motion="reduce",
            java_script_enabled=script,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies(cookies or [])
        context.on("console", lambda message: self._note(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: self._note(str(error.error)))
        context.on("request", lambda request: self._note_outside(request.url))
        self._contexts.append(context)
        page = context.new_page()
        go = page.goto

        def goto(url: str, **options: Any) -> Response | None:
            answer = go(url, **options)
            started(page)
            return answer

        if script:
            page.goto = goto  # type: ignore[method-assign]
        return page

    def expect_error(self, pattern: str) -> None:
        """Says that the console will report this, e.g. `status of 422` when a form is refused."""
        self._expected.append(re.compile(pattern))

    def close(self) -> list[str]:
        """Closes every window; returns what went wrong and was not expected."""
        for context in self._contexts:
            context.close()
        return [problem for problem in self.problems if not any(known.search(problem) for known in self._expected)]

    def _note(self, problem: str) -> None:
        self.problems.append(problem)

    def _note_outside(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in ("data", "blob", "about") and address.hostname not in ("127.0.0.1", "localhost"):
            self._note(f"asked another machine for {url}")


def started(page: Page) -> Page:
    """`page`, once its scripts listen: nobody is as quick as a test, which presses keys before there is anything to hear them."""
    page.locator("html[data-started], html:not(:has(script[type=module]))").wait_for(state="attached")
    return page


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    pages = Pages(browser)
    yield pages
    problems = pages.close()
    if problems:
        pytest.fail("in the browser: " + "; ".join(problems), pytrace=False)


@pytest.fixture
def page(pages: Pages) -> Page:
    """One page, as wide as a desk, light, English."""
    return pages.open()


def accessibility_problems(page: Page) -> list[str]:
    """What axe finds on the page as it is now, each rule with the elements that break it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "async rules => (await axe.run(document, {runOnly: rules, resultTypes: ['violations']})).violations", RULES
    )
    return [f"{rule['id']}: {' '.join(node['html'] for node in rule['nodes'])}" for rule in found]


def overflow(page: Page) -> int:
    """By how many CSS pixels the page is wider than its window; 0 when nobody has to scroll sideways."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
