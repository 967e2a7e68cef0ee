"""Notes that the desk itself writes: only agents see them, nobody in particular said them. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from sqlalchemy.orm import Session

from plugdesk.events import record
from plugdesk.html import text_of_html
from plugdesk.tickets.commands import news_for_others
from plugdesk.tickets.correspondence import Said, _add_message
from plugdesk.tickets.models import Direction, Message, Ticket


def write_desk_note(session: Session, ticket: Ticket, *, html: str, kind: str, reason: str | None = None) -> Message:
    """A note by the desk: `kind` says what it is, `reason` what for. Unread for those who follow the ticket."""
    said = Said(text=text_of_html(html), html=html, kind=kind, reason=reason)
    note = _add_message(session, ticket, said, author=None, direction=Direction.NOTE, channel=None)
    session.flush()  # the note's id
    record(session, "note_added", ticket=ticket, message_id=note.id)
    news_for_others(session, ticket, None)
    return note


def note_fields(session: Session, ticket: Ticket, head: str, fields: Sequence[tuple[str, str]], *, kind: str) -> Message:
    """Keep in a note what fields said that have no place on the ticket: under `head`, by label and words."""
    lines = Markup("").join(Markup("<li>{}: {}</li>").format(label, words) for label, words in fields)
    return write_desk_note(session, ticket, html=str(Markup("<p>{}</p><ul>{}</ul>").format(head, lines)), kind=kind)
