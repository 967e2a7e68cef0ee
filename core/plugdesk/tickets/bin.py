"""Deleting a ticket: into the bin for thirty days, out of it again, or for good."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, NotAllowed
from plugdesk.events import Event, record
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_delete
from plugdesk.runtime import runtime_of
from plugdesk.search import forget_ticket
from plugdesk.tickets.attachments import drop_file
from plugdesk.tickets.models import Attachment, Message, Ticket
from plugdesk.users.models import User


def delete_ticket(session: Session, ticket: Ticket, by: User | None) -> None:
    """Put the ticket into the bin: gone from every list, restorable for thirty days. A right of its own; nobody is the desk."""
    if by is not None and not can_delete(session, by, ticket):
        raise NotAllowed(_("You may not delete tickets of this form."))
    if ticket.merged_into_id is not None:
        raise Conflict(_("This ticket was merged into ticket %(number)s. Go on there.", number=ticket.merged_into_id))
    if ticket.deleted_at is None:
        ticket.deleted_at = runtime_of(session).clock.now()
        record(session, "ticket_deleted", ticket=ticket, actor=by, subject=ticket.subject)


def restore_ticket(session: Session, ticket: Ticket, by: User) -> None:
    """Take the ticket out of the bin, as it was."""
    if not can_delete(session, by, ticket):
        raise NotAllowed(_("You may not restore tickets of this form."))
    if ticket.deleted_at is not None:
        ticket.deleted_at = None
        record(session, "ticket_restored", ticket=ticket, actor=by)


def erase_ticket(session: Session, ticket: Ticket) -> None:
    """Remove the ticket, with those merged into it, and all that is said on them for good; the journal keeps that it was done, and who deleted it."""
    if ticket.deleted_at is None:
        raise Conflict(_("Only what is in the bin is erased."))
    number, form = ticket.id, ticket.form
    attachments = sa.select(Attachment).join(Message).where(Message.ticket_id == number)
    for attachment in session.scalars(attachments).all():
        drop_file(session, attachment)
    forget_ticket(session, number)
    session.flush()  # the files before the messages they hang on
    for merged in session.scalars(sa.select(Ticket).where(Ticket.merged_into_id == number)).all():
        merged.deleted_at = merged.deleted_at or ticket.deleted_at
        erase_ticket(session, merged)  # what was said on it is said on the one it was merged into
    session.execute(sa.update(Ticket).where(Ticket.parent_id == number).values(parent_id=None))
    deleted = sa.select(Event).where(Event.ticket_id == number, Event.kind == "ticket_deleted").order_by(Event.id.desc())
    last = session.scalars(deleted.limit(1)).first()
    by = last.actor if last is not None else None  # who wanted it gone, for the line that stays
    session.execute(sa.delete(Event).where(Event.ticket_id == number))
    here = sa.select(Message.id).where(Message.ticket_id == number)
    session.execute(sa.update(Message).where(Message.answers_id.in_(here)).values(answers_id=None))  # from elsewhere, too
    session.execute(sa.delete(Message).where(Message.ticket_id == number))
    session.delete(ticket)
    record(session, "ticket_erased", form=form, actor=by, number=number)
