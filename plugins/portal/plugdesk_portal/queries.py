"""What a customer may read: their own requests on forms with the portal, and of these what was said between them and us.

Everything the portal shows goes through `mine` and `readable`: notes, letters to others, what waits to be sent, and the words of
another customer whose request was merged into theirs are in neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, defer, selectinload

from plugdesk.api import (
    Attachment,
    Context,
    DeliveryState,
    Direction,
    FieldKind,
    Form,
    Identity,
    Message,
    NotFound,
    Role,
    Ticket,
    User,
    all_forms,
    is_empty,
    said_with,
    show_value,
    storable,
    survivor,
)
from plugdesk.api import gettext as _
from plugdesk_portal.models import Read

PAGE = 20
LONGEST_SEARCH = 200
OWN_WORDS = ("human", "auto-reply")
OURS = ("human", "receipt", "closing", "rating", "automatic")
HANDED_OVER = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.MAYBE, DeliveryState.FAILED)


@dataclass(frozen=True)
class Row:
    """A request in the list: its `ticket`, the one it `lives` on in after merging, and whether an answer waits to be read."""

    ticket: Ticket
    lives: Ticket
    unread: bool


@dataclass(frozen=True)
class Page:
    """Some of the requests, the newest first; `older` is the number below which there are more, `newer` says there are above."""

    rows: Sequence[Row]
    older: int | None
    newer: bool


def portal_forms(ctx: Context) -> list[Form]:
    """The forms where the portal is on, the archived among them: what was said there is still to be read."""
    return [form for form in all_forms(ctx.db, archived=True) if form.has("portal")]


def mine(ctx: Context, customer: User) -> sa.ColumnElement[bool]:
    """Which tickets are requests of this customer; one that was merged into another of theirs is read there."""
    own_survivor = aliased(Ticket)
    into_own = (
        sa.exists().where(own_survivor.id == Ticket.merged_into_id, own_survivor.customer_id == customer.id).correlate(Ticket)
    )
    return sa.and_(
        Ticket.customer_id == customer.id,
        Ticket.form_id.in_([form.id for form in portal_forms(ctx)]),
        Ticket.deleted_at.is_(None),
        Ticket.parent_id.is_(None),
        sa.not_(into_own),
    )


def readable(customer: User) -> sa.ColumnElement[bool]:
    """Which messages were exchanged with this customer and nobody else."""
    theirs = sa.and_(Message.direction == Direction.INCOMING, Message.author_id == customer.id, Message.kind.in_(OWN_WORDS))
    ours = sa.and_(
        Message.direction == Direction.OUTGOING,
        Message.kind.in_(OURS),
        Message.delivery.in_(HANDED_OVER),
        Message.withdrawn_at.is_(None),
    )
    return sa.and_(sa.or_(theirs, ours), said_with(customer.id))


def customer_with(ctx: Context, address: str) -> User | None:
    """The customer who is reached at this e-mail address, while their account is not deactivated."""
    known = sa.select(User).join(Identity).where(Identity.channel == "email", Identity.value == address)
    return ctx.db.scalar(known.where(User.role == Role.CUSTOMER, User.active))


def has_requests(ctx: Context, customer: User) -> bool:
    """Whether there is anything for this customer to read."""
    return ctx.db.scalar(sa.select(Ticket.id).where(mine(ctx, customer)).limit(1)) is not None


def request_of(ctx: Context, customer: User, number: int) -> Ticket:
    """The customer's request with this number. `NotFound` for another's, and for one that is not there, alike."""
    found = ctx.db.scalar(sa.select(Ticket).where(Ticket.id == number, mine(ctx, customer)))
    if found is None:
        raise NotFound(_("There is no such request."))
    return found


def said_on(ctx: Context, customer: User, ticket: Ticket) -> list[Message]:
    """What was said between the customer and us on this request, the oldest first."""
    lives = survivor(ctx.db, ticket)
    wanted = sa.select(Message).where(Message.ticket_id == lives.id, readable(customer)).order_by(Message.id)
    return list(
        ctx.db.scalars(wanted.options(selectinload(Message.attachments), selectinload(Message.author), defer(Message.html)))
    )


def entered(ctx: Context, ticket: Ticket) -> list[tuple[str, str]]:
    """Label and words of what was filled in on the request, of the fields a customer is asked for at all; files lie on messages."""
    return [
        (field.label, show_value(field, ticket.values[field.code], ctx.db))
        for field in ticket.form.fields
        if field.for_customers and field.kind is not FieldKind.FILE and field.code in ticket.values and not is_empty(field, ticket.values[field.code])
    ]  # fmt: skip


def file_of(ctx: Context, customer: User, key: str) -> Attachment:
    """The file with this key, if it lies on something the customer may read. Raises `NotFound`."""
    lives = aliased(Ticket)
    own = (
        sa.exists()
        .where(lives.id == sa.func.coalesce(Message.origin_id, Message.ticket_id), lives.form_id.in_([form.id for form in portal_forms(ctx)]), lives.deleted_at.is_(None))
        .correlate(Message)
    )  # fmt: skip
    wanted = sa.select(Attachment).join(Message, Message.id == Attachment.message_id)
    found = ctx.db.scalar(wanted.where(Attachment.key == storable(key), readable(customer), own))
    if found is None:
        raise NotFound(_("There is no such file."))
    return found


def requests_page(ctx: Context, customer: User, *, state: str = "", words: str = "", below: int | None = None) -> Page:
    """A page of the customer's requests: all, those that go on ("open") or those that are "done", with some words in them."""
    lives = aliased(Ticket)
    wanted = (
        sa.select(Ticket, lives)
        .join(lives, lives.id == sa.func.coalesce(Ticket.merged_into_id, Ticket.id))
        .where(mine(ctx, customer))
    )
    if state in ("open", "done"):
        wanted = wanted.where(lives.closed_at.is_(None) if state == "open" else lives.closed_at.is_not(None))
    if words := storable(words).strip()[:LONGEST_SEARCH]:
        wanted = wanted.where(_says(customer, lives, words))
    if below is not None:
        wanted = wanted.where(Ticket.id < below)
    found = ctx.db.execute(wanted.order_by(Ticket.id.desc()).limit(PAGE + 1)).all()
    shown = [(row[0], row[1]) for row in found[:PAGE]]
    unread = _unread(ctx, customer, [each.id for _ticket, each in shown])
    rows = [Row(ticket, lives_on, unread.get(lives_on.id, False)) for ticket, lives_on in shown]
    return Page(rows, shown[-1][0].id if len(found) > PAGE else None, below is not None)


def last_answer(ctx: Context, customer: User, ticket: Ticket) -> int:
    """The number of the last answer on this request; 0 while there is none."""
    lives = survivor(ctx.db, ticket)
    return _last_answers(ctx, customer, [lives.id]).get(lives.id, 0)


def read_up_to(ctx: Context, customer: User, ticket: Ticket) -> int:
    """The number of the message up to which the customer has read; 0 when they have not looked yet."""
    row = ctx.db.get(Read, (customer.id, survivor(ctx.db, ticket).id))
    return row.message_id if row else 0


def _says(customer: User, lives: Any, words: str) -> sa.ColumnElement[bool]:
    said = sa.exists().where(
        Message.ticket_id == lives.id, readable(customer), Message.text.icontains(words, autoescape=True)
    ).correlate(lives)  # fmt: skip
    by_number = Ticket.id == int(words) if words.isascii() and words.isdigit() and len(words) < 10 else sa.false()
    return sa.or_(by_number, Ticket.subject.icontains(words, autoescape=True), said)


def _unread(ctx: Context, customer: User, tickets: Sequence[int]) -> Mapping[int, bool]:
    wanted = sa.select(Read.ticket_id, Read.message_id).where(Read.user_id == customer.id, Read.ticket_id.in_(tickets))
    read = {number: message_id for number, message_id in ctx.db.execute(wanted)}
    return {number: last > read.get(number, 0) for number, last in _last_answers(ctx, customer, tickets).items()}


def _last_answers(ctx: Context, customer: User, tickets: Sequence[int]) -> dict[int, int]:
    """The last words of ours besides receipts, by ticket."""
    ours = (Message.direction == Direction.OUTGOING, Message.kind != "receipt", readable(customer))
    last = sa.select(Message.ticket_id, sa.func.max(Message.id)).where(Message.ticket_id.in_(tickets), *ours)
    return {number: message_id for number, message_id in ctx.db.execute(last.group_by(Message.ticket_id))}


def all_requests(ctx: Context, customer: User) -> Sequence[Ticket]:
    """All of the customer's requests, the newest first."""
    return ctx.db.scalars(sa.select(Ticket).where(mine(ctx, customer)).order_by(Ticket.id.desc())).all()
