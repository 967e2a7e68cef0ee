"""Customers and organizations of whom there is nothing but the card are taken away: an import that is undone. Nothing here commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.database import Base
from plugdesk.events import record
from plugdesk.permissions import only_admins
from plugdesk.users.models import Identity, Organization, Role, User
from plugdesk.users.words import CustomerWord

Card = TypeVar("Card", User, Organization)
_PART_OF_A_CARD = (Identity.__tablename__, CustomerWord.__tablename__)


def references_to(name: str) -> list[tuple[sa.Table, sa.Column[int]]]:
    """Every column of the core and of plugins that points at a row of the table `name`."""
    return [
        (table, column)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column.table.name == name for key in column.foreign_keys)
    ]


def referred_to(
    session: Session, kind: type[User] | type[Organization], numbers: Collection[int], *, besides: Collection[type[Base]] = ()
) -> set[int]:
    """Which of these customers, or organizations, something points at: a ticket, a tag, a row of an extension. One query a column.

    `besides` are tables whose rows do not count: they go along, or forget them.
    """
    left_out = {*_PART_OF_A_CARD, *(each.__tablename__ for each in besides)}
    found = set[int]()
    for table, column in references_to(kind.__tablename__):
        if table.name not in left_out:
            found.update(session.scalars(sa.select(column).where(column.in_(numbers)).distinct()))
    return found


def delete_unused_customers(
    session: Session, numbers: Collection[int], *, by: User | None, besides: Collection[type[Base]] = ()
) -> set[int]:
    """Delete those of these customers at whom nothing points, with their contacts; returns their numbers. Raises `NotAllowed`."""
    only_admins(by)
    free = set(numbers) - referred_to(session, User, numbers, besides=besides)
    gone = _deleted(session, session.scalars(sa.select(User).where(User.id.in_(free), User.role == Role.CUSTOMER)).all())
    for number, name in gone.items():
        record(session, "customer_deleted", actor=by, user_id=number, name=name)
    return set(gone)


def delete_unused_organizations(
    session: Session, numbers: Collection[int], *, by: User | None, besides: Collection[type[Base]] = ()
) -> set[int]:
    """Delete those of these organizations to which nobody belongs; returns their numbers. Raises `NotAllowed`."""
    only_admins(by)
    free = set(numbers) - referred_to(session, Organization, numbers, besides=besides)
    gone = _deleted(session, session.scalars(sa.select(Organization).where(Organization.id.in_(free))).all())
    for number, name in gone.items():
        record(session, "organization_deleted", actor=by, organization_id=number, name=name)
    return set(gone)


def _deleted(session: Session, rows: Sequence[Card]) -> dict[int, str]:
    """All in one statement, or one by one where one of them was given something at this moment; the names of those gone by number."""
    names = {each.id: each.name for each in sorted(rows, key=lambda row: row.id)}
    if not rows:
        return {}
    kind = type(rows[0])
    try:
        with session.begin_nested():
            session.execute(sa.delete(kind).where(kind.id.in_(names)).execution_options(synchronize_session=False))
    except IntegrityError:  # somebody has just written to us
        return {} if len(rows) == 1 else {number: name for each in rows for number, name in _deleted(session, [each]).items()}
    for each in rows:
        session.expunge(each)
    return names
