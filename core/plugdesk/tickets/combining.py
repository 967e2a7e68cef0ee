"""Merging, splitting and linking tickets."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid
from plugdesk.events import record
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.search import index_message
from plugdesk.tags.commands import unite_tags
from plugdesk.tickets.commands import may_run
from plugdesk.tickets.models import Link, Message, Participant, Ticket
from plugdesk.users.models import User


def merge_tickets(session: Session, ticket: Ticket, into: Ticket, by: User) -> Ticket:
    """Move what was said on `ticket` to `into`, which survives with the tags of both; letters to the merged number find it.

    Both rows are taken in the order of their numbers, so that merging in both directions at once is refused once instead
    of leaving none.
    """
    first, second = sorted((ticket, into), key=lambda each: each.id)
    for each in (first, second):
        session.refresh(each, with_for_update=True)
        may_run(session, each, by, "merge")
    if ticket.id == into.id:
        raise Invalid(_("A ticket cannot be merged into itself."))
    if ticket.merged_into_id is not None or into.merged_into_id is not None:
        raise Conflict(_("One of the two has just been merged. Reload the page."))
    moved = session.scalars(sa.select(Message.id).where(Message.ticket_id == ticket.id)).all()
    session.execute(sa.update(Message).where(Message.ticket_id == ticket.id).values(ticket_id=into.id))
    ticket.merged_into_id = into.id
    ticket.changed_at = into.changed_at = runtime_of(session).clock.now()
    into.spoken_at = max(into.spoken_at, ticket.spoken_at)
    into.customer_waits = into.customer_waits or ticket.customer_waits
    unite_tags(session, ticket, into)
    session.expire(ticket, ["messages"])
    session.expire(into, ["messages"])
    if ticket.customer_id != into.customer_id and (address := ticket.customer.address("email")):
        session.merge(Participant(ticket_id=into.id, address=address, name=ticket.customer.name))
    for message in session.scalars(sa.select(Message).where(Message.id.in_(moved))):
        index_message(session, into, message)
    record(session, "tickets_merged", ticket=into, actor=by, other_id=ticket.id, messages=list(moved))
    record(session, "merged_away", ticket=ticket, actor=by, into_id=into.id)
    return into


def split_ticket(session: Session, ticket: Ticket, messages: Sequence[Message], by: User, *, subject: str) -> Ticket:
    """Open a ticket of its own from some `messages` of `ticket`, which keeps the rest. Both have its tags."""
    may_run(session, ticket, by, "merge")
    own = [each for each in messages if each.ticket_id == ticket.id]
    if not own or len(own) == len(ticket.messages):
        raise Invalid(_("Choose some of the messages, not all."))
    now = runtime_of(session).clock.now()
    fresh = Ticket(
        form=ticket.form, form_id=ticket.form_id, customer=ticket.customer, customer_id=ticket.customer_id, opened_by_id=by.id,
        subject=subject.strip() or ticket.subject, excerpt=own[-1].text[:140], channel=ticket.channel, status=ticket.status,
        status_id=ticket.status_id, status_kind=ticket.status_kind, values=dict(ticket.values), assignee_id=ticket.assignee_id,
        group_id=ticket.group_id, customer_waits=own[-1].direction == "incoming", created_at=now, changed_at=now, spoken_at=now,
        version=1,
    )  # fmt: skip
    session.add(fresh)
    session.flush()  # the new ticket's id
    unite_tags(session, ticket, fresh)
    for message in own:
        message.ticket = fresh
        index_message(session, fresh, message)
    link_tickets(session, fresh, ticket, by, kind="split")
    record(session, "ticket_split", ticket=ticket, actor=by, other_id=fresh.id, messages=[each.id for each in own])
    return fresh


def link_tickets(session: Session, ticket: Ticket, other: Ticket, by: User | None, *, kind: str = "related") -> None:
    """Say that two tickets have to do with each other. Twice is once."""
    for each in (ticket, other):
        may_run(session, each, by, "merge")
    if ticket.id == other.id:
        raise Invalid(_("A ticket cannot be linked to itself."))
    low, high = sorted((ticket.id, other.id))
    if session.get(Link, (low, high)) is None:
        session.add(Link(ticket_id=low, other_id=high, kind=kind, created_at=runtime_of(session).clock.now()))
        record(session, "tickets_linked", ticket=ticket, actor=by, other_id=other.id, kind=kind)


def survivor(session: Session, ticket: Ticket) -> Ticket:
    """The ticket that `ticket` was merged into, at the end of the chain; itself if it was not."""
    seen = {ticket.id}
    while ticket.merged_into_id is not None and ticket.merged_into_id not in seen:
        seen.add(ticket.merged_into_id)
        ticket = session.get_one(Ticket, ticket.merged_into_id)
    return ticket
