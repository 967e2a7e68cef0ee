"""What the tests of the portal share: Ann's telephone, and the way from the sign-in to her letter and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from plugdesk.testing.browser import browser_of

LINK = re.compile(r"https://desk\.example(/portal/links/[\w-]+)")


def words_of(page: Any) -> str:
    main = LexborHTMLParser(page.get_data(as_text=True)).css_first("main")
    return " ".join(main.text(separator=" ").split())


def link_in(letter: Any) -> str:
    found = LINK.search(letter.get_body(("plain",)).get_content())
    assert found
    return found[1]


@pytest.fixture
def portal(enable: Callable[..., Any], mailbox: Any) -> Any:
    """The `ctx` of the portal, on for Support, which has a mailbox."""
    return enable("portal")


@pytest.fixture
def phone(app: Any, portal: Any) -> Any:
    """A browser in which nobody is signed in."""
    return browser_of(app)


@pytest.fixture
def sign_in(mailbox: Any, run_jobs: Callable[[], int], session: Any) -> Callable[..., Any]:
    """`sign_in(browser, "ann@home.example")` asks for a link, reads the letter and presses the button there."""

    def sign_in(browser: Any, address: str = "ann@home.example") -> Any:
        session.commit()
        browser.post("/portal/sign-in/link", data={"email": address})
        run_jobs()
        answer = browser.post(link_in(mailbox.sent[-1]))
        assert answer.status_code == 303, words_of(answer)
        return browser

    return sign_in


@pytest.fixture
def ann(phone: Any, ticket: Any, sign_in: Callable[..., Any]) -> Any:
    """Ann's browser: she is signed in to the portal, and has a ticket."""
    return sign_in(phone)
