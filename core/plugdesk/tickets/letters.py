"""Letters about a ticket to others than its customer: a colleague, a supervisor, an address. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from plugdesk.errors import Invalid
from plugdesk.events import record
from plugdesk.html import clean_html, text_of_html
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.correspondence import Said, _add_message, _post
from plugdesk.tickets.models import Direction, Message, Ticket
from plugdesk.users.models import User


def write_letter(
    session: Session,
    ticket: Ticket,
    *,
    to: Sequence[str],
    subject: str,
    html: str,
    by: User | None,
    files: Iterable[NewFile] = (),
) -> Message:
    """Write a letter about the ticket to the addresses `to`; its customer gets none. It stands in the thread.

    It leaves on the form's first channel that carries letters to any address; where that is off, it waits there. `by` is whose
    act it comes of. Raises `Invalid` when no extension of the desk carries letters.
    """
    if not to:
        raise Invalid(problems={"to": _("Say whom to write to.")})
    clean = clean_html(html)
    said = Said(text=text_of_html(clean), html=clean, subject=subject, to=list(dict.fromkeys(to)), kind="letter")
    message = _add_message(
        session, ticket, said, author=by, direction=Direction.OUTGOING, channel=_carrying_letters(session, ticket)
    )
    for file in files:
        add_file(session, file, message=message)
    _post(session, message, timedelta(0))
    record(session, "letter_written", ticket=ticket, actor=by, message_id=message.id, to=list(said.to))
    return message


def _carrying_letters(session: Session, ticket: Ticket) -> str:
    """The channel for letters to any address, one that is on for the form before one that is off."""
    registry = runtime_of(session).registry
    found = [name for name, channel in registry.channels.items() if channel.copies]
    found.sort(key=lambda name: not ticket.form.has(registry.owner("channels", name)))
    if not found:
        raise Invalid(_("No extension of this desk carries letters. Install E-mail first."))
    return found[0]
