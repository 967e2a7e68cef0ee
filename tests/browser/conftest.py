"""A company's desk, served and at work, for people with a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.support.browser import Pages
from tests.support.company import Company
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass
class Desk:
    """The company, and where its desk answers."""

    company: Company
    address: str
    pages: Pages

    def sign_in(self, email: str, **window: Any) -> Page:
        """A browser window (see `Pages.open`) in which this person has signed in as people do."""
        from tests.factories import PASSWORD

        page = self.pages.open(**window)
        page.goto(f"{self.address}/sign-in")
        page.locator("[name=email]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("form[action*=sign-in] button[type=submit]").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        return page


@pytest.fixture
def desk(company_on: Callable[..., Company], serve: Callable[[Any], str], pages: Pages) -> Iterator[Desk]:
    """SQLite, the embedded worker, LocalMail: the desk of a small company, whose mailbox has been read once."""
    from plugdesk.app import create_app
    from plugdesk.worker import Worker
    from plugdesk_email.models import Mailbox

    company = company_on("sqlite")
    stop = threading.Event()
    working = threading.Thread(target=Worker(company.runtime).run_forever, args=(stop,), daemon=True)
    working.start()

    def is_read() -> bool:
        with company.runtime.database.read() as session:
            return session.scalar(sa.select(Mailbox.succeeded_at)) is not None

    try:
        until(is_read)
        yield Desk(company, serve(create_app(company.runtime)), pages)
        pages.close()  # before the desk they ask every second
    finally:
        stop.set()
        working.join()
