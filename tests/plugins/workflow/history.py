"""What a ticket's history says of actions that run by themselves."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.events import Event


def ran(session, ticket):
    """The names of what ran by itself on the ticket."""
    found = session.scalars(sa.select(Event).where(Event.ticket_id == ticket.id, Event.kind == "action_run").order_by(Event.id))
    return [each.data["name"] for each in found if each.actor_id is None]


def not_run(session, ticket):
    found = session.scalars(sa.select(Event).where(Event.ticket_id == ticket.id, Event.kind == "action_not_run"))
    return [each.data["why"] for each in found]
