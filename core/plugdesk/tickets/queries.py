"""Questions about one ticket: its thread, its history; and which have changed. Lists: see lists.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer, joinedload, load_only
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from plugdesk.errors import NotFound
from plugdesk.events import Event
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_see, note_denied, visible_tickets
from plugdesk.tickets.models import Attachment, Direction, Message, Ticket
from plugdesk.users.models import Group, User


def ticket_for(session: Session, user: User, number: int) -> Ticket:
    """The ticket with this number if `user` may see it; else `NotFound`, whether or not there is one."""
    found = session.scalars(_WHOLE_TICKET, {"number": number}).unique().one_or_none()
    if found is not None and not can_see(session, user, found):
        note_denied(session, user, "ticket", number=number)
        found = None
    if found is None:
        raise NotFound(_("There is no such ticket."))
    return found


def thread_of(session: Session, ticket: Ticket) -> Sequence[Message]:
    """Everything said on the ticket, oldest first, with its authors' names and its files, to be shown."""
    found = session.execute(_THREAD, {"ticket_id": ticket.id}).all()
    files: dict[int | None, list[Attachment]] = {}
    if any(has_files for _message, has_files in found):
        for each in session.scalars(_FILES, {"ticket_id": ticket.id}):
            files.setdefault(each.message_id, []).append(each)
    messages = [message for message, _has_files in found]
    authors = _authors_of(session, messages)
    for message in messages:
        set_committed_value(message, "attachments", files.get(message.id, []))
        set_committed_value(message, "ticket", ticket)
        set_committed_value(message, "author", authors.get(message.author_id) if message.author_id else None)
    return messages


def _authors_of(session: Session, messages: Sequence[Message]) -> Mapping[int, User]:
    """Who wrote them, by id. Asked for are those whom this session does not know: the customer, the assignee and who asks it does."""
    ids = {message.author_id for message in messages if message.author_id is not None}
    known = {each: session.identity_map.get(identity_key(User, each)) for each in ids}
    found = {each: author for each, author in known.items() if author is not None}
    if len(found) < len(ids):
        found |= {each.id: each for each in session.scalars(_AUTHORS, {"ids": list(ids - found.keys())})}
    return found


def who_talked(session: Session, ticket_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """The agents who wrote to the customer, by the ticket's id, in the order of their first words. One query."""
    query = (
        sa.select(Message.ticket_id, User.name)
        .join(User, User.id == Message.author_id)
        .where(Message.ticket_id.in_(ticket_ids), Message.direction == Direction.OUTGOING)
        .group_by(Message.ticket_id, User.name)
        .order_by(sa.func.min(Message.id))
    )
    names: dict[int, list[str]] = {}
    for ticket_id, name in session.execute(query):
        names.setdefault(ticket_id, []).append(name)
    return names


def history_of(session: Session, ticket: Ticket, limit: int = 500) -> Sequence[Event]:
    """What happened to the ticket, oldest first."""
    return session.scalars(_HISTORY, {"ticket_id": ticket.id, "most": limit}).all()


def fields_changed_since(session: Session, ticket: Ticket, version: int) -> set[str]:
    """The codes of the fields that changed after the ticket had `version`, as far as its history tells."""
    later = max(0, ticket.version - version)
    query = sa.select(Event.data).where(Event.ticket_id == ticket.id, Event.kind == "fields_changed").order_by(Event.id.desc())
    return {code for data in session.scalars(query.limit(later)) for code in data.get("changes", {})}


def tickets_changed_since(session: Session, user: User, event_id: int, limit: int = 200) -> set[int]:
    """The tickets `user` may see to which something happened after `event_id`."""
    query = (
        sa.select(Event.ticket_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(Event.id > event_id, visible_tickets(session, user))
        .distinct()
        .limit(limit)
    )
    return {ticket_id for ticket_id in session.scalars(query) if ticket_id is not None}


# Statements that every page asks are made once: building and hashing one takes as long as running it.
_CUSTOMER = joinedload(Ticket.customer, innerjoin=True)
_WHOLE_TICKET = (
    sa.select(Ticket)
    .where(Ticket.id == sa.bindparam("number"))
    .options(
        _CUSTOMER.joinedload(User.identities),
        _CUSTOMER.joinedload(User.organization),
        joinedload(Ticket.assignee).load_only(User.name),
        joinedload(Ticket.group).load_only(Group.name),
    )
)
_THREAD = (
    sa.select(Message, sa.exists().where(Attachment.message_id == Message.id))
    .where(Message.ticket_id == sa.bindparam("ticket_id"))
    .order_by(Message.id)
    # What came as HTML is kept whole, and is much longer than the clean copy that is shown; the rest is for programs.
    .options(
        defer(Message.html),
        defer(Message.subject),
        defer(Message.bcc),
        defer(Message.external_id),
    )
)
_AUTHORS = sa.select(User).where(User.id.in_(sa.bindparam("ids", expanding=True))).options(load_only(User.name, User.role))
_FILES = (
    sa.select(Attachment)
    .join(Message, Message.id == Attachment.message_id)
    .where(Message.ticket_id == sa.bindparam("ticket_id"))
    .order_by(Attachment.id)
)
_HISTORY = (
    sa.select(Event)
    .where(Event.ticket_id == sa.bindparam("ticket_id"))
    .order_by(Event.id)
    .limit(sa.bindparam("most"))
    .options(joinedload(Event.actor).load_only(User.name, User.role))
)
