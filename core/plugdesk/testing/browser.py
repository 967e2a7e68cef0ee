"""A visitor of a desk's pages in a test: signs in as anybody, and carries the token that every form carries."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from plugdesk.app import SAFE_METHODS
from plugdesk.testing.desks import ADDRESS

if TYPE_CHECKING:
    from flask import Flask

    from plugdesk.users.models import User

COOKIE = "__Host-plugdesk"
TOKEN = "csrf_token"


class Browser(FlaskClient):
    """`browser.sign_in(agent)`, then `browser.get("/tickets/1")`. A POST proves that it comes from a page of the desk."""

    def sign_in(self, user: User) -> None:
        """From now on this is `user`, without a password."""
        from plugdesk.sessions import sign_in

        with self.application.extensions["plugdesk"].database.write() as session:
            self.set_cookie(COOKIE, sign_in(session, user), domain="desk.example", secure=True, path="/")

    def open(self, *args: Any, **given: Any) -> Any:
        """What the desk answers; see `flask.testing.FlaskClient`."""
        if str(given.get("method", "GET")).upper() not in SAFE_METHODS:
            given["headers"] = {"X-CSRFToken": self._token(), **dict(given.get("headers") or {})}
        given.setdefault("base_url", ADDRESS)
        return super().open(*args, **given)

    def _token(self) -> str:
        with self.session_transaction(base_url=ADDRESS) as kept:
            raw = kept.setdefault(TOKEN, secrets.token_hex(20))
        return str(URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token").dumps(raw))  # type: ignore[arg-type]


def browser_of(app: Flask) -> Browser:
    """A visitor of `app` who is signed in as nobody."""
    app.testing = True
    return Browser(app, app.response_class, use_cookies=True)
