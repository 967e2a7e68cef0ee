"""What was said before the messenger started: it forgets with its process, the desk does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from plugdesk.api import Attachment, Context, Direction, Identity, Ticket, shown_inline
from plugdesk.api import Message as Kept

from .messenger import CHANNEL, Messenger
from .models import Play

if TYPE_CHECKING:
    from plugdesk.testing.messenger import File, Message, Person, PrivateChat

LAST = 40  # messages


def recall(ctx: Context, messenger: Messenger, person: Person) -> None:
    """Put the person's latest messages, as the desk has them, back into their chat; once, when the story is complete.

    They have the numbers that the messenger gave them, so that they can still be edited.
    """
    if person.id in messenger.recalled or ctx.db.scalar(sa.select(Play.finished_at)) is None:
        return
    messenger.recalled.add(person.id)
    chat = person.chat(messenger.token)
    for kept in _last(ctx, person.id):
        if kept.withdrawn_at is None and kept.created_at < messenger.began_at:
            for message in _as_sent(ctx, chat, kept):
                chat.keep(message)


def _last(ctx: Context, person: int) -> Sequence[Kept]:
    own = sa.select(Kept).join(Ticket, Ticket.id == Kept.ticket_id).join(Identity, Identity.user_id == Ticket.customer_id)
    mine = own.where(Identity.channel == CHANNEL, Identity.value == str(person), Kept.channel == CHANNEL)
    said = mine.where(Kept.direction.in_((Direction.INCOMING, Direction.OUTGOING)), Ticket.deleted_at.is_(None))
    return ctx.db.scalars(said.order_by(Kept.created_at.desc()).limit(LAST).options(selectinload(Kept.attachments))).all()


def _as_sent(ctx: Context, chat: PrivateChat, kept: Kept) -> Iterator[Message]:
    """The messages of the messenger that one of the desk's was: several files were an album."""
    from plugdesk.testing.messenger import Message
    from plugdesk.testing.messenger.entities import Formatted, tidy

    files = [_file(ctx, each) for each in kept.attachments]
    said, sender = tidy(kept.text, ()), chat.person if kept.direction is Direction.INCOMING else chat.bot
    for place, file in enumerate(files or [None]):
        words = said if place == 0 else Formatted()
        yield Message(
            chat, _number(kept) + place, sender, kept.created_at, text=words.text, entities=words.entities, file=file,
            album=f"kept {kept.id}" if len(files) > 1 else "", edited=kept.edited_at,
        )  # fmt: skip


def _file(ctx: Context, kept: Attachment) -> File:
    from plugdesk.testing.messenger import new_file

    return new_file("photo" if shown_inline(kept.type) else "document", ctx.read_bytes(kept.sha256), kept.name, kept.type)


def _number(kept: Kept) -> int:
    """The messenger's own of it; a message of the story has none, but room for those of an album, far below all others."""
    number = (kept.external_id or "").rpartition("/")[2]
    return int(number) if number.isdecimal() else kept.id * 10
