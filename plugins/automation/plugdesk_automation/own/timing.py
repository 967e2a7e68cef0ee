"""Automations that run so long after something: one timer for each ticket, set to the next of them.

As with the rules every form has, a timer is only a reminder to look; one that is too early does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from plugdesk.api import Context, Direction, Event, Message, StatusKind, Ticket, cancel_timer, set_timer
from plugdesk_automation.own.models import Automation, OwnRun
from plugdesk_automation.own.reading import at_work
from plugdesk_automation.own.running import ask, can_run
from plugdesk_automation.own.starting import Kind, Since, Start
from plugdesk_automation.timing import Calendars, later

TIMER = "automation:own_due"
BATCH = 200
KINDS = tuple(each for each in StatusKind if each is not StatusKind.CLOSED)
"""The kinds of statuses in which time counts: what is closed for good is left alone."""
_CAME = ("status_changed", "ticket_moved")


@dataclass(frozen=True)
class Waiting:
    """A ticket waits for an automation to be asked at `due`, for the `occasion`."""

    due: datetime
    row: Automation
    occasion: str


def arm(ctx: Context, tickets: Sequence[Ticket], *, ahead: bool = False) -> None:
    """Set the timer of each of `tickets` to its next automation, or take it back; with `ahead` what is due already was asked.

    Where the form has none of these, nothing is done: what timers there were find nothing to do.
    """
    rows = at_work(ctx, Kind.TIME)
    if not rows:
        return
    for ticket, waiting in waiting_for(ctx, tickets, rows):
        wanted = [each.due for each in waiting if not ahead or each.due > ctx.now]
        if wanted:
            remind(ctx, ticket, max(min(wanted), ctx.now))
        else:
            cancel_timer(ctx.db, TIMER, str(ticket.id), form=ctx.form)


def remind(ctx: Context, ticket: Ticket, at: datetime) -> None:
    """Have somebody look at the ticket then."""
    set_timer(ctx.db, TIMER, at, key=str(ticket.id), form=ctx.form, ticket_id=ticket.id)


def run_due(ctx: Context, ticket_id: int = 0, **_given: object) -> None:
    """Job: ask what is due on a ticket. What does not hold is asked again when something happens to the ticket."""
    ticket = ctx.db.get(Ticket, ticket_id)
    if ticket is None:
        return
    for _ticket, waiting in waiting_for(ctx, [ticket], at_work(ctx, Kind.TIME)):
        for each in waiting:
            if each.due <= ctx.now and ask(ctx, each.row, ticket, each.occasion) and each.row.stops:
                break
    arm(ctx, [ticket], ahead=True)


def arm_all(ctx: Context, **_given: object) -> None:
    """Job: the automations have changed, or the working time: set the timers of all tickets that can wait for one."""
    form, last = ctx.form, 0
    assert form is not None, "Automation is switched on for forms."
    if not at_work(ctx, Kind.TIME):
        return
    wanted = sa.select(Ticket).where(Ticket.form_id == form.id, Ticket.status_kind.in_(KINDS), Ticket.parent_id.is_(None))
    while found := ctx.db.scalars(wanted.where(Ticket.id > last).order_by(Ticket.id).limit(BATCH)).all():
        last = found[-1].id
        arm(ctx, found)
        ctx.checkpoint()


def waiting_for(
    ctx: Context, tickets: Sequence[Ticket], rows: Sequence[tuple[Automation, Start]]
) -> list[tuple[Ticket, list[Waiting]]]:
    """When each of `tickets` comes to be asked by those of `rows` that have not run, in their order; as few queries for many as for one."""
    able = [each for each in tickets if rows and can_run(ctx, each) and each.status_kind in KINDS]
    came = _came(ctx, able) if any(start.since is Since.STATUS for _row, start in rows) else {}
    said = _said(ctx, able) if any(start.since is Since.SAID for _row, start in rows) else {}
    calendars, ran = Calendars(ctx, able if any(start.in_hours for _row, start in rows) else []), _ran(ctx, able)
    found = dict[int, list[Waiting]]()
    for ticket in able:
        moments = {
            Since.OPENED: ticket.created_at,
            Since.SAID: said.get(ticket.id, ticket.created_at),
            Since.STATUS: came.get(ticket.id, ticket.created_at),
        }
        for row, start in rows:
            moment = moments[start.since]
            calendar = calendars.of(ticket) if start.in_hours else None
            due = later(max(moment, row.since), start.amount, start.unit, in_hours=start.in_hours, calendar=calendar)
            occasion = f"{start.since}:{moment.isoformat()}"
            if due is not None and (ticket.id, row.id, occasion) not in ran:
                found.setdefault(ticket.id, []).append(Waiting(due, row, occasion))
    return [(each, found.get(each.id, [])) for each in tickets if ctx.form is not None and each.form_id == ctx.form.id]


def _ran(ctx: Context, tickets: Sequence[Ticket]) -> set[tuple[int, int | None, str]]:
    query = sa.select(OwnRun.ticket_id, OwnRun.automation_id, OwnRun.occasion)
    found = ctx.db.execute(query.where(OwnRun.ticket_id.in_([each.id for each in tickets]))) if tickets else ()
    return {(number, row, occasion) for number, row, occasion in found}


def _said(ctx: Context, tickets: Sequence[Ticket]) -> Mapping[int, datetime]:
    """When customer or agents last wrote to one another on tickets; what the desk and other programs write is no word of theirs."""
    by_people = (
        Message.ticket_id.in_([each.id for each in tickets]),
        Message.direction != Direction.NOTE,
        Message.kind == "human",
    )
    query = sa.select(Message.ticket_id, sa.func.max(Message.created_at)).where(*by_people).group_by(Message.ticket_id)
    return {number: at for number, at in ctx.db.execute(query)}


def _came(ctx: Context, tickets: Sequence[Ticket]) -> Mapping[int, datetime]:
    """When tickets came into their status, where that was not when they were opened."""
    ctx.db.flush()  # what has just happened counts, too
    events = (Event.ticket_id.in_([each.id for each in tickets]), Event.kind.in_(_CAME))
    query = sa.select(Event.ticket_id, sa.func.max(Event.at)).where(*events).group_by(Event.ticket_id)
    return {number: at for number, at in ctx.db.execute(query) if number is not None}
