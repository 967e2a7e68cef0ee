"""What a vendor tells of a customer that is none of their words: kept on the ticket as a note by nobody in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugdesk.tickets.notes import write_desk_note

if TYPE_CHECKING:
    from plugdesk.plugins.context import Context
    from plugdesk.tickets.models import Message, Ticket


def add_desk_note(ctx: Context, ticket: Ticket, *, html: str, kind: str = "raw", reason: str | None = None) -> Message:
    """A note only agents see, written by the desk itself: what came in a shape nobody can show, or that the customer is away.

    `kind` says what it is, `reason` what for. Unread for those who follow the ticket; the customer's waiting stays as it is.
    """
    return write_desk_note(ctx._session, ticket, html=html, kind=kind, reason=reason)
