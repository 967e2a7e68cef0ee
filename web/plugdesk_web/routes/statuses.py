"""The statuses of a form: added, named in every language, put in order, deleted with somewhere for their tickets to go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.forms import commands
from plugdesk.forms.behaviour import BEHAVIOUR, MOST_DAYS, SWITCHES
from plugdesk.forms.models import Form, Status, StatusKind
from plugdesk.forms.queries import ticket_counts
from plugdesk.i18n import LANGUAGES, current_language, lazy_gettext, pgettext
from plugdesk.i18n import gettext as _
from plugdesk.naming import places_naming
from plugdesk_web.choices import TONES
from plugdesk_web.current import agent_only, db, form_to_configure, me
from plugdesk_web.editing import FRESH, Refused, nothing, refused, version_given
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.fields import moved_one
from plugdesk_web.routes.forms import tabs_of

blueprint = Blueprint("statuses", __name__, url_prefix="/forms/<slug>/statuses")
KINDS: Mapping[StatusKind, Any] = {
    StatusKind.NEW: lazy_gettext("New: nobody has taken it yet"),
    StatusKind.OPEN: lazy_gettext("Open: somebody is at it"),
    StatusKind.PENDING: lazy_gettext("Pending: we wait for somebody"),
    StatusKind.RESOLVED: lazy_gettext("Resolved: done; a word of the customer opens it again"),
    StatusKind.CLOSED: lazy_gettext("Closed: over"),
}


@blueprint.get("")
@agent_only
def index(slug: str) -> Response:
    """All statuses; the one named by `open`, or with `add` a new one, in its editor."""
    form = form_to_configure(slug)
    status = form.status(request.args.get("open", ""))
    if status is not None:
        return _page(form, status.code, _stored(status))
    return _page(form, "", {"kind": StatusKind.OPEN}) if request.args.get("add") else _page(form, None, {})


@blueprint.post("")
@agent_only
def create(slug: str) -> Response:
    form, given = form_to_configure(slug), request.form
    try:
        status = commands.add_status(
            db(), form, name=given.get("name", ""), kind=given.get("kind", ""), names=_names("name"),
            customer_name=given.get("customer", ""), customer_names=_names("customer"), tone=given.get("tone", ""), by=me(), version=version_given(),
        )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        said = refused(refusal)
        return _page(form_to_configure(slug), "", given, said)
    return redirect_after(url_for("statuses.index", slug=slug), _("The status %(name)s is there.", name=status.name))


@blueprint.post("/<code>")
@agent_only
def change(slug: str, code: str) -> Response:
    form, given = form_to_configure(slug), request.form
    changes = {
        "name": given.get("name", ""), "names": _names("name"), "kind": given.get("kind", ""),
        "customer_name": given.get("customer", ""), "customer_names": _names("customer"), "tone": given.get("tone", ""),
    }  # fmt: skip
    try:
        commands.change_status_row(db(), form, _status(form, code), changes, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        stored = _stored(_status(form, code))
        labels = {"name": pgettext("thing", "Name"), "kind": _("Kind"), "tone": _("Colour"), "customer": _("The customer reads")}
        for language, title, shown in _languages():
            labels |= {f"name-{language}": title, f"customer-{language}": shown}
        return _page(form, code, given, said.beside((label, given.get(name), stored[name]) for name, label in labels.items()))
    return redirect_after(url_for("statuses.index", slug=slug), _("Saved."))


@blueprint.post("/behaviour")
@agent_only
def behave(slug: str) -> Response:
    """What happens by itself when somebody writes."""
    form, given = form_to_configure(slug), request.form
    changes = {name: given.get(name, "") for name in BEHAVIOUR}
    try:
        commands.change_behaviour(db(), form, changes, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        stored = _behaviour(form)
        said = said.beside((label, given.get(name, ""), stored[name]) for name, label in _habits(form).items())
        return _page(form, None, {}, behaviour=given, misbehaved=said)
    return redirect_after(url_for("statuses.index", slug=slug), _("Saved."))


@blueprint.post("/<code>/deletion")
@agent_only
def delete(slug: str, code: str) -> Response:
    """Delete it; its tickets go to the status `move_to`."""
    form = form_to_configure(slug)
    status = _status(form, code)
    name, to = status.name_in(current_language()), form.status(request.form.get("move_to", ""))
    try:
        moved = commands.delete_status(db(), form, status, by=me(), move_to=to, version=version_given())
    except (Invalid, Conflict) as refusal:
        said, form = refused(refusal), form_to_configure(slug)
        return _page(form, code, _stored(_status(form, code)), said)
    return redirect_after(
        url_for("statuses.index", slug=slug),
        _("The status %(name)s is gone. Tickets moved: %(number)d.", name=name, number=moved),
    )


@blueprint.post("/<code>/move")
@agent_only
def move(slug: str, code: str) -> Response:
    """One place up or down."""
    form = form_to_configure(slug)
    status = _status(form, code)
    to = form.statuses.index(status) + (-1 if request.form.get("by") == "up" else 1)
    commands.move_status(db(), form, status, to=to, by=me(), version=version_given())
    return redirect_after(url_for("statuses.index", slug=slug))


@blueprint.post("/order")
@agent_only
def put_in_order(slug: str) -> Response:
    """The order after a drag."""
    form = form_to_configure(slug)
    after = request.form.getlist("order")
    code = moved_one([status.code for status in form.statuses], after)
    if code is not None:
        commands.move_status(db(), form, _status(form, code), to=after.index(code), by=me())
    return nothing()


def _status(form: Form, code: str) -> Status:
    status = form.status(code)
    if status is None:
        raise NotFound(_("This form has no such status any more. Reload the page."))
    return status


def _names(what: str) -> dict[str, str]:
    return {language: request.form.get(f"{what}-{language}", "") for language in LANGUAGES}


def _languages() -> list[tuple[str, str, str]]:
    """A language, and the labels of the name and of the customer's wording in it."""
    return [("en", _("Name in English"), _("They read in English")), ("ru", _("Name in Russian"), _("They read in Russian"))]


def _stored(status: Status) -> dict[str, Any]:
    return {
        "name": status.name,
        "kind": status.kind,
        "tone": status.tone,
        **{f"name-{language}": status.names.get(language, "") for language in LANGUAGES},
        "customer": status.customer_name,
        **{f"customer-{language}": status.customer_names.get(language, "") for language in LANGUAGES},
    }


def _behaviour(form: Form) -> dict[str, str]:
    """What happens by itself, as the page would send it."""
    days = "" if form.reopen_days is None else str(form.reopen_days)
    return {**{name: "1" if getattr(form, name) else "" for name in SWITCHES}, "reopen_days": days}


def _habits(form: Form) -> dict[str, str]:
    """What each switch says, with the names of the statuses it leads to."""
    waiting, going_on = form.first_status(StatusKind.PENDING), form.first_status(StatusKind.OPEN, StatusKind.NEW)
    names = [status.name_in(current_language()) if status else "…" for status in (waiting, going_on)]
    return {
        "waits_on_reply": _("An agent's reply puts the ticket into “%(status)s”", status=names[0]),
        "resumes_on_message": _("A customer's message on a waiting ticket puts it into “%(status)s”", status=names[1]),
        "reopen_days": _("Days after closing in which a customer's message opens the ticket again"),
    }


def _page(
    form: Form,
    code: str | None,
    given: Mapping[str, Any],
    refusal: Refused = FRESH,
    *,
    behaviour: Mapping[str, Any] | None = None,
    misbehaved: Refused = FRESH,
) -> Response:
    """`code` is the status in its editor: "" for a new one, None for none. `behaviour` was typed, and refused as `misbehaved` says."""
    edited = form.status(code) if code else None
    return page(
        "forms/statuses.html", status=max(refusal.status, misbehaved.status), form=form, tabs=tabs_of(form, "statuses"), open=code,
        given=given, refused=refusal, behaviour=_behaviour(form) if behaviour is None else behaviour, misbehaved=misbehaved,
        habits=_habits(form), waits=form.first_status(StatusKind.PENDING) is not None, most_days=MOST_DAYS, counts=ticket_counts(db(), form),
        kinds=[(str(kind), str(title)) for kind, title in KINDS.items()], language=current_language(),
        languages=_languages(), tones=[(tone, str(title)) for tone, title in TONES.items()],
        named_places=places_naming(db(), edited) if edited else (),
    )  # fmt: skip
