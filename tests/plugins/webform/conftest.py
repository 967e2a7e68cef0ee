"""What the tests of request forms share: a form to send, and a visitor who can."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from plugdesk.testing.browser import browser_of
from plugdesk.testing.desks import ADDRESS
from plugdesk_webform.commands import RequestFormInput, add_request_form, usual_fields
from plugdesk_webform.tokens import BITS, PUZZLES

SHOP = "https://shop.example"


def worked(token: str) -> str:
    """What a browser's script does for a token."""

    def solve(number: int) -> int:
        counter = 0
        while int.from_bytes(hashlib.sha256(f"{token}:{number}:{counter}".encode()).digest()[:2]) >> (16 - BITS):
            counter += 1
        return counter

    return ".".join(str(solve(number)) for number in range(PUZZLES))


class Visitor:
    """Somebody on the internet: no cookie, no account. `typed` are the controls besides those the page holds."""

    def __init__(self, app: Any, address: str = "203.0.113.7") -> None:
        self.browser = app.test_client(use_cookies=False)
        self.address = address

    def get(self, path: str, **given: Any) -> Any:
        return self.browser.get(path, base_url=ADDRESS, environ_base={"REMOTE_ADDR": self.address}, **given)

    def post(self, path: str, typed: dict[str, Any], **given: Any) -> Any:
        multipart = {"content_type": "multipart/form-data"} if given.pop("files", False) else {}
        origin = {"environ_base": {"REMOTE_ADDR": self.address}}
        return self.browser.post(path, data=typed, base_url=ADDRESS, **origin, **multipart, **given)

    def token(self, path: str, **given: Any) -> str:
        return token_in(self.get(path, **given))

    def send(self, path: str, typed: dict[str, Any], *, scripts: bool = True, token: str = "", **given: Any) -> Any:
        """Open the page, fill it in and send it; without `scripts` no work is done for it."""
        token = token or self.token(path)
        return self.post(path, {"token": token, "work": worked(token) if scripts else "", **typed}, **given)


def token_in(page: Any) -> str:
    found = re.search(r'name="token" value="([^"]*)"', page.get_data(as_text=True))
    assert found, page.get_data(as_text=True)
    return found[1]


def controls(page: Any) -> dict[str, str]:
    """What can be filled in on a page, by name, with what stands there."""
    tree = LexborHTMLParser(page.get_data(as_text=True))
    found = {}
    for node in tree.css("#questions input, #questions textarea, #questions select"):
        name = node.attributes.get("name") or ""
        if not name.endswith("-here"):
            chosen = node.css_first("option[selected]")
            found[name] = (
                chosen.attributes["value"] if chosen else (node.attributes.get("value") or node.text().removeprefix("\n"))
            )
    return found


def words_of(page: Any) -> str:
    main = LexborHTMLParser(page.get_data(as_text=True)).css_first("main")
    return " ".join(main.text(separator=" ").split())


@pytest.fixture
def webform(enable: Callable[..., Any]) -> Any:
    """The `ctx` of request forms, switched on for the form Support."""
    return enable("webform")


@pytest.fixture
def visitor(app: Any) -> Visitor:
    return Visitor(app)


@pytest.fixture
def request_form(webform: Any, admin: Any, session: Any) -> Callable[..., Any]:
    """`request_form("A question", fields=…)` adds a request form of Support, which asks for what is usual."""

    def request_form(title: str = "A question", **about: Any) -> Any:
        about.setdefault("fields", usual_fields(webform.form, anonymous=about.get("anonymous", False)))
        row = add_request_form(webform, RequestFormInput(title, **about), by=admin)
        session.commit()
        return row

    return request_form


@pytest.fixture
def editor(app: Any, admin: Any, webform: Any) -> Any:
    """A browser in which Marta, the administrator, is signed in."""
    browser = browser_of(app)
    browser.sign_in(admin)
    return browser
