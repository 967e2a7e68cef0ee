"""Headers on every answer, the origin of every change, and where `next` may lead."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request
from flask import session as cookie
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import Headers

from plugdesk.app import SAFE_METHODS

csrf = CSRFProtect()
YEAR = 31_536_000


def install(app: Flask) -> None:
    """CSRF tokens without a time limit (tabs stay open for days), the Origin check, and the headers."""
    app.config.update(
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_CHECK_DEFAULT=False,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_NAME="plugdesk_form",
    )
    app.session_interface = FormCookie()
    csrf.init_app(app)
    app.jinja_env.globals["csrf_token"] = form_token
    app.context_processor(lambda: {"csrf_token": form_token})
    app.before_request(_check_change)
    app.after_request(_add_headers)


class FormCookie(SecureCookieSessionInterface):
    """Flask's cookie, which holds the token of forms and the toasts: named and secured as the one of who is signed in."""

    _serializer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._serializer is None:  # made once: the key of a process never changes
            self._serializer = super().get_signing_serializer(app)
        return self._serializer

    def get_cookie_name(self, app: Flask) -> str:
        return cookie_name(super().get_cookie_name(app))

    def get_cookie_secure(self, app: Flask) -> bool:
        return is_secure()


def is_secure() -> bool:
    """Whether cookies may be `Secure`: over HTTPS, and on loopback, where browsers allow it."""
    return request.is_secure or (request.host.rsplit(":", 1)[0] in {"localhost", "127.0.0.1", "[::1]"})


def cookie_name(name: str) -> str:
    """`__Host-name` where the cookie is Secure, the plain name over plain HTTP (the System page warns of that)."""
    return f"__Host-{name}" if is_secure() else name


def own_path(target: str | None) -> str | None:
    """`target` if it is a path of this desk, else None: nobody is led elsewhere by a link to us (V3.7.2)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(sign in target for sign in "\\\r\n\t") or "%2f%2f" in target.lower() or "%5c" in target.lower():
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def nonce() -> str:
    """This answer's nonce for the few inline pieces, made when first asked for."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    made: str = g.nonce
    return made


def form_token() -> str:
    """The token of this browser's forms. It has no time limit, so it is signed once, and not again for every page."""
    known = cookie.get("csrf_token")
    return generate_csrf() if known is None else _signed(known)


@lru_cache(maxsize=4096)
def _signed(known: str) -> str:
    g.pop("csrf_token", None)  # of before the browser's cookie was made anew, within this request
    token: str = generate_csrf()  # signs what the cookie holds, which is `known`
    return token


def brings_own_tokens(app: Flask, blueprint: str) -> None:
    """The forms of these pages carry a token of their own, see `Pages`; where a request comes from is looked at all the same."""
    app.config.setdefault("PLUGDESK_OWN_TOKENS", set()).add(blueprint)


def frameable(response: Response, sites: Sequence[str]) -> Response:
    """Let pages of `sites` (like "https://shop.example"), and no others, show this answer in a frame. Only for public pages."""
    if sites:
        response.headers["Content-Security-Policy"] = _policy(" ".join(sites))
        g.framed = response
    return response


def _check_change() -> None:
    if request.method in SAFE_METHODS or request.path.startswith("/in/"):
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        abort(403)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)
    if request.blueprint in current_app.config.get("PLUGDESK_OWN_TOKENS", ()):
        return
    from plugdesk_web.customers import framed

    if framed():
        return  # the address itself is the secret, and cookies do not count
    try:
        csrf.protect()
    except CSRFError:
        abort(403)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    if "Content-Disposition" in headers:
        headers["Content-Security-Policy"] = "default-src 'none'; sandbox"  # a file: whatever it claims to be, nothing in it runs
    if g.get("framed") is not response:  # a browser that reads this one would not look at who may
        headers.setdefault("X-Frame-Options", "DENY")
    add_usual(headers, secure=request.is_secure)
    return response


def add_usual(headers: Headers, *, secure: bool) -> None:
    """The headers of every answer, as far as it has none of its own."""
    headers.setdefault("Content-Security-Policy", _policy("'none'"))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
    if not headers.get("Cache-Control", "").startswith("public"):
        headers["Cache-Control"] = "private, no-store"
    if secure:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")


def _policy(ancestors: str) -> str:
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self';"
        f" form-action 'self'; base-uri 'none'; object-src 'none'; frame-src 'self'; frame-ancestors {ancestors}; manifest-src 'self'"
    )
