"""Business hours: the page on which administrators make the calendars that contracts and the like work by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel import Locale
from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.hours import commands
from plugdesk.hours.countries import countries
from plugdesk.hours.entering import LONGEST_NAME, READY, exceptions_in_words, hours_typed, is_around_the_clock
from plugdesk.hours.models import BusinessHours
from plugdesk.hours.queries import all_business_hours, coming_days, uses_of, zone_of
from plugdesk.i18n import current_language, pgettext
from plugdesk.i18n import gettext as _
from plugdesk.users.shifts import hours_in_words
from plugdesk_web.choices import zone_choices
from plugdesk_web.current import admin_only, db, me
from plugdesk_web.editing import FRESH, Refused, refused, version_given
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.shifts import week_days

blueprint = Blueprint("hours", __name__, url_prefix="/hours")


@blueprint.get("")
@admin_only
def index() -> Response:
    """All of them, each with its week in short."""
    rows = [(each, _in_short(each), zone_of(db(), each)) for each in all_business_hours(db())]
    return page("hours/index.html", rows=rows)


@blueprint.get("/new")
@admin_only
def new() -> Response:
    """A new one; `ready` names a week to begin with."""
    week = READY.get(request.args.get("ready", ""), READY["weekdays"])
    return _edit(None, {f"day-{number}": hours for number, hours in enumerate(week)})


@blueprint.post("")
@admin_only
def create() -> Response:
    given = request.form
    try:
        hours = commands.add_business_hours(db(), given, by=me())
    except (Invalid, Conflict) as refusal:
        return _edit(None, given, refused(refusal))
    return redirect_after(url_for("hours.show", hours_id=hours.id), _("“%(name)s” is there.", name=hours.name))


@blueprint.get("/<int:hours_id>")
@admin_only
def show(hours_id: int) -> Response:
    """One in its editor, with the coming weeks and what uses it."""
    hours = _hours(hours_id)
    return _edit(hours, _stored(hours))


@blueprint.post("/<int:hours_id>")
@admin_only
def change(hours_id: int) -> Response:
    hours, given = _hours(hours_id), request.form
    try:
        commands.change_business_hours(db(), hours, given, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, hours = refused(refusal), _hours(hours_id)
        stored, labels = _stored(hours), _labels()
        return _edit(hours, given, said.beside((label, given.get(name), stored[name]) for name, label in labels.items()))
    return redirect_after(url_for("hours.show", hours_id=hours_id), _("Saved."))


@blueprint.post("/<int:hours_id>/deletion")
@admin_only
def delete(hours_id: int) -> Response:
    """Delete them, unless something works by them."""
    hours = _hours(hours_id)
    name = hours.name
    try:
        commands.delete_business_hours(db(), hours, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, hours = refused(refusal), _hours(hours_id)
        return _edit(hours, _stored(hours), said)
    return redirect_after(url_for("hours.index"), _("“%(title)s” is deleted.", title=name))


def _hours(hours_id: int) -> BusinessHours:
    hours = db().get(BusinessHours, hours_id)
    if hours is None:
        raise NotFound(_("There are no such business hours any more."))
    return hours


def _labels() -> dict[str, str]:
    days = {f"day-{number}": name for number, name in enumerate(week_days())}
    named = {"zone": _("Time zone"), "country": _("Public holidays of"), "region": _("Region"), "exceptions": _("Exceptions")}
    return {"name": pgettext("thing", "Name"), **days, **named}


def _stored(hours: BusinessHours) -> dict[str, Any]:
    return {
        "name": hours.name, "zone": hours.zone or "", "country": hours.country or "", "region": hours.region or "",
        "exceptions": exceptions_in_words(hours.exceptions), **hours_typed(hours.weekly),
    }  # fmt: skip


def _in_short(hours: BusinessHours) -> str:
    """Days of the same hours in one: “Monday–Friday 9:00–18:00”."""
    if is_around_the_clock(hours.weekly):
        return _("Around the clock")
    names, parts, first = week_days(), list[str](), 0
    for number in range(1, len(names) + 1):
        if number < len(names) and hours.weekly[number] == hours.weekly[first]:
            continue
        if hours.weekly[first]:
            days = names[first] if number - 1 == first else f"{names[first]}–{names[number - 1]}"
            parts.append(f"{days} {hours_in_words(hours.weekly[first])}")
        first = number
    return "; ".join(parts)


def _countries() -> list[tuple[str, str]]:
    names = Locale(current_language()).territories
    return sorted(((code, names.get(code, code)) for code in countries()), key=lambda each: each[1])


def _edit(hours: BusinessHours | None, given: Mapping[str, Any], refusal: Refused = FRESH) -> Response:
    days = coming_days(db(), hours) if hours else []
    weeks = [days[at : at + 7] for at in range(0, len(days), 7)]
    return page(
        "hours/edit.html", status=refusal.status, hours=hours, given=given, refused=refusal, days=list(enumerate(week_days())),
        zones=zone_choices(), countries=_countries(), weeks=weeks, in_words=hours_in_words, used=uses_of(db(), hours) if hours else (),
        zone=zone_of(db(), hours) if hours else "", longest=LONGEST_NAME,
    )  # fmt: skip
