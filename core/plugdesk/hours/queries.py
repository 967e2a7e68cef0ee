"""Questions about business hours: all of them, the calendar one makes, and what the coming days look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.calendars import Calendar, Interval
from plugdesk.forms.models import Form
from plugdesk.hours.countries import holidays_of
from plugdesk.hours.models import BusinessHours
from plugdesk.i18n import current_language
from plugdesk.i18n import gettext as _
from plugdesk.naming import Place, places_naming
from plugdesk.runtime import runtime_of

YEARS_BEFORE, YEARS_AFTER = 2, 6  # a deadline is not reckoned over more


@dataclass(frozen=True)
class Day:
    """A day as it is worked: its `hours`, none when it is off, and why it differs from the week, or ""."""

    day: date
    hours: Sequence[Interval]
    why: str = ""


def all_business_hours(session: Session) -> Sequence[BusinessHours]:
    """Every one of the desk, by name."""
    return session.scalars(sa.select(BusinessHours).order_by(BusinessHours.folded)).all()


def calendar_of(session: Session, hours: BusinessHours, *, now: datetime | None = None) -> Calendar:
    """The calendar these hours make, with the holidays of the years around `now` (the present)."""
    zone = zone_of(session, hours)
    year = (now or runtime_of(session).clock.now()).astimezone(ZoneInfo(zone)).year
    days = differing_days(hours, range(year - YEARS_BEFORE, year + YEARS_AFTER + 1))
    return Calendar(zone, hours.weekly, {day: each.hours for day, each in days.items()})


def calendar_of_form(session: Session, form: Form, *, now: datetime | None = None) -> Calendar | None:
    """The calendar by which the people of `form` work, around `now`; None is around the clock."""
    hours = session.get(BusinessHours, form.hours_id) if form.hours_id is not None else None
    return calendar_of(session, hours, now=now) if hours is not None else None


def zone_of(session: Session, hours: BusinessHours) -> str:
    """The name of the time zone in which these hours are meant."""
    return hours.zone or runtime_of(session).desk(session).zone


def differing_days(hours: BusinessHours, years: Sequence[int] | range) -> Mapping[date, Day]:
    """The days of `years` on which others than the week's hours are worked: holidays, moved working days, exceptions, which win."""
    found: dict[date, Day] = {}
    usual = _intervals(next((day for day in hours.weekly if day), []))
    for year in years if hours.country else ():
        known = holidays_of(hours.country or "", hours.region, year, current_language())
        found |= {day: Day(day, (), name) for day, name in known.days.items()}
        found |= {day: Day(day, usual, _("Moved working day")) for day in known.worked}
    for each in hours.exceptions:
        first, last = date.fromisoformat(each["first"]), date.fromisoformat(each["last"])
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            found[day] = Day(day, _intervals(each["hours"]), _("Exception"))
    return found


def coming_days(session: Session, hours: BusinessHours, *, weeks: int = 4) -> list[Day]:
    """The days from this week's Monday on, each as it is worked."""
    today = runtime_of(session).clock.now().astimezone(ZoneInfo(zone_of(session, hours))).date()
    monday = today - timedelta(days=today.weekday())
    days = [monday + timedelta(days=number) for number in range(7 * weeks)]
    differ = differing_days(hours, range(days[0].year, days[-1].year + 1))
    return [differ.get(day) or Day(day, _intervals(hours.weekly[day.weekday()])) for day in days]


def uses_of(session: Session, hours: BusinessHours) -> list[Place]:
    """What works by these hours: forms, and places of extensions that are on; one of several forms once."""
    forms = session.scalars(sa.select(Form).where(Form.hours_id == hours.id).order_by(Form.name))
    own = [Place(_("Form “%(name)s”", name=form.name), f"/forms/{form.slug}") for form in forms]
    return list(dict.fromkeys([*own, *(each.place for each in places_naming(session, hours))]))


def _intervals(stored: Sequence[Sequence[int]]) -> tuple[Interval, ...]:
    return tuple((first, last) for first, last in stored)
