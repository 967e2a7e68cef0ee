"""What has happened to tickets, as far as automatic actions count from it: read for many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from plugdesk.api import Context, Event, Role, Ticket, User

STATUS_BEGAN = ("ticket_opened", "status_changed", "ticket_moved")
ACTED = (*STATUS_BEGAN, "message_received", "reply_written", "note_added", "ticket_assigned", "fields_changed", "action_run")
"""What counts as said or done, where a person did it: what workflow is told of, or does itself, so that a timer is set by it."""


@dataclass(frozen=True)
class Past:
    """The event by which a ticket came into its status, and the last thing a person said or did on it, each with its moment.

    `agent` is the last event that an agent did. `here_at` is when it came to its form, `changed_at` when fields were changed since, by code.
    """

    status: int
    status_at: datetime
    acted: int
    acted_at: datetime
    agent: int
    here_at: datetime
    changed_at: Mapping[str, datetime] = field(default_factory=dict)

    def entered_at(self, code: str) -> datetime:
        """When the field got the value it has."""
        return self.changed_at.get(code, self.here_at)


def past_of(ctx: Context, tickets: Sequence[Ticket]) -> Mapping[int, Past]:
    """The past of each of `tickets`, by number. What programs wrote, and what the desk did by itself, is nothing a person did."""
    began = sa.case((Event.kind.in_(STATUS_BEGAN), Event.id))
    by_person = Event.kind.in_(ACTED) & Event.actor_id.is_not(None) & ~_BY_PROGRAM
    wanted = (
        sa.select(
            Event.ticket_id, sa.func.max(began), sa.func.max(sa.case((by_person, Event.id))),
            sa.func.max(sa.case((by_person & Event.actor_id.in_(_AGENTS), Event.id))),
        )
        .where(Event.ticket_id.in_([each.id for each in tickets]))
        .group_by(Event.ticket_id)
    )  # fmt: skip
    ctx.db.flush()  # what has just happened counts, too
    last = {number: (status or 0, acted or 0, agent or 0) for number, status, acted, agent in ctx.db.execute(wanted)}
    ids = {each for found in last.values() for each in found}
    at = {number: moment for number, moment in ctx.db.execute(sa.select(Event.id, Event.at).where(Event.id.in_(ids)))}
    here, changed = _entered(ctx, tickets)
    found = {}
    for ticket in tickets:
        status, acted, agent = last.get(ticket.id, (0, 0, 0))
        found[ticket.id] = Past(
            status, at.get(status, ticket.created_at), acted, at.get(acted, ticket.created_at), agent,
            here.get(ticket.id, ticket.created_at), changed.get(ticket.id, {}),
        )  # fmt: skip
    return found


def _entered(ctx: Context, tickets: Sequence[Ticket]) -> tuple[dict[int, datetime], dict[int, dict[str, datetime]]]:
    """When those of `tickets` that were moved came to their form, and when which fields of each were changed since."""
    wanted = (
        sa.select(Event.ticket_id, Event.kind, Event.at, Event.data)
        .where(Event.ticket_id.in_([each.id for each in tickets]), Event.kind.in_(("fields_changed", "ticket_moved")))
        .order_by(Event.id)
    )
    here, changed = dict[int, datetime](), dict[int, dict[str, datetime]]()
    for number, kind, at, data in ctx.db.execute(wanted):
        if kind == "ticket_moved":
            here[number], changed[number] = at, {}
        else:
            changed.setdefault(number, {}).update(dict.fromkeys(data["changes"], at))
    return here, changed


def switched_on_at(ctx: Context) -> datetime | None:
    """When the extension was last switched on here."""
    assert ctx.form is not None, "Workflow is switched on for forms."
    wanted = sa.select(Event.at).where(
        Event.kind == "extension_enabled", Event.plugin == ctx.plugin, Event.form_id == ctx.form.id
    )
    return ctx.db.scalar(wanted.order_by(Event.id.desc()).limit(1))


_AGENTS = sa.select(User.id).where(User.role.in_((Role.AGENT, Role.ADMIN)))
_BY_PROGRAM = (Event.kind == "message_received") & (Event.data["kind"].as_string() != "human")
