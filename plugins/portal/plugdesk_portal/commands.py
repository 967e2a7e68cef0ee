"""What a customer does with their requests. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from plugdesk.api import (
    Conflict,
    Context,
    Direction,
    Invalid,
    Message,
    NewFile,
    Said,
    StatusKind,
    Ticket,
    User,
    become,
    channels_to,
    is_over,
    receive_message,
    storable,
    survivor,
)
from plugdesk.api import gettext as _
from plugdesk_portal.models import Read

CHANNEL = "portal"
LONGEST_WORDS = 50_000


def reply(ctx: Context, customer: User, ticket: Ticket, *, text: str, files: Sequence[NewFile] = ()) -> Message:
    """The customer's further words on their request; on one that is over they begin a new one, see `receive_message`.

    `ctx` is on the request's form. Raises `Invalid` by control, `Conflict` where the form is archived.
    """
    if ticket.form.archived_at is not None:
        raise Conflict(_("This request is closed for good. Begin a new one, please."))
    text = storable(text).strip()
    problems: dict[str, str] = {}
    if not text and not files:
        problems["text"] = _("Write something first.")
    if len(text) > LONGEST_WORDS:
        problems["text"] = _("At most %(most)s characters.", most=LONGEST_WORDS)
    if wrong := too_much(ctx, files):
        problems["files"] = wrong
    if problems:
        raise Invalid(problems=problems)
    said = receive_message(ctx.db, ticket, customer, said=Said(text=text, files=files), channel=CHANNEL)
    if said.ticket.channel == CHANNEL and (ways := channels_to(ctx.db, said.ticket)):
        said.ticket.channel = ways[0].name  # a new one: where answers go from now on
    return said


def too_much(ctx: Context, files: Sequence[NewFile]) -> str:
    """What is wrong with so many or so large files, in a sentence; "" when nothing is."""
    most, size = ctx.settings.files, ctx.settings.file_mb * 1024 * 1024
    if len(files) > most:
        return _("At most %(most)s files.", most=most)
    large = next((file.name for file in files if len(file.content) > size), None)
    return _("%(name)s is larger than %(mb)d MB.", name=large, mb=ctx.settings.file_mb) if large else ""


def may_close(ctx: Context, ticket: Ticket) -> bool:
    """Whether the customer can close it: not one that lives on in another's, which is not theirs to close."""
    return _can_be_moved(ctx, ticket) and ctx.settings.may_close and ticket.closed_at is None


def may_reopen(ctx: Context, ticket: Ticket) -> bool:
    """Whether the customer can open it again, by the form's rule for their words."""
    return _can_be_moved(ctx, ticket) and ctx.settings.may_reopen and ticket.closed_at is not None and not is_over(ctx.db, ticket)


def close(ctx: Context, customer: User, ticket: Ticket) -> None:
    """The customer says that it is solved. Of one that is closed already nothing is left to do."""
    if ticket.closed_at is not None:
        return
    if not may_close(ctx, ticket):
        raise Conflict(_("This request cannot be closed here. Write to us instead."))
    become(ctx.db, ticket, StatusKind.RESOLVED, StatusKind.CLOSED, by=None)
    if not ticket.status_kind.is_final:
        raise Conflict(_("This request cannot be closed here. Write to us instead."))
    ctx.journal("closed_by_customer", ticket=ticket, actor=customer)


def reopen(ctx: Context, customer: User, ticket: Ticket) -> None:
    """The customer says that it is not solved after all."""
    if ticket.closed_at is None:
        return
    if not may_reopen(ctx, ticket):
        raise Conflict(_("This request was closed too long ago. What you write begins a new one."))
    become(ctx.db, ticket, StatusKind.OPEN, StatusKind.NEW, by=None)
    ctx.journal("reopened_by_customer", ticket=ticket, actor=customer)


def mark_read(ctx: Context, customer: User, ticket: Ticket, message_id: int) -> None:
    """The customer has read the request up to this message; never less than before."""
    lives = survivor(ctx.db, ticket)
    last = ctx.db.scalar(
        sa.select(sa.func.max(Message.id)).where(
            Message.ticket_id == lives.id, Message.id <= message_id, Message.direction != Direction.NOTE
        )
    )
    if last is None:
        return
    row = ctx.db.get(Read, (customer.id, lives.id), with_for_update=True)
    if row is None:
        with suppress(IntegrityError), ctx.transaction():  # two pages read at the same instant
            ctx.db.add(Read(user_id=customer.id, ticket_id=lives.id, form_id=lives.form_id, message_id=last))
            ctx.db.flush()
    else:
        row.message_id = max(row.message_id, last)


def _can_be_moved(ctx: Context, ticket: Ticket) -> bool:
    return ticket.merged_into_id is None and ticket.form.archived_at is None
