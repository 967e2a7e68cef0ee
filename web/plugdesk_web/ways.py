"""The ways an answer to a ticket can go, and what each can carry, for the composer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from plugdesk.contributions import Channel
from plugdesk.i18n import format_file_size, format_number
from plugdesk.i18n import gettext as _
from plugdesk.tickets.delivery import channels_to
from plugdesk.tickets.models import Ticket


@dataclass(frozen=True)
class Way:
    """A channel as the composer offers it: `limits` in words, `text` the length at which a message is split (0: never)."""

    name: str
    title: str
    icon: str
    limits: str
    text: int
    copies: bool
    chosen: bool


def ways_of(session: Session, ticket: Ticket) -> list[Way]:
    """The channels on which the ticket's customer can be reached, the ticket's own among them first."""
    found = sorted(channels_to(session, ticket), key=lambda channel: channel.name != ticket.channel)
    return [
        Way(
            each.name,
            str(each.title),
            each.icon,
            _limits(each),
            each.limits.text or 0,
            each.copies,
            chosen=each.name == ticket.channel,
        )
        for each in found
    ]


def _limits(channel: Channel) -> str:
    limits, said = channel.limits, []
    if limits.text:
        said.append(_("%(n)s characters a message, more goes in parts", n=format_number(limits.text)))
    if limits.file_size:
        said.append(_("files up to %(size)s", size=format_file_size(limits.file_size)))
    if limits.files:
        said.append(_("at most %(n)d files", n=limits.files))
    return f"{channel.title}: {', '.join(said)}" if said else ""
