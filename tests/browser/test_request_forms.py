"""Ann asks from the page of a shop on another origin, on her telephone; Ivan finds it in his list. And with scripts off, by a letter."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import Form
from plugdesk.plugins.switch import enable_plugin
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk_webform.commands import RequestFormInput, add_request_form
from tests.browser.conftest import Desk
from tests.support.browser import DESK, PHONE, accessibility_problems, overflow
from tests.support.company import ADMIN, AGENT
from tests.support.processes import until

pytestmark = [pytest.mark.needs("browser"), pytest.mark.one_database]
ASKED = ("@email", "device", "serial", "photos", "@text")


class Shop(BaseHTTPRequestHandler):
    """The shop's pages: /script has the script tag, /frame a plain frame under a policy that allows nothing else."""

    desk = ""

    def do_GET(self) -> None:
        code = {
            "/script": f'<script src="{self.desk}/p/support/webform/embed.js" data-form="a-repair" async></script>',
            "/frame": f'<iframe src="{self.desk}/p/support/webform/a-repair?_embed=1" width="100%" height="900"></iframe>',
        }.get(self.path, "")
        scripts = f"; script-src {self.desk}" if self.path == "/script" else ""
        body = f'<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><h1>Shop</h1>{code}</html>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", f"default-src 'none'; img-src data:; frame-src {self.desk}{scripts}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """The tests' output has no room for it."""


@pytest.fixture
def shop(desk: Desk) -> Iterator[str]:
    """The address of a shop on another origin, which may show the request form *A repair* of Support."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ThisShop", (Shop,), {"desk": desk.address}))
    address = f"http://localhost:{server.server_port}"
    runtime = desk.company.runtime
    with runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        marta = session.scalars(sa.select(User).where(User.email == ADMIN)).one()
        add_field(session, form, label="Device", kind="choice", choices=["Till", "Program"], by=None)
        when = {"fact": "field.device", "is": "till"}
        add_field(session, form, label="Serial", kind="text", required=True, visible_when=when, by=None)
        add_field(session, form, label="Photos", kind="file", by=None)
        enable_plugin(session, form, "webform", None)
        session.flush()
        given = RequestFormInput(
            "A repair", fields=[{"code": code, "must": code == "@text"} for code in ASKED], sites=address, consent="We keep it."
        )
        add_request_form(runtime.context("webform", form, session), given, by=marta)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield address
    server.shutdown()
    server.server_close()


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
    phone.goto(f"{shop}/{place}")
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
    expect(panel).to_contain_text(f"{shop}/{place}" if place == "script" else shop)
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
