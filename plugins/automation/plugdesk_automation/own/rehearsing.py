"""Rehearsing an automation before it is switched on: what it would have done in the last days, and nothing is done.

It is asked about the tickets as they are now, for what they were then is not known any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Event, Invalid, NotFound, Ticket, User
from plugdesk.api import gettext as _
from plugdesk_automation.own.asking import form_of, types_of, values_of, zone_of
from plugdesk_automation.own.commands import OwnInput
from plugdesk_automation.own.deeds import LETTERS
from plugdesk_automation.own.models import Automation, Rehearsal, RehearsalState
from plugdesk_automation.own.reading import read_condition
from plugdesk_automation.own.running import can_run
from plugdesk_automation.own.scheduling import WITH, open_tickets
from plugdesk_automation.own.starting import Kind, Start, read_start
from plugdesk_automation.own.timing import KINDS, waiting_for

DAYS = (1, 7, 30, 90)
AT_ONCE = 100  # a page waits for no more
BATCH = 200
SHOWN = 200  # times kept to be looked at
KEPT = timedelta(days=2)
_OPEN = (RehearsalState.WAITING, RehearsalState.RUNNING)


def start(ctx: Context, draft: OwnInput, *, row: Automation | None, version: int | None = None, days: int, by: User) -> Rehearsal:
    """Ask the automation, as edited, about what happened on the form in the last `days`. `Invalid` for days not offered.

    `version` is that of `row` that `draft` was made from: saving it later passes over nothing somebody else has saved since.
    """
    if days not in DAYS:
        raise Invalid(problems={"days": _("Choose one of the numbers offered.")})
    kept = {"automation_id": row.id if row else None, "version": version if row else None, "automation": draft.__dict__}
    rehearsal = Rehearsal(form_id=form_of(ctx).id, by_id=by.id, draft=kept, days=days, total=0, created_at=ctx.now)
    rehearsal.state = RehearsalState.WAITING
    rehearsal.done = rehearsal.times = rehearsal.letters = 0
    rehearsal.found = []
    candidates = _candidates(ctx, rehearsal).order_by(None).subquery()
    rehearsal.total = ctx.db.scalar(sa.select(sa.func.count()).select_from(candidates)) or 0
    ctx.db.add(rehearsal)
    ctx.db.flush()  # the rehearsal's id
    if rehearsal.total <= AT_ONCE:
        go_on(ctx, rehearsal, AT_ONCE)
    else:
        ctx.enqueue("rehearse", key=f"rehearsal:{rehearsal.id}", rehearsal_id=rehearsal.id)
    return rehearsal


def run(ctx: Context, rehearsal_id: int = 0, **_given: object) -> None:
    """Job: go through what happened, batch by batch, each reported; stops when told to."""
    while (rehearsal := ctx.db.get(Rehearsal, rehearsal_id)) is not None and rehearsal.state in _OPEN:
        go_on(ctx, rehearsal, BATCH)
        ctx.checkpoint()


def go_on(ctx: Context, rehearsal: Rehearsal, most: int) -> None:
    """Look at the next `most` times it could have run."""
    key = _key(rehearsal)
    below = sa.true() if rehearsal.next_id is None else key < rehearsal.next_id
    rows = ctx.db.execute(_candidates(ctx, rehearsal).where(below).limit(most)).all()
    if rows:
        rehearsal.next_id = rows[-1].key
        _look(ctx, rehearsal, [(row.ticket_id, row.at) for row in rows])
    rehearsal.done += len(rows)
    over = len(rows) < most
    rehearsal.state = RehearsalState.DONE if over else RehearsalState.RUNNING
    rehearsal.finished_at = ctx.now if over else None


def stop(ctx: Context, rehearsal: Rehearsal) -> None:
    """End a rehearsal that still goes on; what it has found so far stays."""
    if rehearsal.state in _OPEN:
        rehearsal.state, rehearsal.finished_at = RehearsalState.STOPPED, ctx.now


def rehearsal_here(ctx: Context, rehearsal_id: int) -> Rehearsal:
    """The form's rehearsal with this id; `NotFound` for another form's, and when it is cleared away."""
    found = ctx.db.get(Rehearsal, rehearsal_id)
    if found is None or found.form_id != form_of(ctx).id:
        raise NotFound(_("This rehearsal is not kept any more. Start it again from the automation."))
    return found


def drafted(rehearsal: Rehearsal) -> OwnInput:
    """The automation, as edited, that the rehearsal is about."""
    return OwnInput(**rehearsal.draft["automation"])


def forget(ctx: Context) -> None:
    """Timer: forget rehearsals of some days ago."""
    ctx.db.execute(sa.delete(Rehearsal).where(Rehearsal.form_id == form_of(ctx).id, Rehearsal.created_at < ctx.now - KEPT))


def _start_of(rehearsal: Rehearsal) -> Start:
    return read_start(rehearsal.draft["automation"]["starts"])


def _key(rehearsal: Rehearsal) -> Any:
    return Event.id if _start_of(rehearsal).kind is Kind.EVENT else Ticket.id


def _candidates(ctx: Context, rehearsal: Rehearsal) -> Any:
    """What it could have run at, the latest first: events of its kinds; or the tickets that can wait, or are open, now."""
    form, start = form_of(ctx), _start_of(rehearsal)
    if start.kind is Kind.EVENT:
        since = rehearsal.created_at - timedelta(days=rehearsal.days)
        wanted = sa.select(Event.id.label("key"), Event.ticket_id, Event.at)
        wanted = wanted.where(
            Event.form_id == form.id, Event.kind.in_(start.events), Event.at >= since, Event.ticket_id.is_not(None)
        )
        return wanted.order_by(Event.id.desc())
    waits = (Ticket.form_id == form.id, Ticket.status_kind.in_(KINDS), Ticket.parent_id.is_(None), Ticket.deleted_at.is_(None))
    here = sa.select(Ticket).where(*waits) if start.kind is Kind.TIME else open_tickets(form).order_by(None)
    columns = (Ticket.id.label("key"), Ticket.id.label("ticket_id"), Ticket.created_at.label("at"))
    return here.with_only_columns(*columns).order_by(Ticket.id.desc())


def _look(ctx: Context, rehearsal: Rehearsal, times: Sequence[tuple[int, datetime]]) -> None:
    numbers = {number for number, _at in times}
    rows = ctx.db.scalars(sa.select(Ticket).where(Ticket.id.in_(numbers)).options(*WITH)).all()
    tickets = {each.id: each for each in rows if can_run(ctx, each)}
    asked = read_condition(rehearsal.draft["automation"]["condition"], types_of(ctx))
    values = values_of(ctx, list(tickets.values()), asked.facts)
    letters = sum(each["kind"] in LETTERS for each in rehearsal.draft["automation"]["does"])
    found = list(rehearsal.found)
    for number, at in _due(ctx, rehearsal, tickets, times):
        if asked.lost or not asked.holds(values[number], ctx.now, zone_of(ctx)):
            continue
        rehearsal.times += 1
        rehearsal.letters += letters
        if len(found) < SHOWN:
            found.append({"number": number, "subject": tickets[number].subject, "at": at.isoformat()})
    if len(found) != len(rehearsal.found):
        rehearsal.found = found


def _due(
    ctx: Context, rehearsal: Rehearsal, tickets: dict[int, Ticket], times: Sequence[tuple[int, datetime]]
) -> list[tuple[int, datetime]]:
    """The tickets with the moments at which it would have run."""
    start = _start_of(rehearsal)
    known = [(number, at) for number, at in times if number in tickets]
    if start.kind is Kind.EVENT:
        return known
    if start.kind is Kind.SCHEDULE:
        return [(number, rehearsal.created_at) for number, _at in known]
    since = rehearsal.created_at - timedelta(days=rehearsal.days)
    row = Automation(since=datetime.min.replace(tzinfo=rehearsal.created_at.tzinfo))
    waiting = waiting_for(ctx, [tickets[number] for number, _at in known], [(row, start)])
    return [(ticket.id, each.due) for ticket, found in waiting for each in found if since <= each.due <= rehearsal.created_at]
