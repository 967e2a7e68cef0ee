"""When actions run by themselves: one timer for each ticket, set to the next of them.

A timer is only a reminder to look. It is set anew whenever something happens to the ticket or to the definitions, and one that is
too early, or stands for nothing any more, does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from plugdesk.api import (
    BusinessHours,
    Calendar,
    Context,
    Form,
    Invalid,
    Ticket,
    calendar_of,
    can_be_unmerged,
    cancel_timer,
    set_timer,
)
from plugdesk_workflow.definition import Automatic, Since, Unit, read
from plugdesk_workflow.models import Action, AutomaticRun
from plugdesk_workflow.past import Past, past_of, switched_on_at
from plugdesk_workflow.rights import actions_of, is_offered

TIMER = "workflow:automatic"
LOOK_AGAIN = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Waiting:
    """A ticket waits for an action to run by itself, for the `occasion`; `known` is its last run there."""

    due: datetime
    action: Action
    occasion: str
    past: Past
    known: AutomaticRun | None
    by_hours: bool = False


def arm(ctx: Context, tickets: Sequence[Ticket]) -> None:
    """Set the timer of each of the form's `tickets` to its next automatic action, or take it back where there is none."""
    for ticket, waiting in waiting_for(ctx, tickets):
        if waiting:
            remind(ctx, ticket, max(min(_look_at(ctx, each) for each in waiting), ctx.now))
        else:
            cancel_timer(ctx.db, TIMER, str(ticket.id), form=ctx.form)
    look_again_if_merged(ctx, tickets)


def _look_at(ctx: Context, waiting: Waiting) -> datetime:
    """Business hours may be changed meanwhile: what counts by them is reckoned anew every day."""
    return min(waiting.due, ctx.now + LOOK_AGAIN) if waiting.by_hours else waiting.due


def look_again_if_merged(ctx: Context, tickets: Sequence[Ticket]) -> None:
    """Those merged into others wait for nothing; they are looked at again as long as that can be undone."""
    for ticket in tickets:
        if _is_here(ctx, ticket) and can_be_unmerged(ctx.db, ticket) and timed_actions(ctx):
            remind(ctx, ticket, ctx.now + LOOK_AGAIN)


def remind(ctx: Context, ticket: Ticket, at: datetime) -> None:
    """Have somebody look at the ticket then."""
    set_timer(ctx.db, TIMER, at, key=str(ticket.id), form=ctx.form, ticket_id=ticket.id)


def timed_actions(ctx: Context) -> list[tuple[Action, Automatic]]:
    """The form's automatic actions that are on."""
    return [(each, automatic) for each in actions_of(ctx) if each.is_on and (automatic := read(each).automatic) is not None]


def waiting_for(ctx: Context, tickets: Sequence[Ticket]) -> list[tuple[Ticket, list[Waiting]]]:
    """What each of `tickets` waits for; those of other forms, subtasks and merged ones wait for nothing and are left out."""
    timed = timed_actions(ctx)
    here = [each for each in tickets if timed and _can_run(ctx, each)]
    if not here:
        return []
    past, switched_on = past_of(ctx, here), switched_on_at(ctx) or _NEVER
    wanted = sa.select(AutomaticRun).where(AutomaticRun.ticket_id.in_([each.id for each in here]))
    calendars = _calendars(ctx, timed)
    ran = {(each.ticket_id, each.action_id): each for each in ctx.db.scalars(wanted)}
    found = []
    for ticket in here:
        waiting = []
        for action, automatic in timed:
            if automatic.hours is not None and automatic.hours not in calendars:
                continue  # they are gone: the linter says so
            since = max(action.automatic_since or _NEVER, switched_on)
            due = due_at(
                automatic,
                ticket.form,
                ticket.values,
                past[ticket.id],
                since,
                now=ctx.now,
                zone=ctx.desk.zone,
                calendar=calendars.get(automatic.hours),
            )
            known = ran.get((ticket.id, action.id))
            if due is not None and is_offered(ticket, action) and (known is None or known.occasion != due[1]):
                waiting.append(Waiting(due[0], action, due[1], past[ticket.id], known, automatic.hours is not None))
        found.append((ticket, waiting))
    return found


def due_at(
    automatic: Automatic, form: Form, values: Mapping[str, Any], past: Past, since: datetime, *, now: datetime, zone: str,
    calendar: Calendar | None = None,
) -> tuple[datetime, str] | None:  # fmt: skip
    """When the action runs, and the occasion it runs for. None: never. Time counts `since` the action is there to run by itself.

    So nothing is caught up: a status that began before begins then, and what a field says must not have come due before.
    """
    if automatic.since is Since.FIELD:
        value = values.get(automatic.field)
        moment = _moment(value, zone) if form.field(automatic.field) is not None else None
        due = _later(moment, automatic, calendar) if moment is not None else None
        if moment is None or due is None or due < since or _came_too_late(automatic, value, moment, due, past, now):
            return None
        return due, f"field:{value}"[:80]
    event, began = past.status, past.status_at
    if automatic.since is Since.LAST and past.acted > event:
        event, began = past.acted, past.acted_at
    due = _later(max(began, since), automatic, calendar)
    return (due, f"{automatic.since}:{event}") if due is not None else None


def _came_too_late(automatic: Automatic, value: Any, moment: datetime, due: datetime, past: Past, now: datetime) -> bool:
    """Whether the date was past: before a date, when it is over; after one, when the time was over as somebody entered it.

    A day without a time is over at its end.
    """
    length = timedelta(days=1) if len(value) == len("2026-11-25") else timedelta(0)
    if automatic.before and automatic.amount:
        return now - moment > length
    return past.entered_at(automatic.field) - due > length


def _can_run(ctx: Context, ticket: Ticket) -> bool:
    return _is_here(ctx, ticket) and ticket.parent_id is None and ticket.merged_into_id is None


def _is_here(ctx: Context, ticket: Ticket) -> bool:
    return ctx.form is not None and ticket.form_id == ctx.form.id


def _moment(value: Any, zone: str) -> datetime | None:
    """The moment a field says; a day begins at midnight of the desk's zone. None for nothing, or what is no date any more."""
    try:
        said = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    if said.tzinfo is None:
        said = datetime.combine(date.fromisoformat(value[:10]), time(), ZoneInfo(zone))
    return said


def _calendars(ctx: Context, timed: Sequence[tuple[Action, Automatic]]) -> dict[int | None, Calendar]:
    """The calendars of the business hours that are counted by, as far as these are there."""
    wanted = {automatic.hours for _action, automatic in timed} - {None}
    found = ctx.db.scalars(sa.select(BusinessHours).where(BusinessHours.id.in_(wanted))) if wanted else ()
    return {each.id: calendar_of(ctx.db, each) for each in found}


def _later(moment: datetime, automatic: Automatic, calendar: Calendar | None) -> datetime | None:
    """What is so much later, or earlier; by a calendar days are those that are worked, and it is always working time. None: never."""
    delay = automatic.delay
    try:
        if calendar is None:
            return moment.astimezone(UTC) + delay
        if automatic.unit is Unit.DAYS:
            return calendar.add_working_days(moment, -automatic.amount if automatic.before else automatic.amount)
        seconds = delay.total_seconds()
        if seconds < 0:
            return calendar.take_working_seconds(moment, -seconds)
        return calendar.next_working_moment(calendar.add_working_seconds(moment, seconds))
    except (OverflowError, Invalid):
        return None
