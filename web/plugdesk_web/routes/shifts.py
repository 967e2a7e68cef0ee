"""When agents are at work: weekly shifts, set by administrators, and days off, which everybody says of themselves, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.i18n import gettext as _
from plugdesk.users.models import Absence, User
from plugdesk.users.queries import member_of_staff, staff
from plugdesk.users.shifts import (
    DAYS,
    absences_of,
    add_absence,
    hours_in_words,
    presence_of,
    remove_absence,
    set_shifts,
)
from plugdesk_web.assignees import presence_in_words
from plugdesk_web.current import admin_only, agent_only, db, me
from plugdesk_web.editing import FRESH, Refused, refused
from plugdesk_web.rendering import page, redirect_after

blueprint = Blueprint("shifts", __name__)


@blueprint.get("/people/<int:user_id>/shifts")
@admin_only
def show(user_id: int) -> Response:
    return _page(member_of_staff(db(), user_id))


@blueprint.post("/people/<int:user_id>/shifts")
@admin_only
def save(user_id: int) -> Response:
    """Save the hours of a week; without `fixed` somebody is at work at any time."""
    user, given = member_of_staff(db(), user_id), request.form
    try:
        if given.get("was", "") != _was(user):
            raise Conflict(_("Somebody else changed this meanwhile. Look at it again, then repeat what you did."))
        week = [given.get(f"day-{number}", "") for number in range(DAYS)] if given.get("fixed") else None
        set_shifts(db(), user, week, by=me())
    except (Invalid, Conflict) as refusal:
        said, user = refused(refusal), member_of_staff(db(), user_id)
        rows = [(name, given.get(f"day-{number}"), _week(user)[number]) for number, name in enumerate(week_days())]
        return _page(user, said.beside(rows), given)
    return redirect_after(url_for("shifts.show", user_id=user.id), _("Saved."))


@blueprint.post("/people/<int:user_id>/absences")
@admin_only
def add(user_id: int) -> Response:
    return _add(member_of_staff(db(), user_id))


@blueprint.post("/people/<int:user_id>/absences/<int:absence_id>/removal")
@admin_only
def remove(user_id: int, absence_id: int) -> Response:
    return _remove(member_of_staff(db(), user_id), absence_id)


@blueprint.get("/account/absences")
@agent_only
def mine() -> Response:
    """One's own shifts, to be read, and days off."""
    return _page(me())


@blueprint.post("/account/absences")
@agent_only
def add_mine() -> Response:
    return _add(me())


@blueprint.post("/account/absences/<int:absence_id>/removal")
@agent_only
def remove_mine(absence_id: int) -> Response:
    return _remove(me(), absence_id)


def _add(user: User) -> Response:
    user_id, given = user.id, request.form
    try:
        add_absence(
            db(), user, first_day=given.get("first_day", ""), last_day=given.get("last_day", ""), by=me(),
            substitute=next((each for each in staff(db(), active=True) if str(each.id) == given.get("substitute")), None),
        )  # fmt: skip
    except Invalid as refusal:
        said = refused(refusal)
        return _page(member_of_staff(db(), user_id), given=given, refusal=said)
    return redirect_after(_here(user), _("Saved."))


def _remove(user: User, absence_id: int) -> Response:
    absence = db().get(Absence, absence_id)
    if absence is None or absence.user_id != user.id:
        raise NotFound(_("These days off are no longer there."))
    remove_absence(db(), absence, by=me())
    return redirect_after(_here(user), _("Saved."))


def _is_mine() -> bool:
    return (request.endpoint or "") in ("shifts.mine", "shifts.add_mine", "shifts.remove_mine")


def _here(user: User) -> str:
    return url_for("shifts.mine") if _is_mine() else url_for("shifts.show", user_id=user.id)


def week_days() -> list[str]:
    """The days of a week, Monday first."""
    return [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]


def _week(user: User) -> list[str]:
    return [hours_in_words(day) for day in user.shifts] if user.shifts is not None else [""] * DAYS


def _was(user: User) -> str:
    return "|".join(_week(user)) if user.shifts is not None else ""


def _page(user: User, refusal: Refused = FRESH, given: Mapping[str, Any] | None = None) -> Response:
    stored = {f"day-{number}": hours for number, hours in enumerate(_week(user))} | {"fixed": user.shifts is not None}
    return page(
        "people/shifts.html", status=refusal.status, user=user, refused=refusal, is_mine=_is_mine(), days=list(enumerate(week_days())),
        given=given if given is not None and "was" in given else stored, absence=given if given is not None and "was" not in given else {},
        was=_was(user), absences=absences_of(db(), user), presence=presence_in_words(presence_of(db(), [user])[user.id]),
        substitutes=[(each.id, each.name) for each in staff(db(), active=True) if each.id != user.id],
    )  # fmt: skip
