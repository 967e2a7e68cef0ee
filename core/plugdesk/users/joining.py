"""One person, several cards: a customer who wrote by e-mail and then in a messenger. Suggestions, and putting them together."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from plugdesk.errors import Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.tags.commands import unite_customers_tags
from plugdesk.users.models import Identity, Role, User
from plugdesk.users.queries import can_see_customer, visible_customers
from plugdesk.users.removing import references_to
from plugdesk.users.words import write_words

SUGGESTED = 5


def perhaps_the_same(session: Session, customer: User, reader: User) -> Sequence[User]:
    """Customers `reader` may see who may be the same person: the same full name, or a contact that one has as their name.

    A name of one word is no sign: there are many who are called Anna.
    """
    signs: list[sa.ColumnElement[bool]] = [User.name.in_([each.value for each in customer.identities])]
    if len(customer.name.split()) > 1:
        signs.append(User.name == customer.name)
    signs.append(sa.exists().where(Identity.user_id == User.id, Identity.value == customer.name))
    found = (
        sa.select(User)
        .where(visible_customers(session, reader), User.id != customer.id, sa.or_(*signs))
        .options(selectinload(User.identities))
    )
    return session.scalars(found.order_by(User.id).limit(SUGGESTED)).all()


def join_customers(session: Session, customer: User, other: User, *, by: User | None) -> User:
    """Put `other` into `customer`: contacts, tickets and words are one person's from now on, and `other` is gone.

    What `customer` has no value for (language, organization …) is taken over, and so is what extensions keep of `other`, but where
    they keep one row of a person and have one of `customer`. Returns `customer`.
    """
    if customer.id == other.id:
        raise Invalid(_("This is the same customer already."))
    if customer.role is not Role.CUSTOMER or other.role is not Role.CUSTOMER:
        raise NotAllowed(_("Only customers can be put together."))
    if by is not None and not (can_see_customer(session, by, customer) and can_see_customer(session, by, other)):
        raise NotAllowed(_("You do not work with this customer."))
    session.scalars(  # in one order, so that two who join the same pair at once wait for each other and not in a circle
        sa.select(User.id).where(User.id.in_((customer.id, other.id))).order_by(User.id).with_for_update()
    ).all()
    contacts = [f"{each.channel}: {each.value}" for each in other.identities]
    if None not in (customer.organization_id, other.organization_id) and customer.organization_id != other.organization_id:
        customer.organization_since = runtime_of(session).clock.now()  # what was asked at the other's stays there
    elif customer.organization_id is None:
        customer.organization_since = max(filter(None, (customer.organization_since, other.organization_since)), default=None)
    for name in ("language", "zone", "country", "kind", "organization_id", "about"):
        if getattr(customer, name) is None:
            setattr(customer, name, getattr(other, name))
    unite_customers_tags(session, other, customer)
    session.flush()  # before rows are moved past the session
    for table, column in references_to(User.__tablename__):
        _leave_one(session, table, column, customer, other)
        session.execute(sa.update(table).where(column == other.id).values({column.name: customer.id}))
    session.expire_all()
    gone = session.get_one(User, other.id)
    record(session, "customers_joined", actor=by, user_id=customer.id, other_id=gone.id, name=gone.name, contacts=contacts)
    session.delete(gone)
    session.flush()  # the row is gone before its contacts are read again
    write_words(session.connection(), customer.id)
    return session.get_one(User, customer.id)


def _leave_one(session: Session, table: sa.Table, column: sa.Column[int], customer: User, other: User) -> None:
    """Delete the rows of `other` beside which there could be none of `customer`'s: of what there is one of a person."""
    keys = [*table.constraints, *(each for each in table.indexes if each.unique and not each.dialect_options["sqlite"]["where"])]
    for key in keys:
        if isinstance(key, sa.PrimaryKeyConstraint | sa.UniqueConstraint | sa.Index) and column in list(key.columns):
            twin = table.alias()
            rest = [twin.c[each.name] == each for each in key.columns if each is not column]
            same = sa.exists().where(twin.c[column.name] == customer.id, *rest).correlate(table)
            session.execute(sa.delete(table).where(column == other.id, same))
