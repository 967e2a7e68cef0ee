"""The pages of actions in a real browser: they fit, and are for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugdesk.database import Database
from plugdesk.sessions import sign_in
from plugdesk_workflow.definition import Ask, AskKind, Assignment, Does, How, Letter
from tests.support.browser import PHONE, Pages, accessibility_problems, overflow

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
WORKFLOW = "/forms/support/x/workflow/"


@pytest.fixture
def database(own_database: Database) -> Database:
    """The desk answers from several threads."""
    return own_database


@pytest.mark.parametrize(("width", "scheme", "language"), [(PHONE, "dark", "ru"), (1440, "light", "en")])
def test_the_pages_of_admins_fit_and_are_for_everybody(
    app: Any,
    session: Any,
    admin: Any,
    action: Any,
    serve: Callable[[Any], str],
    pages: Pages,
    width: Any,
    scheme: Any,
    language: Any,
) -> None:
    asks = (Ask(AskKind.TEXT, required=True, label="Why"), Ask(AskKind.FILES), Ask(AskKind.OWN, code="shelf", label="Shelf"))
    letters = (Letter(("customer", "address:shop@example.org"), "<p>${action:text}</p>"),)
    made = action("Refuse", asks=asks, letters=letters, does=Does(status="closed", assignment=Assignment(How.CHOSEN)))
    action("Spam", statuses=["new"], does=Does(status="closed", quietly=True))
    address, token = serve(app), sign_in(session, admin)
    session.commit()
    cookie = {"name": "__Host-plugdesk", "value": token, "url": address.replace("http:", "https:")}
    page = pages.open(cookies=[cookie], width=width, scheme=scheme, language=language)
    for path in ("", f"actions/{made.id}", "actions/new"):
        page.goto(address + WORKFLOW + path)
        assert accessibility_problems(page) == []
        assert not overflow(page)
