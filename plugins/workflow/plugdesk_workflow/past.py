"""What has happened to tickets, as far as automatic actions count from it: read for many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from plugdesk.api import Context, Event, Ticket

STATUS_BEGAN = ("ticket_opened", "status_changed", "ticket_moved")


@dataclass(frozen=True)
class Past:
    """The event by which a ticket came into its status, and the last thing a person said or did on it, each with its moment."""

    status: int
    status_at: datetime
    acted: int
    acted_at: datetime


def past_of(ctx: Context, tickets: Sequence[Ticket]) -> Mapping[int, Past]:
    """The past of each of `tickets`, by number. What programs wrote, and what the desk did by itself, is nothing a person did."""
    began = sa.case((Event.kind.in_(STATUS_BEGAN), Event.id))
    by_person = Event.actor_id.is_not(None) & ~_BY_PROGRAM
    wanted = (
        sa.select(Event.ticket_id, sa.func.max(began), sa.func.max(sa.case((by_person, Event.id))))
        .where(Event.ticket_id.in_([each.id for each in tickets]))
        .group_by(Event.ticket_id)
    )
    ctx.db.flush()  # what has just happened counts, too
    last = {number: (status or 0, acted or 0) for number, status, acted in ctx.db.execute(wanted)}
    ids = {each for pair in last.values() for each in pair}
    at = {number: moment for number, moment in ctx.db.execute(sa.select(Event.id, Event.at).where(Event.id.in_(ids)))}
    found = {}
    for ticket in tickets:
        status, acted = last.get(ticket.id, (0, 0))
        found[ticket.id] = Past(status, at.get(status, ticket.created_at), acted, at.get(acted, ticket.created_at))
    return found


def switched_on_at(ctx: Context) -> datetime | None:
    """When the extension was last switched on here."""
    assert ctx.form is not None, "Workflow is switched on for forms."
    wanted = sa.select(Event.at).where(
        Event.kind == "extension_enabled", Event.plugin == ctx.plugin, Event.form_id == ctx.form.id
    )
    return ctx.db.scalar(wanted.order_by(Event.id.desc()).limit(1))


_BY_PROGRAM = (Event.kind == "message_received") & (Event.data["kind"].as_string() != "human")
