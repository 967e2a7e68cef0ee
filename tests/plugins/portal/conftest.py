"""What the tests of the portal share: Ann's telephone, and the way from the sign-in to her letter and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from plugdesk.testing.browser import browser_of
from plugdesk.tickets.attachments import NewFile
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.users.customers import add_organization, find_or_create_customer

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


@pytest.fixture
def bobs(session: Any, form: Any, customer: Any, admin: Any) -> Any:
    """The request, with a file, of Bob of Ann's organization."""
    bob = find_or_create_customer(session, channel="email", value="bob@home.example", name="Bob Stone")
    bob.organization = customer.organization = add_organization(session, name="Stone Works", by=admin)
    said = Said(text="Ours drips.", files=[NewFile("drip.txt", b"drip")])
    ticket = open_ticket(session, form, bob, subject="The tap drips", said=said, channel="email")
    session.commit()
    return ticket


@pytest.fixture
def shared(enable: Callable[..., Any], portal: Any, bobs: Any, session: Any) -> Any:
    """The `ctx` of the portal, where people of one organization read each other's requests."""
    ctx = enable("portal", colleagues=True)
    session.commit()
    return ctx
