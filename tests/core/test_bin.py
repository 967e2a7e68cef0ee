"""A deleted ticket: out of everybody's sight, in the bin for thirty days, taken back as it was, or gone for good; all in the journal."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import NotAllowed
from plugdesk.events import Event
from plugdesk.runtime import runtime_of
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.bin import delete_ticket, restore_ticket
from plugdesk.tickets.counts import view_counts
from plugdesk.tickets.housekeeping import empty_bin
from plugdesk.tickets.models import Attachment, Message, Ticket
from tests.factories import make_admin, make_agent, make_ticket


def look_after(session: Session) -> None:
    runtime = runtime_of(session)
    empty_bin(runtime.context("core", runtime.desk(session), session, "job"))


def journal(session: Session) -> list[tuple[str, int | None]]:
    rows = sa.select(Event.kind, Event.actor_id).where(Event.kind.in_(("ticket_deleted", "ticket_restored", "ticket_erased")))
    return [(row.kind, row.actor_id) for row in session.execute(rows.order_by(Event.id))]


def test_it_is_gone_from_lists_and_comes_back_as_it_was(session: Session, form) -> None:
    admin, ticket = make_admin(session), make_ticket(session, form)
    session.flush()
    before = view_counts(session, admin)
    delete_ticket(session, ticket, admin)
    session.flush()
    assert view_counts(session, admin)["open"] == before["open"] - 1
    restore_ticket(session, ticket, admin)
    session.flush()
    assert (view_counts(session, admin), ticket.deleted_at) == (before, None)
    assert journal(session) == [("ticket_deleted", admin.id), ("ticket_restored", admin.id)]


def test_deleting_is_a_right_and_so_is_taking_back(session: Session, form) -> None:
    admin, agent, ticket = make_admin(session), make_agent(session, form), make_ticket(session, form)
    with pytest.raises(NotAllowed):
        delete_ticket(session, ticket, agent)
    delete_ticket(session, ticket, admin)
    with pytest.raises(NotAllowed):
        restore_ticket(session, ticket, agent)


def test_after_thirty_days_nothing_of_it_is_left_but_the_line_in_the_journal(session: Session, form, clock) -> None:
    admin, ticket = make_admin(session), make_ticket(session, form)
    session.flush()
    add_file(session, NewFile("till.txt", b"Beep", "text/plain"), message=ticket.messages[0])
    number = ticket.id
    delete_ticket(session, ticket, admin)
    clock.advance(days=29.9)
    look_after(session)
    assert session.get(Ticket, number) is not None
    clock.advance(days=0.2)
    look_after(session)
    session.expire_all()
    assert session.get(Ticket, number) is None
    assert session.scalars(sa.select(Message).where(Message.ticket_id == number)).all() == []
    assert session.scalars(sa.select(Attachment).where(Attachment.name == "till.txt")).all() == []
    assert journal(session) == [("ticket_erased", admin.id)]
