"""What a form does by itself when somebody speaks: a reply waits for its customer, a customer's words go on with their ticket.

Once a ticket has been closed for long enough, what its customer writes begins a new one, linked to it.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.events import Event, record
from plugdesk.forms.models import StatusKind
from plugdesk.runtime import runtime_of
from plugdesk.tickets.combining import link_tickets, survivor, takes_part_in
from plugdesk.tickets.commands import become, return_to
from plugdesk.tickets.models import Link, Message, Ticket
from plugdesk.users.models import User

FOLLOW_UP = "follow_up"


def is_over(session: Session, ticket: Ticket) -> bool:
    """Whether a customer's words no longer open the ticket again, as its form rules: they begin a new one, linked to it."""
    days = ticket.form.reopen_days
    if ticket.closed_at is None or days is None or ticket.form.archived_at is not None:
        return False
    return days == 0 or runtime_of(session).clock.now() - ticket.closed_at > timedelta(days=days)


def ticket_going_on(session: Session, ticket: Ticket, author: User) -> Ticket:
    """The ticket that `author`'s words on `ticket` go to: itself, or while it is over what has followed it for them.

    What comes back may be over, too: then a new one is to follow it.
    """
    seen = {ticket.id}
    while is_over(session, ticket):
        following = _following(session, ticket, author)
        if following is None or following.id in seen:
            break
        seen.add(following.id)
        ticket = following
    return ticket


def follows(session: Session, fresh: Ticket, ticket: Ticket) -> None:
    """Say on both that `fresh` goes on where `ticket` was over."""
    link_tickets(session, fresh, ticket, None, kind=FOLLOW_UP)
    record(session, "followed_up", ticket=ticket, other_id=fresh.id)


def words_came(session: Session, ticket: Ticket) -> None:
    """A customer has written: what was done with is open again, and so is what waited for them, unless its form says no."""
    if ticket.status_kind.is_final or (ticket.status_kind is StatusKind.PENDING and ticket.form.resumes_on_message):
        become(session, ticket, StatusKind.OPEN, StatusKind.NEW, by=None)


def reply_was_written(session: Session, ticket: Ticket, reply: Message, agent: User) -> None:
    """The ticket waits for its customer, where its form says so; it is no longer new in any case."""
    if ticket.form.waits_on_reply and ticket.status_kind in (StatusKind.NEW, StatusKind.OPEN):
        become(session, ticket, StatusKind.PENDING, by=agent, reply_id=reply.id)
    if ticket.status_kind is StatusKind.NEW:
        become(session, ticket, StatusKind.OPEN, by=agent)


def reply_was_withdrawn(session: Session, ticket: Ticket, reply_id: int, agent: User) -> None:
    """The ticket waits no longer, if it was this reply that made it wait."""
    last = session.scalar(
        sa.select(Event).where(Event.ticket_id == ticket.id, Event.kind == "status_changed").order_by(Event.id.desc()).limit(1)
    )
    before = ticket.form.status(last.data["before"]) if last is not None and last.data.get("reply_id") == reply_id else None
    if before is not None:
        return_to(session, ticket, before, by=agent)


def _following(session: Session, ticket: Ticket, author: User) -> Ticket | None:
    """The latest ticket that followed `ticket` and in which `author` takes part.

    The row is held meanwhile: of two letters at once the second finds what the first has opened.
    """
    session.execute(sa.select(Ticket.id).where(Ticket.id == ticket.id).with_for_update())
    found = session.scalar(
        sa.select(Ticket)
        .join(Link, Link.other_id == Ticket.id)
        .where(
            Link.ticket_id == ticket.id, Link.kind == FOLLOW_UP, Ticket.deleted_at.is_(None),
            sa.or_(Ticket.customer_id == author.id, takes_part_in(author)),
        )
        .order_by(Ticket.id.desc())
        .limit(1)
    )  # fmt: skip
    return None if found is None else survivor(session, found)
