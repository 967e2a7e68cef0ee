"""What a browser keeps for us: whose session it is, and how a page is to look before anybody has signed in."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, after_this_request, g, request

from plugdesk.i18n import LANGUAGES
from plugdesk.sessions import LONGEST
from plugdesk_web.current import SESSION_COOKIE
from plugdesk_web.security import cookie_name, is_secure

YEAR = timedelta(days=365)


def session_token() -> str | None:
    """The token this browser came with, whether or not it still opens anything."""
    return request.cookies.get(cookie_name(SESSION_COOKIE))


def keep_session(response: Response, token: str, *, stay: bool) -> Response:
    """Give the browser the token of a session: for `LONGEST` if it is to `stay`, else until it is closed."""
    response.set_cookie(
        cookie_name(SESSION_COOKIE),
        token,
        max_age=LONGEST if stay else None,
        path="/",
        secure=is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


def forget_session(response: Response) -> Response:
    """Take the token back."""
    response.delete_cookie(cookie_name(SESSION_COOKIE), path="/", secure=is_secure(), httponly=True, samesite="Lax")
    return response


def keep_choice(response: Response, name: str, value: str) -> Response:
    """Remember `lang`, `theme` or `density` on this device; an empty value forgets it."""
    if value:
        response.set_cookie(name, value, max_age=YEAR, path="/", secure=is_secure(), httponly=True, samesite="Lax")
    else:
        response.delete_cookie(name, path="/", secure=is_secure(), httponly=True, samesite="Lax")
    return response


def speak_as_asked() -> None:
    """Before a page for strangers: the language its address asks for (`?lang=ru`), from now on."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        g.language = asked
        after_this_request(lambda response: keep_choice(response, "lang", asked))
