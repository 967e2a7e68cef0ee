"""The lists of tickets: the built-in views, a page of one by key, what a search has found. Their counts: see counts.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from plugdesk.database import Moment
from plugdesk.errors import NotFound
from plugdesk.forms.models import StatusKind
from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext
from plugdesk.permissions import rights_of, tickets_in_bin, visible_tickets
from plugdesk.runtime import runtime_of
from plugdesk.search import numbers_matching
from plugdesk.stems import Term
from plugdesk.tags.queries import Chip, chips_of_ticket, read_chips
from plugdesk.tickets.models import Reading, Ticket, Watcher
from plugdesk.users.models import Group, GroupMember, User
from plugdesk.users.shifts import is_away, is_on_shift, today_of

PAGE = 50
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
VALUES = "values"
"""Among the facts that a list is asked for: what stands in the ticket's fields, by code."""


class Order(StrEnum):
    """How a list stands, each carried by an index: by rank and the latest word, the other way round, or by number."""

    LATEST = "latest"
    EARLIEST = "earliest"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True)
class View:
    """A built-in list of tickets. `counted` views show their number on the left panel."""

    slug: str
    title: Any
    icon: str
    counted: bool = True


VIEWS = (
    View("new", lazy_gettext("New"), "status-new"),
    View("mine", lazy_gettext("Mine"), "user"),
    View("groups", lazy_gettext("My groups"), "users"),
    View("asked", lazy_gettext("Asked of me"), "subtask"),
    View("unread", lazy_gettext("Unread"), "mail"),
    View("watching", lazy_gettext("Watching"), "eye"),
    View("unanswered", lazy_gettext("Unanswered"), "message"),
    View("open", lazy_gettext("All open"), "inbox"),
    View("waiting", lazy_gettext("Waiting for customer"), "status-pending"),
    View("done", lazy_gettext("Done"), "status-resolved", counted=False),
    View("bin", lazy_gettext("Bin"), "trash", counted=False),
)


@dataclass(frozen=True)
class Key:
    """Where a page of a list ends: the last row's rank, moment and number."""

    rank: int
    spoken_at: datetime
    id: int


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to besides its view."""

    form_id: int | None = None
    assignee_id: int | None = None
    group_id: int | None = None
    status_code: str | None = None
    customer_id: int | None = None
    conditions: Sequence[sa.ColumnElement[bool]] = field(default=())


class Listed(NamedTuple):
    """One ticket as a list shows it, with the names of those who have to do with it."""

    id: int
    form_id: int
    subject: str
    excerpt: str
    channel: str
    status_id: int
    status_kind: StatusKind
    rank: int
    created_at: datetime
    spoken_at: datetime
    closed_at: datetime | None
    customer: str
    assignee: str | None
    group: str | None
    tagged: str | None
    is_read: bool

    @property
    def tags(self) -> Sequence[Chip]:
        """The tags on it, by name."""
        return read_chips(self.tagged)

    @property
    def is_unread(self) -> bool:
        """Whether there is something on it, still open, that who asked has not read."""
        return not self.is_read and not self.status_kind.is_final


@dataclass(frozen=True)
class Page:
    """Some rows of a list, the facts that were asked for by the ticket's id, and the key of the next page if there is more."""

    tickets: Sequence[Listed]
    next: Key | None
    facts: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


def tickets_of_view(
    session: Session,
    user: User,
    view: str,
    *,
    narrowed: Filter = Filter(),
    after: Key | None = None,
    limit: int = PAGE,
    facts: Collection[str] = (),
    order: Order = Order.LATEST,
) -> Page:
    """One page of a view as `user` may see it, the highest rank and the latest word first, or in another `order`.

    The values of `facts`, by name, come in the same query: `Page.facts` maps a ticket's id to them.
    """
    conditions = [*of_view(session, user, view), *narrowing(narrowed)]
    if after is not None:
        conditions.append(_comes_after(after, order))
    return _page(*_with_facts(session, user, conditions, _ORDERS[order], limit + 1, facts), limit)


def tickets_by_fact(
    session: Session,
    user: User,
    view: str,
    fact: str,
    *,
    forms: Collection[int],
    narrowed: Filter = Filter(),
    after: Key | None = None,
    limit: int = PAGE,
    facts: Collection[str] = (),
) -> Page:
    """One page of a view by a `fact` that is a moment: the earliest first, tickets without one, or on none of these `forms`, last.

    `Key.spoken_at` is that moment here. No index carries this order: all tickets of the view are looked at.
    """
    sql = runtime_of(session).registry.facts[fact].sql(Ticket)
    moment = sa.func.coalesce(sa.case((Ticket.form_id.in_(forms), sql)), sa.literal(NEVER, Moment()))
    conditions = [*of_view(session, user, view), *narrowing(narrowed)]
    if after is not None:
        conditions.append(sa.tuple_(moment, Ticket.id) > sa.tuple_(sa.literal(after.spoken_at, Moment()), after.id))
    rows, values = _with_facts(session, user, conditions, [moment, Ticket.id.asc()], limit + 1, dict.fromkeys([*facts, fact]))
    page = _page(rows, values, limit)
    if page.next is None:
        return page
    last = page.tickets[-1]
    at = values[last.id][fact] if last.form_id in forms else None
    return replace(page, next=Key(0, at or NEVER, last.id))


def first_of_view(
    session: Session, user: User, view: str, *, narrowed: Filter, since: Callable[[Any], Any], most: int
) -> list[tuple[Listed, datetime | None]]:
    """The `most` tickets of a view whose moment `since(Ticket)` is earliest, each with it; those without one come last."""
    moment = since(Ticket)
    query = _ROWS.add_columns(moment.label("since")).where(*of_view(session, user, view), *narrowing(narrowed))
    found = session.execute(query.order_by(moment.asc().nulls_last(), Ticket.id).limit(most), {"reader_id": user.id}).all()
    return [(Listed._make(row[:-1]), row[-1]) for row in found]


def tickets_found(
    session: Session,
    user: User,
    terms: Sequence[Term],
    *,
    conditions: Sequence[sa.ColumnElement[bool]] = (),
    after: Key | None = None,
    limit: int = PAGE,
    facts: Collection[str] = (),
) -> Page:
    """One page of the tickets that hold the words of `terms` and meet `conditions`, the latest number first."""
    rows: list[Listed] = []
    values: dict[int, Mapping[str, Any]] = {}
    before, size = after.id if after else None, limit * 2
    while len(rows) <= limit:
        numbers = numbers_matching(session, terms, before=before, limit=size)
        if not numbers:
            break
        wanted = [visible_tickets(session, user), Ticket.id.in_(numbers), *conditions]
        more, known = _with_facts(session, user, wanted, [Ticket.id.desc()], limit + 1 - len(rows), facts)
        rows, values = [*rows, *more], values | known
        if len(numbers) < size:
            break
        before, size = numbers[-1], min(size * 4, 5_000)
    return _page(rows, values, limit)


def group_ids_of(session: Session, user: User) -> list[int]:
    """The groups `user` is a member of."""
    return sorted(rights_of(session, user).groups)


def _page(rows: Sequence[Listed], facts: Mapping[int, Mapping[str, Any]], limit: int) -> Page:
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], Key(last.rank, last.spoken_at, last.id) if last else None, facts)


def _with_facts(
    session: Session,
    user: User,
    conditions: Sequence[sa.ColumnElement[bool]],
    order: Sequence[sa.ColumnElement[Any]],
    limit: int,
    facts: Collection[str],
) -> tuple[list[Listed], dict[int, Mapping[str, Any]]]:
    """The rows that meet `conditions`, and the values of `facts` by ticket and name, in one query."""
    known = runtime_of(session).registry.facts
    wanted = [name for name in facts if name == VALUES or name in known]
    query = _rows_with(tuple((name, _values if name == VALUES else known[name].sql) for name in wanted))
    found = session.execute(query.where(*conditions).order_by(*order).limit(limit), {"reader_id": user.id}).all()
    width = len(Listed._fields)
    values: dict[int, Mapping[str, Any]] = {}
    if wanted:
        values = {row[0]: dict(zip(wanted, row[width:], strict=True)) for row in found}
    return [Listed._make(row[:width]) for row in found], values


@lru_cache(maxsize=256)
def _rows_with(facts: tuple[tuple[str, Callable[[Any], Any]], ...]) -> sa.Select[*tuple[Any, ...]]:
    """What a list reads of a ticket, and of each fact what it is: made once."""
    return _ROWS.add_columns(*(sql(Ticket).label(f"fact_{name}") for name, sql in facts))


def _values(ticket: Any) -> Any:
    return ticket.values


def _comes_after(key: Key, order: Order) -> sa.ColumnElement[bool]:
    if order in (Order.NEWEST, Order.OLDEST):
        return Ticket.id < key.id if order is Order.NEWEST else Ticket.id > key.id
    after: sa.ColumnElement[bool] = _PLACE.op("<" if order is Order.LATEST else ">")(sa.tuple_(key.rank, key.spoken_at, key.id))
    return after


def of_view(session: Session, user: User, view: str) -> list[sa.ColumnElement[bool]]:
    """The conditions on `Ticket` of a view as `user` may see it."""
    if view == "bin":
        return [tickets_in_bin(session, user)]
    whole = Ticket.parent_id.is_not(None) if view == "asked" else Ticket.parent_id.is_(None)
    return [whole, visible_tickets(session, user), *_of_built_in(session, user, view)]


def _of_built_in(session: Session, user: User, view: str) -> list[sa.ColumnElement[bool]]:
    is_open = Ticket.closed_at.is_(None)
    if view == "new":
        return [Ticket.status_kind == StatusKind.NEW]
    if view == "mine":
        return [is_open, sa.or_(Ticket.assignee_id == user.id, *_groups_at_hand(session, user))]
    if view == "asked":
        groups = sa.select(GroupMember.group_id).where(GroupMember.user_id == user.id)
        return [
            is_open,
            sa.or_(Ticket.assignee_id == user.id, sa.and_(Ticket.assignee_id.is_(None), Ticket.group_id.in_(groups))),
        ]
    if view == "groups":
        return [is_open, Ticket.group_id.in_(group_ids_of(session, user))]
    if view == "unread":
        read = sa.select(Reading.ticket_id).where(Reading.user_id == user.id, Reading.ticket_id == Ticket.id)
        return [is_open, ~read.exists()]
    if view == "watching":
        watched = sa.select(Watcher.ticket_id).where(Watcher.user_id == user.id, Watcher.ticket_id == Ticket.id)
        return [is_open, watched.exists()]
    if view == "unanswered":
        return [is_open, Ticket.customer_waits.is_(True)]
    if view == "waiting":
        return [Ticket.status_kind == StatusKind.PENDING]
    if view == "done":
        return [Ticket.closed_at.is_not(None)]
    if view == "all":
        return []
    if view == "open":
        return [is_open]
    raise NotFound(_("There is no such view."))


def _groups_at_hand(session: Session, user: User) -> list[sa.ColumnElement[bool]]:
    """What nobody of the groups of `user` has accepted is at hand for whoever is on shift and not away."""
    if not is_on_shift(session, user):
        return []
    groups = sa.select(GroupMember.group_id).where(GroupMember.user_id == user.id)
    free = sa.and_(Ticket.assignee_id.is_(None), Ticket.group_id.in_(groups), ~is_away(user.id, today_of(session, user)))
    return [free]


def narrowing(narrowed: Filter) -> list[sa.ColumnElement[bool]]:
    """The conditions on `Ticket` that a list is narrowed by."""
    conditions = list(narrowed.conditions)
    for column, value in (
        (Ticket.form_id, narrowed.form_id),
        (Ticket.assignee_id, narrowed.assignee_id),
        (Ticket.group_id, narrowed.group_id),
        (Ticket.customer_id, narrowed.customer_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if narrowed.status_code is not None:
        conditions.append(Ticket.status.has(code=narrowed.status_code))
    return conditions


_customer, _assignee, _group = aliased(User), aliased(User), aliased(Group)
_ROWS = (  # rows with names, not entities: of fifty tickets a page shows little, and draws it often
    sa.select(
        Ticket.id, Ticket.form_id, Ticket.subject, Ticket.excerpt, Ticket.channel, Ticket.status_id, Ticket.status_kind, Ticket.rank,
        Ticket.created_at, Ticket.spoken_at, Ticket.closed_at, _customer.name, _assignee.name, _group.name, chips_of_ticket(Ticket.id),
        sa.exists().where(Reading.ticket_id == Ticket.id, Reading.user_id == sa.bindparam("reader_id")),
    )
    .select_from(Ticket)
    .join(_customer, _customer.id == Ticket.customer_id)
    .outerjoin(_assignee, _assignee.id == Ticket.assignee_id)
    .outerjoin(_group, _group.id == Ticket.group_id)
    .where(Ticket.merged_into_id.is_(None))
)  # fmt: skip
_ORDERS: Mapping[Order, Sequence[sa.ColumnElement[Any]]] = {
    Order.LATEST: (Ticket.rank.desc(), Ticket.spoken_at.desc(), Ticket.id.desc()),
    Order.EARLIEST: (Ticket.rank.asc(), Ticket.spoken_at.asc(), Ticket.id.asc()),
    Order.NEWEST: (Ticket.id.desc(),),
    Order.OLDEST: (Ticket.id.asc(),),
}
_PLACE = sa.tuple_(Ticket.rank, Ticket.spoken_at, Ticket.id)
