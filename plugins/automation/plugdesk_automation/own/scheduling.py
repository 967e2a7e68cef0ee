"""Automations that run by the clock: each asks all tickets that are not closed, so many at the most, and sets its next time."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from plugdesk.api import Context, Form, Ticket, User, cancel_timer, ngettext, set_timer
from plugdesk_automation.own.asking import form_of, types_of, values_of
from plugdesk_automation.own.models import Automation
from plugdesk_automation.own.reading import automations_of, own_set, read_condition
from plugdesk_automation.own.running import ask
from plugdesk_automation.own.starting import Kind, read_start

TIMER = "automation:scheduled"
BATCH = 200
WITH = (joinedload(Ticket.customer).selectinload(User.identities), joinedload(Ticket.customer).joinedload(User.organization))
"""What of many tickets is looked at is loaded with them; their customers' contacts in one go."""


def set_next(ctx: Context, row: Automation) -> None:
    """Set the automation's timer to its next time by the clock, or take it back where it has none, rests or is gone."""
    at = next_time(ctx, row)
    if at is not None and own_set(ctx).is_on:
        set_timer(ctx.db, TIMER, at, key=str(row.id), form=ctx.form, automation_id=row.id, planned=at.isoformat())
    else:
        take_back(ctx, row)


def set_all(ctx: Context) -> None:
    """Set the timers of all automations of the form anew: another clock goes on this desk."""
    for row in automations_of(ctx):
        set_next(ctx, row)


def take_back(ctx: Context, row: Automation) -> None:
    """The automation runs by the clock no more."""
    cancel_timer(ctx.db, TIMER, str(row.id), form=ctx.form)


def run(ctx: Context, automation_id: int = 0, planned: str = "", **_given: object) -> None:
    """Job: ask the form's open tickets, batch by batch. After a rest of the desk it runs once, however often it would have."""
    last = changed = 0
    while (row := _running(ctx, automation_id)) is not None:
        most = own_set(ctx).changes
        tickets = ctx.db.scalars(open_tickets(form_of(ctx)).where(Ticket.id > last).limit(BATCH).options(*WITH)).all()
        asked = read_condition(row.condition, types_of(ctx))
        values = values_of(ctx, tickets, asked.facts)
        for ticket in tickets:
            if changed < most and ask(ctx, row, ticket, f"clock:{planned}", values=values[ticket.id]):
                changed += 1
        if not tickets or changed >= most:
            if changed >= most:
                _say_limit(ctx, row, most)
            set_next(ctx, row)
            return
        last = tickets[-1].id
        ctx.checkpoint()


def open_tickets(form: Form) -> sa.Select[Ticket]:
    """The form's tickets that are not closed, the oldest first."""
    here = sa.select(Ticket).where(
        Ticket.form_id == form.id, Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None), Ticket.parent_id.is_(None),
        Ticket.merged_into_id.is_(None),
    )  # fmt: skip
    return here.order_by(Ticket.id)


def next_time(ctx: Context, row: Automation) -> datetime | None:
    """When it runs next by the clock, unless all rest; None where it does not."""
    start = read_start(row.starts)
    return start.rhythm.next(ctx.now, ctx.desk.zone) if row.is_on and start.kind is Kind.SCHEDULE else None


def _running(ctx: Context, automation_id: int) -> Automation | None:
    """The automation, as long as it is there and on."""
    row = ctx.db.get(Automation, automation_id)
    works = row is not None and row.is_on and own_set(ctx).is_on and read_start(row.starts).kind is Kind.SCHEDULE
    return row if works else None


def _say_limit(ctx: Context, row: Automation, most: int) -> None:
    said = ngettext(
        "“%(name)s” stopped after %(num)d ticket, the limit of one run. Raise the limit, or narrow its condition.",
        "“%(name)s” stopped after %(num)d tickets, the limit of one run. Raise the limit, or narrow its condition.",
        most, name=row.name,
    )  # fmt: skip
    ctx.journal("automation_limit", name=row.name, said=said)
