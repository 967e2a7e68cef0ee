"""How routes answer: a page or its fragment, and after a POST a redirect with what has just happened."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, make_response, redirect, render_template, request
from flask import session as cookie

from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.plugins.context import Context
from plugdesk_web.current import db as request_db
from plugdesk_web.current import runtime
from plugdesk_web.formats import drawing


def page(template: str, /, *, status: int = 200, fragment: str | None = None, **values: Any) -> Response:
    """The page, or for htmx asking for an element of it, `fragment` (a partial with the same values)."""
    name = fragment if fragment and is_fragment() else template
    with drawing():
        response = make_response(render_template(name, **values), status)
    response.headers["Vary"] = "HX-Request"
    return response


def is_fragment() -> bool:
    """Whether htmx asks for a part of a page (and not for the page it restores or boosts)."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def redirect_after(target: str, text: str | None = None, *, tone: str = "message") -> Response:
    """Where a POST leads: 303, so that reloading repeats nothing; `text` is the toast there."""
    if text:
        flash(text, tone)
    return make_response(redirect(target, 303))


def toast(text: str, *, error: bool = False) -> None:
    """Say on the next page what has just happened."""
    flash(text, "error" if error else "message")


def offer_undo(text: str, url: str, *, seconds: int) -> None:
    """Say on the next page what has just happened, with a button that takes it back for `seconds`."""
    waiting = [*cookie.get("toasts", []), {"text": text, "action_label": _("Undo"), "action_url": url, "seconds": seconds}]
    cookie["toasts"] = waiting[-3:]


def take_toasts() -> list[dict[str, Any]]:
    """The toasts for this page; they are shown once, however many templates make it up: a panel is drawn before its page."""
    if "toasts" not in g:
        g.toasts = cookie.pop("toasts", []) if "toasts" in cookie else []
    taken: list[dict[str, Any]] = g.toasts
    return taken


def context(plugin: str, form: Form | None = None) -> Context:
    """The `ctx` of a plugin's own page: on the form of the address, or on the desk. Its session is the request's.

    Where the address names no form, as a vendor's webhook, the plugin says on which `form` it found itself.
    """
    session = request_db()
    scope = form or g.get("form") or runtime().desk(session)
    return runtime().context(plugin, scope, session, "page")
