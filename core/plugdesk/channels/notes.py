"""What a vendor tells of a customer that is none of their words: kept on the ticket as a note by nobody in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugdesk.events import record
from plugdesk.html import text_of_html
from plugdesk.tickets.commands import news_for_others
from plugdesk.tickets.correspondence import Said, _add_message
from plugdesk.tickets.models import Direction, Message

if TYPE_CHECKING:
    from plugdesk.plugins.context import Context
    from plugdesk.tickets.models import Ticket


def add_desk_note(ctx: Context, ticket: Ticket, *, html: str, kind: str = "raw", reason: str | None = None) -> Message:
    """A note only agents see, written by the desk itself: what came in a shape nobody can show, or that the customer is away.

    `kind` says what it is, `reason` what for. Unread for those who follow the ticket; the customer's waiting stays as it is.
    """
    session = ctx._session
    said = Said(text=text_of_html(html), html=html, kind=kind, reason=reason)
    note = _add_message(session, ticket, said, author=None, direction=Direction.NOTE, channel=None)
    session.flush()  # the note's id
    record(session, "note_added", ticket=ticket, message_id=note.id)
    news_for_others(session, ticket, None)
    return note
