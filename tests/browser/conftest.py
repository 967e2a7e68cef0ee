"""A company's desk, served and at work, for people with a browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa

from tests.support.browser import Pages
from tests.support.company import ADMIN, Company
from tests.support.processes import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

ASKED = ("@email", "device", "serial", "photos", "@text")  # by the request form that the shop shows


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


@dataclass
class Shop:
    """A site on another origin, which may show the request form *A repair* of Support and My requests.

    /script has the form's script tag and /frame a plain frame with it, under a policy that allows nothing else; /section has My requests of
    the customer whom `token()` vouches for. `?lang=ru` is in Russian, `?paper=101010` of that colour by a
    style sheet that waits for `styled`, `?paper=auto` as its visitor's system.
    """

    address: str
    near: str  # another origin of the desk's own site: Chromium draws both in one process, where alone scripts are off from the beginning
    desk: str
    token: Callable[[], str] = str
    styled: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str, asked: dict[str, str]) -> tuple[str, str, str]:
        """The content of a page or style sheet, its type, and what scripts its policy allows."""
        if path == "/paper.css":
            self.styled.wait()
            rule = "color-scheme: light dark" if asked["colour"] == "auto" else f"background: #{asked['colour']}"
            return f"html {{ {rule} }}", "text/css", ""
        form = f"{self.desk}/p/support/webform"
        code = {
            "/script": f'<script src="{form}/embed.js" data-form="a-repair" async></script>',
            "/frame": f'<iframe src="{form}/a-repair?_embed=1" width="100%" height="900"></iframe>',
            "/section": f'<script src="{self.desk}/portal/embed.js" data-token="{self.token()}" async></script>',
        }.get(path, "")
        sheet = f'<link rel="stylesheet" href="/paper.css?colour={asked["paper"]}">' if "paper" in asked else ""
        head = f'<html lang="{asked.get("lang", "en")}"><title>Shop</title><link rel="icon" href="data:,">{sheet}'
        scripts = "" if path == "/frame" else f"; script-src {self.desk}"
        return f"<!doctype html>{head}<h1>Shop</h1>{code}</html>", "text/html", scripts


class _ShopsPages(BaseHTTPRequestHandler):
    shop: Shop

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        content, kind, scripts = self.shop.answer(asked.path, dict(parse_qsl(asked.query)))
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header(
            "Content-Security-Policy", f"default-src 'none'; img-src data:; style-src 'self'; frame-src {self.shop.desk}{scripts}"
        )
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *args: Any) -> None:
        """The tests' output has no room for it."""


@pytest.fixture
def shop(desk: Desk) -> Iterator[Shop]:
    """The shop, with its request form."""
    from plugdesk.forms.commands import add_field
    from plugdesk.forms.models import Form
    from plugdesk.plugins.switch import enable_plugin
    from plugdesk.users.models import User
    from plugdesk_webform.commands import RequestFormInput, add_request_form

    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ThisShop", (_ShopsPages,), {}))
    shop = Shop(f"http://localhost:{server.server_port}", f"http://127.0.0.1:{server.server_port}", desk.address)
    shop.styled.set()
    server.RequestHandlerClass.shop = shop  # type: ignore[attr-defined]
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
            "A repair",
            fields=[{"code": code, "must": code == "@text"} for code in ASKED],
            sites=f"{shop.address}\n{shop.near}",
            consent="We keep it.",
        )
        add_request_form(runtime.context("webform", form, session), given, by=marta)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield shop
    shop.styled.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def section(desk: Desk, shop: Shop) -> Shop:
    """The shop, which vouches for its customer Ann: /section has her requests."""
    from plugdesk.forms.models import Form
    from plugdesk.plugins.switch import enable_plugin
    from plugdesk.users.models import User
    from plugdesk_portal.vouching import renew_secret, save_sites, vouching_now

    runtime = desk.company.runtime
    with runtime.database.write() as session:
        form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
        marta = session.scalars(sa.select(User).where(User.email == ADMIN)).one()
        enable_plugin(session, form, "portal", marta)
        ctx = runtime.context("portal", form, session)
        secret = renew_secret(ctx, by=marta, version=0)
        session.flush()  # the version
        save_sites(ctx, shop.address, by=marta, version=vouching_now(ctx).version)
        claims = {"aud": ctx.base_url, "exp": int((ctx.now + timedelta(minutes=4)).timestamp()), "email": "ann@example.com"}
    shop.token = lambda: jwt({**claims, "jti": token_urlsafe(9)}, secret)
    return shop


def jwt(claims: Mapping[str, Any], secret: str) -> str:
    """What the server of the company's site signs."""
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in ({"alg": "HS256"}, claims)]
    mark = hmac.new(secret.encode(), b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mark).rstrip(b"=")]).decode()
