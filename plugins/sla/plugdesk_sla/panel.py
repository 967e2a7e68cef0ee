"""The clocks beside the ticket, as a readable timeline, and the nearest deadline as a chip in lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from plugdesk.api import (
    BusinessHours,
    Calendar,
    Context,
    Invalid,
    Ticket,
    User,
    can_configure,
    format_datetime,
    format_duration,
    pgettext,
)
from plugdesk.api import gettext as _
from plugdesk_sla.calendars import calendar_with
from plugdesk_sla.clocks import DONE, PAUSED, SOON, stretches
from plugdesk_sla.models import Clock, Promise
from plugdesk_sla.reckoning import running, worked
from plugdesk_sla.targets import TITLES, title_of

LISTED = ("deadline", "deadline_of", "sla_state", "breached")
OK, SOON_STATE, LATE, STILL, KEPT = "ok", "soon", "late", "paused", "kept"  # as the component `clock` draws them
_TONES = {OK: "grey", SOON_STATE: "amber", LATE: "red", STILL: "grey"}


@dataclass(frozen=True)
class Span:
    """A stretch of a clock: counted or paused, how much working time of it counted, None for a pause."""

    begin: datetime
    end: datetime | None
    counted: str | None


@dataclass(frozen=True)
class ShownClock:
    """A clock as the panel draws it."""

    title: str
    state: str
    text: str
    spent: str
    due_at: datetime | None
    ended_at: datetime | None
    spans: Sequence[Span]


def concerns(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether anything is promised for the ticket."""
    return sa.exists().where(Promise.ticket_id == ticket.id)


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel: each clock with its spans, the calendar, and why this policy."""
    promise = ctx.db.get(Promise, ticket.id)
    if promise is None or ctx.form is None or promise.form_id != ctx.form.id:
        return None
    hours = ctx.db.get(BusinessHours, promise.hours_id) if promise.hours_id is not None else None
    try:
        calendar: Calendar | None = calendar_with(ctx, hours)
    except Invalid:
        calendar = None
    return "sla:panel.html", {
        "promise": promise, "why": promise.why, "hours": hours.name if hours else _("Around the clock"),
        "clocks": [_shown(ctx, ticket, each, calendar) for each in promise.clocks], "slug": ctx.form.slug,
        "may_configure": can_configure(ctx.db, viewer, ctx.form), "number": ticket.number,
    }  # fmt: skip


def cell(ctx: Context, values: Mapping[str, Any]) -> Any:
    """The chip of a ticket in a list: how much is left until the nearest deadline, or since when it is over."""
    from plugdesk_web.api import Cell

    due, state = values.get("deadline"), values.get("sla_state")
    if state is None or state == DONE:
        return None
    what = str(TITLES[values["deadline_of"]]) if values.get("deadline_of") else ""
    if due is None:
        return Cell(pgettext("clock", "paused"), "grey", "pause", _("The clocks stand still")) if state == PAUSED else None
    standing = _standing(ctx.now, due)
    title = _("%(target)s: %(due)s", target=what, due=format_datetime(due))
    return Cell(_left(ctx.now, due), _TONES[standing], "alert" if standing == LATE else "clock", title)


def _shown(ctx: Context, ticket: Ticket, clock: Clock, calendar: Calendar | None) -> ShownClock:
    title = title_of(ticket.form, clock.sort, clock.status)
    ended = clock.ended_at
    if ended is not None:
        missed = clock.breached_at is not None
        state, text = (LATE, _("Missed")) if missed else (KEPT, _("Kept"))
    elif clock.due_at is None:
        state, text = STILL, _("%(time)s left", time=format_duration(clock.left or 0))
    else:
        state, text = _standing(ctx.now, clock.due_at), _left(ctx.now, clock.due_at)
    pauses = stretches(clock)
    spent = worked(calendar, clock.started_at, pauses, ended or ctx.now) if calendar else 0.0
    words = _("%(spent)s of %(all)s", spent=format_duration(spent), all=format_duration(clock.seconds))
    return ShownClock(title, state, text, words, clock.due_at, ended, _spans(ctx, clock, calendar))


def _spans(ctx: Context, clock: Clock, calendar: Calendar | None) -> list[Span]:
    """Counted stretches and pauses in turn."""
    until, found = clock.ended_at or ctx.now, list[Span]()
    for begin, end in running(clock.started_at, stretches(clock)):
        stop = min(end or until, until)
        if found:
            found.append(Span(found[-1].end or begin, begin, None))
        counted = calendar.working_seconds_between(begin, stop) if calendar and stop > begin else 0.0
        found.append(Span(begin, stop, format_duration(counted)))
    if clock.is_paused and clock.ended_at is None:
        found.append(Span(datetime.fromisoformat(clock.pauses[-1][0]), None, None))
    return found


def _standing(now: datetime, due: datetime) -> str:
    return LATE if due <= now else SOON_STATE if due <= now + SOON else OK


def _left(now: datetime, due: datetime) -> str:
    """ "38 min", or "38 min late": on the clock of the wall, by which people look at it."""
    length = format_duration(_rough((due - now).total_seconds()))
    return _("%(time)s late", time=length) if due <= now else length


def _rough(seconds: float) -> float:
    """Whole minutes below an hour, hours below a day and then days: nobody reads more of it in a list."""
    size = abs(seconds)
    unit = 60 if size < 3_600 else 3_600 if size < 172_800 else 86_400
    return max(60, size // unit * unit)
