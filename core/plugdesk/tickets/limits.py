"""How long a subject may be and an excerpt is; what a channel can carry, held against a message before it is sent."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.clock import in_utc
from plugdesk.contributions import Channel, Limits
from plugdesk.errors import Invalid
from plugdesk.i18n import format_duration, format_file_size
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Direction, Message, Ticket

LONGEST_SUBJECT = 500
EXCERPT = 140


def refuse_beyond_limits(session: Session, message: Message) -> None:
    """Raise `Invalid` with what the message's channel cannot carry: its files, or an answer so late. Long texts leave in parts."""
    channel = runtime_of(session).registry.channels.get(message.channel or "")
    limits = channel.limits if channel is not None else Limits()
    title = str(channel.title) if channel is not None else ""
    sizes = {each.name: each.size for each in message.attachments}
    for name, size in sizes.items():
        if limits.file_size is not None and size > limits.file_size:
            raise Invalid(
                _(
                    "%(name)s is too large: %(channel)s carries files up to %(most)s.",
                    name=name,
                    channel=title,
                    most=format_file_size(limits.file_size),
                )
            )
    if limits.files is not None and len(sizes) > limits.files:
        raise Invalid(_("%(channel)s carries at most %(n)d files in one message.", channel=title, n=limits.files))
    if channel is not None and limits.reply_window is not None:
        until = answerable_until(session, message.ticket_id, channel)
        if until is None or message.created_at > until:
            raise Invalid(
                _("%(channel)s lets us answer only for %(time)s after the customer's last message. Answer on another channel.",
                  channel=title, time=format_duration(limits.reply_window.total_seconds()))
            )  # fmt: skip


def answerable_until(session: Session, ticket_id: int, channel: Channel) -> datetime | None:
    """Until when a ticket's customer can be answered on a channel with a reply window; None: they have not written there."""
    assert channel.limits.reply_window is not None, "Asked of channels that have one."
    here = (Message.ticket_id == ticket_id, Message.channel == channel.name, Message.direction == Direction.INCOMING)
    last = session.scalar(sa.select(sa.func.max(Message.created_at)).where(*here))
    return in_utc(last) + channel.limits.reply_window if last is not None else None


def reaching(session: Session, ticket: Ticket, channel: str) -> str:
    """`channel`, if the ticket's customer can be reached on it; else `Invalid`."""
    from plugdesk.tickets.delivery import channels_to

    if channel not in [each.name for each in channels_to(session, ticket)]:
        raise Invalid(problems={"channel": _("The customer cannot be reached this way. Choose another one.")})
    return channel
