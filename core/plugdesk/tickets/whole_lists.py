"""All tickets of a list by number, not only those of a page: what is done to everything that is found."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.permissions import visible_tickets
from plugdesk.search import numbers_matching
from plugdesk.stems import Term
from plugdesk.tickets.lists import Filter, narrowing, of_view
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User

_AT_ONCE = 1_000


def numbers_of_view(session: Session, user: User, view: str, *, narrowed: Filter, most: int) -> list[int]:
    """The numbers of the tickets in a view, lowest first, at most `most`."""
    query = sa.select(Ticket.id).where(
        Ticket.merged_into_id.is_(None), *of_view(session, user, view), *narrowing(narrowed)
    )  # fmt: skip
    return list(session.scalars(query.order_by(Ticket.id).limit(most)))


def number_of_view(session: Session, user: User, view: str, *, narrowed: Filter) -> int:
    """How many tickets are in a view."""
    query = sa.select(sa.func.count()).select_from(Ticket).where(
        Ticket.merged_into_id.is_(None), *of_view(session, user, view), *narrowing(narrowed)
    )  # fmt: skip
    return session.scalar(query) or 0


def numbers_found(
    session: Session, user: User, terms: Sequence[Term], *, conditions: Sequence[sa.ColumnElement[bool]] = (), most: int
) -> list[int]:
    """The numbers of the tickets that hold the words of `terms` and meet `conditions`, lowest first, at most `most`: the latest."""
    found, before = list[int](), None
    while len(found) < most and (numbers := numbers_matching(session, terms, before=before, limit=_AT_ONCE)):
        query = sa.select(Ticket.id).where(
            Ticket.merged_into_id.is_(None), visible_tickets(session, user), Ticket.id.in_(numbers), *conditions
        )  # fmt: skip
        found += session.scalars(query.order_by(Ticket.id.desc()).limit(most - len(found)))
        before = numbers[-1]
    return sorted(found)
