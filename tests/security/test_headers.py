"""What stands in the head of every answer, errors and files included (X3, S2)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from tests.security.test_access import ask, rows
from tests.security.world import World

pytestmark = pytest.mark.one_database


def directives(response: Any) -> dict[str, str]:
    policy = response.headers["Content-Security-Policy"]
    return {name: rest for name, _space, rest in (part.strip().partition(" ") for part in policy.split(";"))}


def everything(world: World) -> list[Any]:
    """An answer of every route to everybody who matters, and what goes wrong: unknown pages, methods, objects, a huge body."""
    answers = []
    for row in rows():
        with world.undone():
            answers += [ask(world, "admin", row), ask(world, "anonymous", row)]
            if row.missing != "-":
                answers.append(ask(world, "agent", row, missing=True))
    for path in ("/nowhere", "/%00", "/tickets/abc", "/static/x/../y", "/p/support/csat/", "/forms/support/x/unknown/"):
        answers += [world.ask("agent", "GET", path), world.ask("anonymous", "GET", path)]
    answers.append(world.ask("agent", "DELETE", "/views/open"))
    answers.append(world.ask("agent", "GET", "/nowhere", headers={"Accept": "application/json"}))
    answers.append(world.ask("agent", "GET", "/nowhere", headers={"HX-Request": "true"}))
    return answers


def test_every_answer_says_what_a_browser_may_do_with_it(world: World) -> None:
    answers = everything(world)
    assert {each.status_code for each in answers} >= {200, 201, 204, 303, 403, 404, 405, 422}
    for each in answers:
        assert each.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, each.request.path
        about, head = f"{each.request.method} {each.request.path}", each.headers
        assert head["X-Content-Type-Options"] == "nosniff", about
        assert head["Referrer-Policy"] in ("same-origin", "no-referrer"), about
        assert head["Strict-Transport-Security"] == "max-age=31536000", about
        assert "Server" not in head or "Werkzeug" not in head["Server"], about
        allowed = directives(each)
        assert allowed["default-src"] == "'none'", about
        if "sandbox" in allowed:  # a file: nothing in it runs, whatever else is said
            continue
        assert allowed["script-src"] == "'self'", about
        assert allowed["object-src"] == allowed["base-uri"] == allowed["frame-ancestors"] == "'none'", about
        assert allowed["form-action"] == "'self'", about
        assert head["X-Frame-Options"] == "DENY", about


def test_nothing_but_static_files_and_what_the_help_says_to_anybody_stays_in_a_browser(world: World) -> None:
    for row in rows():
        with world.undone():
            answer = ask(world, "admin", row)
        kept = answer.headers["Cache-Control"]
        if row.rule.startswith(("/static/", "/help/files/")) or row.object == "picture":
            assert kept == "public, max-age=31536000, immutable"
        elif row.rule.startswith("/help/") and kept.startswith("public"):
            assert kept == "public, no-cache" and "Cookie" in answer.headers["Vary"], row.route
            assert "Set-Cookie" not in answer.headers, row.route
        else:
            assert "no-store" in kept, row.route


def test_over_plain_http_nothing_is_said_about_https(app) -> None:
    assert "Strict-Transport-Security" not in app.test_client().get("/sign-in", base_url="http://desk.example").headers


@pytest.mark.parametrize(
    ("base", "secure"),
    [
        ("https://desk.example", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://desk.example", False),
    ],
)
def test_cookies_are_secure_wherever_browsers_allow_it(world: World, base: str, secure: bool) -> None:
    from plugdesk.testing.browser import browser_of

    browser = browser_of(world.app)
    page = browser.get("/sign-in?lang=ru", base_url=base)
    token = page.get_data(as_text=True).partition('name="csrf_token" value="')[2].partition('"')[0]
    entered = {"email": "ivan@desk.example", "password": world.things["password"], "csrf_token": token}
    answer = browser.post("/sign-in", data=entered, base_url=base, headers={"X-CSRFToken": token})
    assert answer.status_code == 303
    cookies = {
        each.partition("=")[0]: each for each in [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    }
    session = cookies["__Host-plugdesk" if secure else "plugdesk"]
    for each in cookies.values():
        assert "HttpOnly" in each
        assert "SameSite=Lax" in each
        assert "Domain" not in each
        assert ("Secure" in each) is secure, each
    assert "Path=/" in session
