"""A row stored by a plain statement is the row a flush would have stored, and lives in the session like it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from plugdesk.errors import Conflict
from plugdesk.rows import change, insert
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.customers import add_customer
from plugdesk.users.models import Identity, Role, User
from tests.factories import make_ticket

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def message(ticket: Ticket) -> Message:
    return Message(ticket_id=ticket.id, direction="note", text="a\0\ud800", created_at=NOON, to=["\0"])


def test_it_is_stored_as_a_flush_stores_it(session: Session) -> None:
    ticket = make_ticket(session)
    plain, flushed = message(ticket), message(ticket)
    insert(session, plain)
    session.add(flushed)
    session.flush()
    session.expire_all()
    names = [each.name for each in Message.__table__.columns if each.name != "id"]
    assert [getattr(plain, name) for name in names] == [getattr(flushed, name) for name in names]
    assert plain.id < flushed.id


def test_its_defaults_are_known_and_its_changes_are_stored_by_version(session: Session) -> None:
    person = User(role=Role.CUSTOMER, name="Ada", created_at=NOON)
    insert(session, person)
    assert (person.version, person.active, person.can_delete, person.about) == (1, True, False, None)
    person.name = "Ada L."
    session.flush()
    session.expire(person)
    assert (person.name, person.version) == ("Ada L.", 2)


def test_what_waits_in_the_session_is_stored_before_it(session: Session) -> None:
    first, second = (User(role=Role.CUSTOMER, name=name, created_at=NOON) for name in ("First", "Second"))
    session.add(first)
    insert(session, second)
    assert first.id < second.id


def test_a_row_that_is_in_the_session_is_stored_once(session: Session) -> None:
    person = User(role=Role.CUSTOMER, name="Ada", created_at=NOON)
    session.add(Identity(user=person, channel="email", value="ada@example.org"))
    insert(session, person)
    assert session.scalars(sa.select(User.name).where(User.name == "Ada")).all() == ["Ada"]


def test_of_a_customer_whose_contact_is_refused_nothing_stays(session: Session) -> None:
    with pytest.raises(Conflict):
        add_customer(session, name="Twice", by=None, contacts=[("email", "two@example.org"), ("email", "two@example.org")])
    assert session.scalars(sa.select(User).where(User.name == "Twice")).all() == []


def test_one_that_is_undone_does_not_stand_in_for_the_next_of_its_number(session: Session) -> None:
    gone = User(role=Role.CUSTOMER, name="Gone", created_at=NOON)
    savepoint = session.begin_nested()
    insert(session, gone)
    savepoint.rollback()
    new = User(role=Role.CUSTOMER, name="New", created_at=NOON)
    insert(session, new)
    assert session.get(User, new.id) is new


def test_a_change_is_stored_with_what_waits_and_by_version(session: Session) -> None:
    ticket = make_ticket(session)
    version = ticket.version
    ticket.subject = "It beeps thrice"
    change(session, ticket, changed_at=NOON)
    assert ticket.version == version + 2
    assert not session.dirty
    session.expire_all()
    assert (ticket.subject, ticket.changed_at, ticket.version) == ("It beeps thrice", NOON, version + 2)


def test_a_row_that_another_has_changed_is_not_changed(session: Session) -> None:
    ticket = make_ticket(session)
    session.connection().execute(sa.update(Ticket.__table__).values(version=9))
    with pytest.raises(StaleDataError):
        change(session, ticket, changed_at=NOON)


def test_a_row_that_is_gone_is_not_changed(session: Session) -> None:
    said = message(make_ticket(session))
    insert(session, said)
    session.connection().execute(sa.delete(Message.__table__).where(Message.__table__.c.id == said.id))
    with pytest.raises(StaleDataError):
        change(session, said, text="b")


def test_what_a_savepoint_takes_back_is_known_to_be_gone(session: Session) -> None:
    ticket = make_ticket(session)
    version, gone = ticket.version, User(role=Role.CUSTOMER, name="Gone", created_at=NOON)
    savepoint = session.begin_nested()
    insert(session, gone)
    change(session, ticket, changed_at=NOON)
    number = gone.id
    savepoint.rollback()
    assert session.get(User, number) is None
    assert (ticket.version, ticket.changed_at != NOON) == (version, True)
    change(session, ticket, changed_at=NOON)
    session.expire_all()
    assert (ticket.version, ticket.changed_at) == (version + 1, NOON)
