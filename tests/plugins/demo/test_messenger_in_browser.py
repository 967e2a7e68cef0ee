"""The telephone of the demo in a real browser: a photo becomes a ticket, an answer with a file, a correction, a mark, a comment."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.app import create_app
from plugdesk.clock import SystemClock
from plugdesk.forms.models import StatusKind
from plugdesk.runtime import Runtime
from plugdesk.sessions import sign_in
from plugdesk.testing.messenger import picture
from plugdesk.tickets.attachments import NewFile
from plugdesk.tickets.commands import become
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Role, User
from plugdesk.worker import Worker
from plugdesk_csat.models import Rating
from plugdesk_demo.messenger import open_messenger
from tests.plugins.demo.conftest import open_demo
from tests.support.browser import DESK, PHONE, Pages, accessibility_problems, overflow
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
OWN, THEIRS = '#chat li[data-own="yes"]', '#chat li[data-own="no"]'


@pytest.fixture
def desk(played_folder: Path, tmp_path: Path) -> Iterator[Runtime]:
    """A demo's desk at work, with its services."""
    runtime = open_demo(Path(shutil.copytree(played_folder, tmp_path / "demo")))
    runtime.clock = SystemClock()
    stop = threading.Event()
    working = threading.Thread(target=Worker(runtime).run_forever, args=(stop,))
    working.start()
    until(lambda: open_messenger() is not None)
    yield runtime
    stop.set()
    working.join()
    runtime.close()


@pytest.fixture
def open_page(desk: Runtime, serve: Callable[[Any], str], pages: Pages) -> Iterator[Callable[..., Page]]:
    """`open_page(width=360)` is the messenger's page in the window of an administrator."""
    address = serve(create_app(desk))
    with desk.database.write() as session:
        token = sign_in(session, _admin(session))
    cookie = {"name": "__Host-plugdesk", "value": token, "url": address.replace("http:", "https:")}

    def open_page(path: str = "/x/demo/messenger", **window: Any) -> Page:
        page = pages.open(cookies=[cookie], **window)
        page.goto(f"{address}{path}")
        return page

    yield open_page
    pages.close()  # before the desk they ask every two seconds


def test_a_whole_conversation(desk: Runtime, open_page: Callable[..., Page]) -> None:
    from playwright.sync_api import expect

    page = open_page()
    page.evaluate("window.notReloaded = true")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(THEIRS).last).to_contain_text("Write here what we can do for you")

    page.locator("#say [type=file]").set_input_files([{"name": "till.png", "mimeType": "image/png", "buffer": picture()}])
    expect(page.locator(".chosen")).to_have_text("till.png")
    page.locator("#say textarea").fill("The drwer stays shut")
    page.keyboard.press("Enter")
    expect(page.locator(f"{OWN} img")).to_be_visible()
    expect(page.locator("#say textarea")).to_have_value("")
    expect(page.locator("#say textarea")).to_be_focused()
    expect(page.locator(THEIRS).last).to_contain_text("We have received your request")

    with desk.database.write() as session:
        ticket = _latest(session)
        assert [each.type for each in ticket.messages[0].attachments] == ["image/png"]
        files = [NewFile("steps.txt", b"1. Press", "text/plain")]
        reply_to_ticket(session, ticket, _admin(session), body="<p>Press the <b>lock</b>.</p>", files=files)
    expect(page.locator(f"{THEIRS} .file", has_text="steps.txt")).to_be_visible()
    expect(page.locator(f"{THEIRS} b", has_text="lock")).to_be_visible()

    page.locator(OWN).last.get_by_role("link", name="Edit this message").click()
    expect(page.locator("form.writing textarea")).to_have_value("The drwer stays shut")
    page.locator("form.writing textarea").fill("The drawer stays shut")
    page.keyboard.press("Enter")
    expect(page.locator(OWN).last).to_contain_text("edited")
    until(lambda: _read(desk, lambda session: _latest(session).messages[0].text) == "The drawer stays shut")

    with desk.database.write() as session:
        become(session, _latest(session), StatusKind.RESOLVED, by=_admin(session))
    expect(page.locator(".presses button")).to_have_count(5)
    page.locator(".presses button", has_text="Excellent").click()
    expect(page.locator(".presses button")).to_have_count(1)
    expect(page.locator("#chat .answer")).to_contain_text("your next message is the comment")
    page.locator("#say textarea").fill("Quick and kind")
    page.keyboard.press("Enter")
    until(lambda: _read(desk, lambda session: session.scalars(sa.select(Rating.comment)).all())[-1] == "Quick and kind")
    assert page.evaluate("window.notReloaded")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_fits_and_axe_finds_nothing(
    desk: Runtime, open_page: Callable[..., Page], width: int, scheme: str, language: str
) -> None:
    with desk.database.write() as session:
        _admin(session).language = language
        ticket = session.scalars(sa.select(Ticket).where(Ticket.channel == "telegram")).first()
        assert ticket is not None
        number = next(each.value for each in ticket.customer.identities if each.channel == "telegram")
    page = open_page(f"/x/demo/messenger?person={number}", width=width, scheme=scheme, language=language)
    page.locator(THEIRS).last.wait_for()
    assert (accessibility_problems(page), overflow(page)) == ([], 0)


def test_without_script_the_chat_is_made_of_plain_forms(desk: Runtime, open_page: Callable[..., Page]) -> None:
    page = open_page(script=False)
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator("#say textarea").fill("The drawer stays shut")
    page.locator("#say [type=file]").set_input_files([{"name": "till.png", "mimeType": "image/png", "buffer": picture()}])
    page.get_by_role("button", name="Send").click()
    page.locator(f"{OWN} img").wait_for()
    assert page.locator("#say [type=file]").is_visible()


def _read(desk: Runtime, ask: Callable[[Session], Any]) -> Any:
    with desk.database.read() as session:
        return ask(session)


def _latest(session: Session) -> Ticket:
    return session.scalars(sa.select(Ticket).order_by(Ticket.id.desc()).limit(1)).one()


def _admin(session: Session) -> User:
    return session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one()
