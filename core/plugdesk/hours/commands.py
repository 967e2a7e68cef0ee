"""What is done to business hours, by administrators. `by` is who does it, None the desk itself. Nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.changes import apply, lock
from plugdesk.errors import Conflict, Invalid
from plugdesk.events import record
from plugdesk.hours.entering import read_hours
from plugdesk.hours.models import BusinessHours
from plugdesk.hours.queries import calendar_of, uses_of
from plugdesk.i18n import gettext as _
from plugdesk.naming import places_naming
from plugdesk.permissions import only_admins
from plugdesk.runtime import runtime_of
from plugdesk.terms import tell_of_terms
from plugdesk.users.models import User

MOST = 200


def add_business_hours(session: Session, given: Mapping[str, Any], *, by: User | None) -> BusinessHours:
    """New business hours as somebody typed them: `name`, `day-0` (Monday) to `day-6`, `zone`, `country`, `region`, `exceptions`.

    Raises `Invalid` by these names, also where there would be no working time at all; `NotAllowed`.
    """
    only_admins(by)
    if (session.scalar(sa.select(sa.func.count()).select_from(BusinessHours)) or 0) >= MOST:
        raise Invalid(_("There are %(most)s business hours. Delete some that nobody needs first.", most=MOST))
    read = _read(session, given, None)
    hours = BusinessHours(**read, created_at=runtime_of(session).clock.now())
    calendar_of(session, hours)  # refuses what is no calendar
    try:
        with session.begin_nested():
            session.add(hours)
    except IntegrityError:
        raise Conflict(_("Somebody else has just added business hours of this name.")) from None
    record(session, "business_hours_added", actor=by, business_hours_id=hours.id, name=hours.name)
    return hours


def change_business_hours(
    session: Session, hours: BusinessHours, given: Mapping[str, Any], *, by: User | None, version: int | None = None
) -> BusinessHours:
    """Change them wherever they are used. Raises `Invalid`, `NotAllowed`, `Conflict`."""
    only_admins(by)
    lock(session, hours, version)
    before, changes = hours.name, apply(hours, _read(session, given, hours))
    calendar_of(session, hours)
    if changes:
        try:
            session.flush()  # a name somebody else took at this moment is refused here
        except IntegrityError:
            raise Conflict(_("Somebody else has just added business hours of this name.")) from None
        told = {name: pair for name, pair in changes.items() if name != "folded"}
        using = {place.form.id: place.form for place in places_naming(session, hours)}
        tell_of_terms(session, list(using.values()), by=by, business_hours_id=hours.id)
        record(session, "business_hours_changed", actor=by, business_hours_id=hours.id, name=before, changes=told)
    return hours


def delete_business_hours(session: Session, hours: BusinessHours, *, by: User | None, version: int | None = None) -> None:
    """Delete them. Raises `Invalid` naming what works by them: that is given other hours first."""
    only_admins(by)
    lock(session, hours, version)
    used = uses_of(session, hours)
    if used:
        names = "; ".join(place.words for place in used)
        raise Invalid(_("These hours are used: %(places)s. Give those other hours first.", places=names))
    try:
        with session.begin_nested():
            session.delete(hours)
    except IntegrityError:
        raise Invalid(_("An extension that is switched off works by these hours. Switch it on to see where.")) from None
    record(session, "business_hours_deleted", actor=by, business_hours_id=hours.id, name=hours.name)


def _read(session: Session, given: Mapping[str, Any], hours: BusinessHours | None) -> dict[str, Any]:
    read = read_hours(given)
    read["folded"] = read["name"].casefold()
    taken = session.scalar(sa.select(BusinessHours).where(BusinessHours.folded == read["folded"]))
    if taken is not None and taken is not hours:
        raise Invalid(problems={"name": _("There are business hours “%(name)s” already.", name=taken.name)})
    return read
