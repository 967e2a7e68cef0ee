"""Errors as pages and fragments: what failed, what was kept, what to do. Nothing of the inside is shown."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, jsonify, make_response, render_template, request
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from plugdesk.app import Busy, Full, in_words
from plugdesk.errors import Invalid, PlugdeskError
from plugdesk.forms.models import Field, FieldKind
from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext
from plugdesk.permissions import note_denied
from plugdesk.tickets.models import Ticket
from plugdesk_web.current import db, desk_or_none, go_on_reading, me_or_none
from plugdesk_web.customers import framed, in_a_frame
from plugdesk_web.entrances import is_for_customers, ways_on
from plugdesk_web.security import frameable
from plugdesk_web.shown import was_shown
from plugdesk_web.ticket_fields import PREFIX

log = logging.getLogger(__name__)
RETRY_AFTER = 5  # seconds; no writer should hold the database for longer
LONGEST_KEPT = 200_000  # letters of one refused form
WORDS = ("subject", "text", "comment")  # fields whose words a person would miss most
ADDRESSES = {"to": lazy_gettext("To"), "cc": lazy_gettext("Cc"), "bcc": lazy_gettext("Bcc")}
NO_WORDS = (
    FieldKind.CHOICE,
    FieldKind.CHOICES,
    FieldKind.CHECK,
    FieldKind.PERSON,
    FieldKind.GROUP,
    FieldKind.CUSTOMER,
    FieldKind.FILE,
)


@dataclass(frozen=True)
class Typed:
    """What a refused form carried, for sending it once more: the `words` a person wrote, and what goes along unseen.

    `fixed` says that an editor made HTML of the words, so that changing them here would change nothing. `labels` are what some of
    the words were asked for by.
    """

    url: str
    words: list[tuple[str, str]]
    hidden: list[tuple[str, str]]
    fixed: bool
    had_files: bool
    labels: Mapping[str, str] = field(default_factory=dict)


def install(app: Flask) -> None:
    """Every refusal in words, in the shape that was asked for."""
    app.register_error_handler(PlugdeskError, _refused)
    app.register_error_handler(HTTPException, _http)
    for kind in (sa.exc.OperationalError, StaleDataError, OSError):
        app.register_error_handler(kind, _database)
    app.register_error_handler(Exception, _broken)


def _refused(error: PlugdeskError) -> Response:
    if error.status in (Busy.status, Full.status):
        go_on_reading()
        response = _answer(error.status, str(error), typed=typed_words())
        response.headers["Retry-After"] = str(RETRY_AFTER)
        return response
    if error.status == 403:
        _note_denied()
    problems = error.problems if isinstance(error, Invalid) else {}
    typed = typed_words() if error.status in (403, 409) else None
    return _answer(error.status, str(error), problems, typed=typed if typed and typed.words else None)


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if code == 403:
        _note_denied()
    if code < 400:
        return make_response(error.get_response())
    response = _answer(code, _sentence(code))
    if code == 405 and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _database(error: Exception) -> Response:
    go_on_reading()  # also for the words: in which language is a question to the database
    known = in_words(error)
    return _refused(known) if known else _broken(error)


def typed_words() -> Typed | None:
    """What was typed into the form that was refused; nothing of forms with a password, and of those that carry too much."""
    if request.method != "POST" or any("password" in name for name in request.form):
        return None
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    if sum(len(value) for _name, value in fields) > LONGEST_KEPT:
        return None
    labels = {**{name: str(label) for name, label in ADDRESSES.items() if "@" in request.form.get(name, "")}, **_labels()}
    words = [(name, value) for name, value in fields if (name in WORDS or name in labels) and value.strip()]
    return Typed(
        request.full_path.rstrip("?"), words, [each for each in fields if each not in words], bool(request.form.get("html")),
        any(each.filename for each in request.files.values()), labels,
    )  # fmt: skip


def _labels() -> dict[str, str]:
    """The fields in words of the ticket whose page this came from, by the names of their controls."""
    number = (request.view_args or {}).get("number")
    codes = [name.removeprefix(PREFIX) for name in request.form if name.startswith(PREFIX)]
    if not codes or not isinstance(number, int) or not was_shown(number):
        return {}
    here = sa.select(Field.code, Field.label).join(Ticket, Ticket.form_id == Field.form_id)
    here = here.where(Ticket.id == number, Field.code.in_(codes), Field.kind.not_in(NO_WORDS)).order_by(Field.position, Field.id)
    return {PREFIX + code: label for code, label in db().execute(here)}


def _broken(error: Exception) -> Response:
    log.exception("A request failed: %s %s", request.method, request.path)
    go_on_reading()  # the session may be of no use any more, and the page asks the database
    return _answer(
        500, _("Something went wrong on our side. It was written down; what you typed is still in the page behind you.")
    )


def _note_denied() -> None:
    """A signed-in person who is refused stands in the journal; strangers would only fill it."""
    user = me_or_none()
    if user is not None:
        note_denied(db(), user, "page", path=request.path[:200], method=request.method)


def _answer(code: int, words: str, problems: Any = None, *, typed: Typed | None = None) -> Response:
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        response = jsonify(error=words, problems=dict(problems or {}))
    elif request.headers.get("HX-Request"):
        response = make_response(render_template("errors/_refusal.html", words=words, code=code))
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#toasts", "beforeend"
    else:
        alone = typed is None and is_for_customers() and in_a_frame()
        response = make_response(_page(code, words, typed, alone=alone))
        if alone:  # words and nothing to press: whoever's site it is, its visitors read them instead of the browser's own refusal
            frameable(response, ["*"])
    response.status_code = code
    return response


def _page(code: int, words: str, typed: Typed | None, *, alone: bool) -> str:
    """For customers one of theirs: the desk's own pages are nothing to them, least of all the agents' sign-in; `alone` nothing but words."""
    if not is_for_customers():
        return render_template("errors/page.html", code=code, words=words, typed=typed)
    if alone:
        return render_template("errors/customers.html", site={"name": ""}, words=words, typed=None, ways=(), bare=True)
    desk = desk_or_none()
    ways = ways_on() if desk is not None else []
    site = {"name": desk.name if desk else "", "home_url": ways[0].url if ways else ""}
    return render_template("errors/customers.html", site=site, words=words, typed=typed, ways=ways, bare=framed())


def _sentence(code: int) -> str:
    return {
        400: _("The request could not be understood. Reload the page and try again."),
        401: _("You are signed out. Sign in again; what you typed stays in the page."),
        403: _("This is not yours to do. If the page was open for long, reload it and try again."),
        404: _("There is no such page, or it is not for you."),
        405: _("This address does not take that."),
        410: _("This page is closed: its form is archived."),
        413: _("This is larger than the desk accepts."),
        415: _("This kind of content is not taken here."),
        429: _("Too many tries. Wait a little."),
    }.get(code, _("Something went wrong. Try again."))
