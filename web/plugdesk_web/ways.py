"""The ways an answer to a ticket can go, and what each can carry, for the composer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from plugdesk.contributions import Channel
from plugdesk.i18n import current_zone, format_datetime, format_file_size, format_number, format_time
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.tickets.delivery import channels_to
from plugdesk.tickets.limits import answerable_until
from plugdesk.tickets.models import Ticket


@dataclass(frozen=True)
class Way:
    """A channel as the composer offers it: `limits` in words, `text` the length at which a message is split (0: never).

    `closed` says that its customer can no longer be answered there.
    """

    name: str
    title: str
    icon: str
    limits: str
    text: int
    copies: bool
    chosen: bool
    closed: bool = False


def ways_of(session: Session, ticket: Ticket) -> list[Way]:
    """The channels on which the ticket's customer can be reached, the ticket's own among them first."""
    found = sorted(channels_to(session, ticket), key=lambda channel: channel.name != ticket.channel)
    return [_way(session, ticket, each, is_only=len(found) == 1) for each in found]


def _way(session: Session, ticket: Ticket, channel: Channel, *, is_only: bool) -> Way:
    until, closed = "", False
    if channel.limits.reply_window is not None:
        until, closed = _until(answerable_until(session, ticket.id, channel), runtime_of(session).clock.now(), is_only=is_only)
    said = ". ".join(part for part in (_limits(channel), until) if part)
    return Way(
        channel.name, str(channel.title), channel.icon, said, channel.limits.text or 0, channel.copies,
        chosen=channel.name == ticket.channel, closed=closed,
    )  # fmt: skip


def _until(until: datetime | None, now: datetime, *, is_only: bool) -> tuple[str, bool]:
    """Until when the customer can be answered, in a sentence, and whether that is over."""
    if until is None or now > until:
        return _("Can no longer be answered here.") if is_only else _(
            "Can no longer be answered here: choose another channel."
        ), True
    days = (until.astimezone(current_zone()).date() - now.astimezone(current_zone()).date()).days
    if days == 0:
        return _("Can be answered until %(time)s today.", time=format_time(until)), False
    if days == 1:
        return _("Can be answered until %(time)s tomorrow.", time=format_time(until)), False
    return _("Can be answered until %(moment)s.", moment=format_datetime(until)), False


def _limits(channel: Channel) -> str:
    limits, said = channel.limits, []
    if limits.text:
        said.append(_("%(n)s characters a message, more goes in parts", n=format_number(limits.text)))
    if limits.file_size:
        said.append(_("files up to %(size)s", size=format_file_size(limits.file_size)))
    if limits.files:
        said.append(_("at most %(n)d files", n=limits.files))
    return f"{channel.title}: {', '.join(said)}" if said else ""
