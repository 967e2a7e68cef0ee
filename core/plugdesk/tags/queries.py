"""Questions about tags: all of them, those that fit what is typed, who holds how many; and the columns lists show them from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.inputs import one_line
from plugdesk.tags.models import CustomerTag, Tag, TicketTag
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User

SUGGESTED = 10


class Chip(NamedTuple):
    """A tag as it is shown on whatever holds it."""

    id: int
    name: str
    tone: str


class Held(NamedTuple):
    """How many tickets and customers hold a tag."""

    tickets: int = 0
    customers: int = 0


def all_tags(session: Session) -> Sequence[Tag]:
    """Every tag of the desk, by name."""
    return session.scalars(sa.select(Tag).order_by(Tag.folded)).all()


def tag_named(session: Session, name: str) -> Tag | None:
    """The tag called so, without regard to case."""
    return session.scalar(sa.select(Tag).where(Tag.folded == folded(name)))


def tags_like(session: Session, words: str, limit: int = SUGGESTED) -> Sequence[Tag]:
    """Tags with `words` in their name, by name."""
    part = Tag.folded.contains(folded(words), autoescape=True)
    return session.scalars(sa.select(Tag).where(part).order_by(Tag.folded).limit(limit)).all()


def holders_of_tags(session: Session) -> Mapping[int, Held]:
    """How many tickets and customers hold each tag, by its id. Of merged tickets the survivor counts."""
    tickets = (
        sa.select(TicketTag.tag_id, sa.func.count())
        .join(Ticket, Ticket.id == TicketTag.ticket_id)
        .where(Ticket.merged_into_id.is_(None))
        .group_by(TicketTag.tag_id)
    )
    customers = sa.select(CustomerTag.tag_id, sa.func.count()).group_by(CustomerTag.tag_id)
    of_tickets = {tag_id: number for tag_id, number in session.execute(tickets)}
    of_customers = {tag_id: number for tag_id, number in session.execute(customers)}
    return {each: Held(of_tickets.get(each, 0), of_customers.get(each, 0)) for each in of_tickets.keys() | of_customers.keys()}


def codes_on_customer(session: Session, user_id: int) -> list[str]:
    """The codes of the tags on a customer."""
    return list(session.scalars(sa.select(Tag.code).join(CustomerTag).where(CustomerTag.user_id == user_id)))


def tags_of_ticket(session: Session, ticket_id: int) -> Sequence[Chip]:
    """The tags on a ticket, by name."""
    return read_chips(session.scalar(sa.select(chips_of_ticket(sa.literal(ticket_id)))))


def tags_of_customer(session: Session, user_id: int) -> Sequence[Chip]:
    """The tags on a customer, by name."""
    return read_chips(session.scalar(sa.select(chips_of_customer(sa.literal(user_id)))))


def tags_of_customers(session: Session, customers: Collection[User]) -> Mapping[int, Sequence[Chip]]:
    """The tags on several customers, by the customers' ids: one query."""
    query = sa.select(User.id, chips_of_customer(User.id)).where(User.id.in_([each.id for each in customers]))
    return {number: read_chips(stored) for number, stored in session.execute(query)}


def chips_of_ticket(ticket_id: Any) -> sa.ScalarSelect[str]:
    """A column with the tags of the ticket `ticket_id` (a column of the query around it), for `read_chips`; NULL without tags."""
    return _chips(TicketTag.tag_id, TicketTag.ticket_id == ticket_id)


def chips_of_customer(user_id: Any) -> sa.ScalarSelect[str]:
    """The like for a customer."""
    return _chips(CustomerTag.tag_id, CustomerTag.user_id == user_id)


@lru_cache(maxsize=4096)  # lists show the same few again and again
def read_chips(stored: str | None) -> tuple[Chip, ...]:
    """What such a column holds, by name."""
    if not stored:
        return ()
    parts = (line.split(" ", 2) for line in stored.split("\n"))
    return tuple(sorted((Chip(int(number), name, tone) for number, tone, name in parts), key=lambda chip: folded(chip.name)))


def folded(name: str) -> str:
    """A name as it is compared with others."""
    return one_line(name).casefold()


def _chips(tag_id: Any, held: sa.ColumnElement[bool]) -> sa.ScalarSelect[str]:
    line = sa.cast(Tag.id, sa.Text) + " " + Tag.tone + " " + Tag.name
    lines = sa.func.aggregate_strings(line, "\n")
    return sa.select(lines).select_from(Tag).join_from(Tag, tag_id.class_, tag_id == Tag.id).where(held).scalar_subquery()
