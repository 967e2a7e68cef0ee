"""Signing in with a password, and out. A session is a row; the browser holds its token."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, g, request, url_for
from flask_login import current_user
from sqlalchemy.orm import Session

from plugdesk.database import afterwards
from plugdesk.errors import Invalid
from plugdesk.plugins.loader import PAGES
from plugdesk.sessions import end_session, note_use, session_of
from plugdesk.throttle import TooMany
from plugdesk.users.signing_in import sign_in_with_password
from plugdesk_web.cookies import forget_session, keep_session, session_token, speak_as_asked
from plugdesk_web.current import db, me_or_none, only_reading, runtime
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.security import own_path

blueprint = Blueprint("sign_in", __name__)
blueprint.before_request(speak_as_asked)


@blueprint.get("/sign-in")
def show() -> Response:
    """The page; who is signed in already goes on."""
    user = me_or_none()
    if user is not None and user.is_agent:
        return redirect_after(_wanted())
    return _page()


@blueprint.post("/sign-in")
def create() -> Response:
    """Begin a session, always a new one; the old one of this browser ends."""
    only_reading()
    before, given, stay = session_token(), request.form, bool(request.form.get("stay"))
    try:
        signed = sign_in_with_password(
            runtime(), email=given.get("email", ""), password=given.get("password", ""), remote_address=request.remote_addr,
            user_agent=request.user_agent.string, stay=stay,
        )  # fmt: skip
    except Invalid as refusal:
        return _page(given, str(refusal), 422)
    except TooMany as refusal:
        response = _page(given, str(refusal), refusal.status)
        response.headers["Retry-After"] = str(int(refusal.wait.total_seconds()) + 1)
        return response
    if before:
        with runtime().database.write() as session:
            _end(session, before)
    return keep_session(redirect_after(_wanted()), signed.token, stay=stay)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session for good, here and on the server."""
    token = session_token()
    if token:
        _end(db(), token)
    return forget_session(redirect_after(url_for("sign_in.show")))


@blueprint.after_app_request
def note_that_it_is_used(response: Response) -> Response:
    """Now and then write down that a session is in use: after the request, in a transaction of its own, for GETs only read."""
    agent = current_user.signed if "_login_user" in g and current_user.is_authenticated else None
    for signed in (agent, g.customer[0] if g.get("customer") else None):
        if signed is not None and signed.should_note(runtime().clock.now()):
            afterwards(db(), _noting(signed.id))
    return response


def _noting(session_id: int) -> Any:
    """What writes it down once the request's own transaction is over; by then a refused request's rows are out of reach."""
    database = runtime().database

    def note() -> None:
        # A busy database is no reason to fail a page that is right; the next one notes it.
        with suppress(sa.exc.OperationalError), database.write() as session:
            note_use(session, session_id)

    return note


def _end(session: Session, token: str) -> None:
    found = session_of(session, token)
    if found is not None:
        end_session(session, found[0], by=found[1])


def _wanted() -> str:
    return own_path(request.args.get("next")) or url_for("tickets.home")


def _page(given: Any = None, problem: str = "", status: int = 200) -> Response:
    return page(
        "sign_in/show.html", status=status, given=given or {}, problem=problem, next=own_path(request.args.get("next")),
        version=runtime().registry.plugins[PAGES].version,
    )  # fmt: skip
