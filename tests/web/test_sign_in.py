"""Signing in and out, as a browser does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from webtest import TestApp

from plugdesk.clock import MovableClock
from plugdesk.events import Event
from plugdesk.forms.models import Desk
from plugdesk.sessions import SignedSession
from plugdesk.users.commands import set_password
from plugdesk.users.models import User
from tests.factories import PASSWORD, make_agent

Visitor = Callable[[], TestApp]
Browse = Callable[[User], TestApp]
WRONG = "nobody's password at all"


@pytest.fixture
def anna(desk: Desk, session: Session) -> User:
    anna = make_agent(session, name="Anna", email="anna@desk.example")
    session.commit()
    return anna


def sign_in(
    browser: TestApp, password: str = PASSWORD, *, email: str = "anna@desk.example", after: str = "/sign-in", status: int = 303
):
    form = browser.get(after).form
    form["email"], form["password"] = email, password
    return form.submit(status=status)


def test_the_right_password_opens_the_desk(anna: User, visitor: Visitor) -> None:
    browser = visitor()
    assert sign_in(browser).location == "/"
    assert browser.get("/account", status=200)


def test_the_cookie_is_for_this_host_only_and_out_of_reach_of_scripts(anna: User, visitor: Visitor) -> None:
    cookie = next(value for name, value in sign_in(visitor()).headerlist if name == "Set-Cookie" and "__Host-plugdesk=" in value)
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "Path=/" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


def test_over_plain_http_elsewhere_the_cookie_has_its_plain_name(anna: User, app) -> None:
    browser = TestApp(app, extra_environ={"HTTP_HOST": "desk.example"})
    cookie = next(value for name, value in sign_in(browser).headerlist if name == "Set-Cookie" and value.startswith("plugdesk="))
    assert "Secure" not in cookie


def test_every_sign_in_gets_a_token_of_its_own_and_ends_the_browsers_old_session(
    anna: User, session: Session, visitor: Visitor
) -> None:
    browser = visitor()
    sign_in(browser)
    first = browser.cookies["__Host-plugdesk"]
    page = browser.post(
        "/sign-in", {"email": "anna@desk.example", "password": PASSWORD, "csrf_token": token_of(browser)}, status=303
    )
    assert page
    assert browser.cookies["__Host-plugdesk"] != first
    session.expire_all()
    ended = session.scalars(sa.select(SignedSession.ended_at).order_by(SignedSession.id)).all()
    assert [moment is None for moment in ended] == [False, True]


def token_of(browser: TestApp) -> str:
    return browser.get("/account").forms[0]["csrf_token"].value


@pytest.mark.parametrize("email", ["anna@desk.example", "nobody@desk.example"])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(anna: User, visitor: Visitor, email: str) -> None:
    page = sign_in(visitor(), WRONG, email=email, status=422)
    assert "That is not the password of this address." in page.text
    assert page.form["email"].value == email
    assert page.form["password"].value == ""


def test_the_stored_hash_is_not_a_password(anna: User, visitor: Visitor) -> None:
    assert anna.password_hash is not None
    sign_in(visitor(), anna.password_hash, status=422)


def test_after_twenty_wrong_passwords_the_account_waits_and_says_how_long(
    anna: User, visitor: Visitor, clock: MovableClock
) -> None:
    browser = visitor()
    form = browser.get("/sign-in").form
    form["email"], form["password"] = "anna@desk.example", WRONG
    for _attempt in range(20):
        form.submit(status=422)
    page = sign_in(browser, status=429)
    assert "Try again in 15 minutes." in page.text
    assert int(page.headers["Retry-After"]) <= 901
    clock.advance(timedelta(minutes=15, seconds=1))
    sign_in(browser)


def test_a_forged_forwarding_header_starts_no_new_count(anna: User, visitor: Visitor) -> None:
    browser = visitor()
    form = browser.get("/sign-in").form
    for number in range(100):
        form["email"], form["password"] = f"guess{number}@desk.example", WRONG
        form.submit(status=422, headers={"X-Forwarded-For": f"198.51.100.{number}"})
    form["email"], form["password"] = "anna@desk.example", PASSWORD
    form.submit(status=429, headers={"X-Forwarded-For": "198.51.100.200"})


def test_a_huge_password_is_refused_at_once(anna: User, visitor: Visitor) -> None:
    form = visitor().get("/sign-in").form
    form["email"], form["password"] = "anna@desk.example", "a" * 10_000_000
    form.submit(status="4*")


def test_signing_out_ends_the_session_on_the_server(anna: User, browse: Browse) -> None:
    browser = browse(anna)
    stolen = browser.cookies["__Host-plugdesk"]
    browser.post("/sign-out", {"csrf_token": token_of(browser)}, status=303)
    browser.set_cookie("__Host-plugdesk", stolen)
    assert browser.get("/account", status=303).location.endswith("/sign-in?next=/account")


def test_another_password_ends_the_sessions_there_were(anna: User, session: Session, browse: Browse) -> None:
    browser = browse(anna)
    set_password(session, anna, "nine grey geese walk home", by=anna)
    session.commit()
    browser.get("/account", status=303)


def test_who_is_led_to_the_sign_in_comes_back_to_the_page(anna: User, visitor: Visitor) -> None:
    browser = visitor()
    assert sign_in(browser, after=browser.get("/customers?q=amira").location).location == "/customers?q=amira"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "https:evil.example", "/%2f%2fevil.example", "/%5cevil"],
)
def test_nobody_is_led_to_another_site(anna: User, visitor: Visitor, target: str) -> None:
    from urllib.parse import quote

    page = sign_in(visitor(), after=f"/sign-in?next={quote(target, safe='')}")
    assert page.location == "/"


def test_a_post_without_the_pages_token_is_refused(anna: User, visitor: Visitor) -> None:
    visitor().post("/sign-in", {"email": "anna@desk.example", "password": PASSWORD}, status=403)


def test_the_page_speaks_the_language_one_chooses_and_remembers_it(anna: User, visitor: Visitor) -> None:
    browser = visitor()
    assert 'lang="ru"' in browser.get("/sign-in?lang=ru").text
    assert '<html lang="ru"' in browser.get("/sign-in").text


def test_a_session_notes_now_and_then_that_it_is_in_use(
    anna: User, session: Session, browse: Browse, clock: MovableClock
) -> None:
    browser = browse(anna)
    begun = clock.now()
    browser.get("/account")
    assert seen(session) == begun
    clock.advance(timedelta(minutes=6))
    browser.get("/account")
    assert seen(session) == begun + timedelta(minutes=6)


def test_a_refused_request_counts_as_use_and_is_answered_with_its_refusal(
    anna: User, session: Session, browse: Browse, clock: MovableClock
) -> None:
    browser = browse(anna)
    form = next(each for each in browser.get("/account").forms.values() if each.action == "/account")
    form["name"] = ""
    clock.advance(timedelta(minutes=6))
    form.submit(status=422)
    assert seen(session) == clock.now()


def seen(session: Session):
    session.expire_all()
    return session.scalar(sa.select(SignedSession.last_seen_at))


def test_every_try_stands_in_the_journal(anna: User, session: Session, visitor: Visitor) -> None:
    browser = visitor()
    sign_in(browser, WRONG, status=422)
    sign_in(browser)
    kinds = session.scalars(sa.select(Event.kind).where(Event.kind.like("sign%")).order_by(Event.id)).all()
    assert kinds == ["sign_in_failed", "signed_in"]
