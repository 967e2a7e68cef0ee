"""Questions about tickets: the views and their counts, one ticket with its thread, what changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from plugdesk.errors import NotFound
from plugdesk.events import Event
from plugdesk.forms.models import StatusKind
from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext
from plugdesk.permissions import can_see, note_denied, visible_forms, visible_tickets
from plugdesk.runtime import runtime_of
from plugdesk.search import numbers_matching
from plugdesk.stems import Term
from plugdesk.tickets.models import Attachment, Direction, Message, Reading, Tally, Ticket, Watcher
from plugdesk.tickets.tally import assignee_heap, group_heap_sql
from plugdesk.users.models import Group, GroupMember, User

PAGE = 50


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
    View("unread", lazy_gettext("Unread"), "mail"),
    View("watching", lazy_gettext("Watching"), "eye"),
    View("unanswered", lazy_gettext("Unanswered"), "message"),
    View("open", lazy_gettext("All open"), "inbox"),
    View("waiting", lazy_gettext("Waiting for customer"), "status-pending"),
    View("done", lazy_gettext("Done"), "status-resolved", counted=False),
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


@dataclass(frozen=True)
class Page:
    """Some rows of a list, what is known of each, and the key of the next page if there is more."""

    tickets: Sequence[Ticket]
    unread: frozenset[int]
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
) -> Page:
    """One page of a view as `user` may see it, the highest rank and the latest word first.

    The values of `facts`, by name, come in the same query: `Page.facts` maps a ticket's id to them.
    """
    order = (Ticket.rank.desc(), Ticket.spoken_at.desc(), Ticket.id.desc())
    query = (
        _rows()
        .where(
            visible_tickets(session, user),
            Ticket.merged_into_id.is_(None),
            Ticket.parent_id.is_(None),
            *_of_view(session, user, view),
        )
        .where(*_narrowing(session, narrowed))
        .order_by(*order)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(
            sa.tuple_(Ticket.rank, Ticket.spoken_at, Ticket.id) < sa.tuple_(after.rank, after.spoken_at, after.id)
        )
    rows, values = _with_facts(session, query, facts)
    shown, last = rows[:limit], rows[limit - 1] if len(rows) > limit else None
    return Page(shown, unread_of(session, user, shown), Key(last.rank, last.spoken_at, last.id) if last else None, values)


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
    rows: list[Ticket] = []
    values: dict[int, Mapping[str, Any]] = {}
    before, size = after.id if after else None, limit * 2
    while len(rows) <= limit:
        numbers = numbers_matching(session, terms, before=before, limit=size)
        if not numbers:
            break
        query = _rows().where(visible_tickets(session, user), Ticket.merged_into_id.is_(None), Ticket.parent_id.is_(None))
        query = query.where(Ticket.id.in_(numbers), *conditions).order_by(Ticket.id.desc()).limit(limit + 1 - len(rows))
        more, known = _with_facts(session, query, facts)
        rows, values = [*rows, *more], values | known
        if len(numbers) < size:
            break
        before, size = numbers[-1], min(size * 4, 5_000)
    shown, last = rows[:limit], rows[limit - 1] if len(rows) > limit else None
    return Page(shown, unread_of(session, user, shown), Key(last.rank, last.spoken_at, last.id) if last else None, values)


def _with_facts(
    session: Session, query: sa.Select[Any], facts: Collection[str]
) -> tuple[list[Ticket], dict[int, Mapping[str, Any]]]:
    """The tickets of `query`, and the values of `facts` by ticket and name, in one query."""
    known = runtime_of(session).registry.facts
    wanted = [name for name in facts if name in known]
    found = session.execute(query.add_columns(*(known[name].sql(Ticket).label(f"fact_{name}") for name in wanted))).all()
    values: dict[int, Mapping[str, Any]] = {}
    if wanted:
        values = {row[0].id: dict(zip(wanted, row[1:], strict=True)) for row in found}
    return [row[0] for row in found], values


def view_counts(session: Session, user: User) -> Mapping[str, int]:
    """How many tickets stand in each counted view of `user`. One query, however many tickets there are."""
    forms = visible_forms(session, user) if user.active else []
    about = {"user_id": user.id, "mine": assignee_heap(user.id)} | ({} if forms is None else {"forms": forms})
    found = {name: int(n or 0) for name, n in session.execute(_counts(everywhere=forms is None), about)}
    session.info["last_event_id"] = found["last event"]
    counts = {
        "new": found.get("new", 0), "mine": found.get(about["mine"], 0), "groups": found["groups"], "unanswered": found.get("waits", 0),
        "open": found.get("new", 0) + found.get("open", 0) + found.get("pending", 0), "waiting": found.get("pending", 0),
    }  # fmt: skip
    return counts | {"unread": max(0, counts["open"] - found["read"]), "watching": found["watched"]}


@cache
def _counts(*, everywhere: bool) -> sa.CompoundSelect[str, Any]:
    """What `view_counts` reads, as pairs of name and number: in all forms, or in the bound `forms`."""

    def seen(form_id: Any) -> sa.ColumnElement[bool]:
        return sa.true() if everywhere else form_id.in_(sa.bindparam("forms", expanding=True))

    me = sa.bindparam("user_id", type_=Ticket.id.type)
    total, watched = (
        sa.func.sum(Tally.n),
        sa.and_(Ticket.id == Watcher.ticket_id, Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None)),
    )
    return sa.union_all(
        sa.select(Tally.heap, total)
        .where(
            Tally.heap.in_(["new", "open", "pending", "waits", sa.bindparam("mine", type_=Tally.heap.type)]), seen(Tally.form_id)
        )
        .group_by(Tally.heap),
        sa.select(sa.literal("groups"), total)
        .join(GroupMember, sa.and_(Tally.heap == group_heap_sql(GroupMember.group_id), GroupMember.user_id == me))
        .where(seen(Tally.form_id)),
        sa.select(sa.literal("read"), sa.func.count()).where(Reading.user_id == me, seen(Reading.form_id)),
        sa.select(sa.literal("watched"), sa.func.count())
        .select_from(Watcher)
        .join(Ticket, watched)
        .where(Watcher.user_id == me, seen(Ticket.form_id)),
        sa.select(sa.literal("last event"), sa.func.max(Event.id)),
    )


def unread_of(session: Session, user: User, tickets: Sequence[Ticket]) -> frozenset[int]:
    """Which of `tickets` have something `user` has not read."""
    is_open = [ticket.id for ticket in tickets if not ticket.status_kind.is_final]
    if not is_open:
        return frozenset()
    read = session.scalars(sa.select(Reading.ticket_id).where(Reading.user_id == user.id, Reading.ticket_id.in_(is_open)))
    return frozenset(is_open) - frozenset(read)


def standing_of(session: Session, ticket: Ticket, agent: User) -> tuple[bool, bool]:
    """Whether `agent` has read all there is on the ticket, and whether they watch it."""
    is_read, is_watched = session.execute(_STANDING, {"ticket_id": ticket.id, "user_id": agent.id}).one()
    return bool(is_read), bool(is_watched)


def ticket_for(session: Session, user: User, number: int) -> Ticket:
    """The ticket with this number if `user` may see it; else `NotFound`, whether or not there is one."""
    found = session.scalars(_WHOLE_TICKET, {"number": number}).unique().one_or_none()
    if found is not None and not can_see(session, user, found):
        note_denied(session, user, "ticket", number=number)
        found = None
    if found is None:
        raise NotFound(_("There is no such ticket."))
    return found


def thread_of(session: Session, ticket: Ticket) -> Sequence[Message]:
    """Everything said on the ticket, oldest first, with its authors' names and its files, to be shown."""
    found = session.execute(_THREAD, {"ticket_id": ticket.id}).all()
    files: dict[int | None, list[Attachment]] = {}
    if any(has_files for _message, has_files in found):
        for each in session.scalars(_FILES, {"ticket_id": ticket.id}):
            files.setdefault(each.message_id, []).append(each)
    messages = [message for message, _has_files in found]
    for message in messages:
        set_committed_value(message, "attachments", files.get(message.id, []))
    return messages


def who_talked(session: Session, tickets: Sequence[Ticket]) -> Mapping[int, Sequence[str]]:
    """The agents who wrote to the customer, by the ticket's id, in the order of their first words. One query."""
    query = (
        sa.select(Message.ticket_id, User.name)
        .join(User, User.id == Message.author_id)
        .where(Message.ticket_id.in_([ticket.id for ticket in tickets]), Message.direction == Direction.OUTGOING)
        .group_by(Message.ticket_id, User.name)
        .order_by(sa.func.min(Message.id))
    )
    names: dict[int, list[str]] = {}
    for ticket_id, name in session.execute(query):
        names.setdefault(ticket_id, []).append(name)
    return names


def history_of(session: Session, ticket: Ticket, limit: int = 500) -> Sequence[Event]:
    """What happened to the ticket, oldest first."""
    return session.scalars(_HISTORY, {"ticket_id": ticket.id, "most": limit}).all()


def fields_changed_since(session: Session, ticket: Ticket, version: int) -> set[str]:
    """The codes of the fields that changed after the ticket had `version`, as far as its history tells."""
    later = max(0, ticket.version - version)
    query = sa.select(Event.data).where(Event.ticket_id == ticket.id, Event.kind == "fields_changed").order_by(Event.id.desc())
    return {code for data in session.scalars(query.limit(later)) for code in data.get("changes", {})}


def last_event_id(session: Session) -> int:
    """The number of the last thing that happened on this desk: what an open page compares with. Comes with the counts."""
    if "last_event_id" in session.info:
        return int(session.info["last_event_id"])
    return session.scalar(sa.select(sa.func.max(Event.id))) or 0


def tickets_changed_since(session: Session, user: User, event_id: int, limit: int = 200) -> set[int]:
    """The tickets `user` may see to which something happened after `event_id`."""
    query = (
        sa.select(Event.ticket_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(Event.id > event_id, visible_tickets(session, user))
        .distinct()
        .limit(limit)
    )
    return {ticket_id for ticket_id in session.scalars(query) if ticket_id is not None}


def group_ids_of(session: Session, user: User) -> list[int]:
    """The groups `user` is a member of. Read once a session."""
    known: dict[int, list[int]] = session.info.setdefault("groups_of", {})
    if user.id not in known:
        known[user.id] = list(session.scalars(sa.select(GroupMember.group_id).where(GroupMember.user_id == user.id)))
    return known[user.id]


# Statements that every page asks are made once: building and hashing one takes as long as running it.
_STANDING = sa.select(
    sa.exists().where(Reading.ticket_id == sa.bindparam("ticket_id"), Reading.user_id == sa.bindparam("user_id")),
    sa.exists().where(Watcher.ticket_id == sa.bindparam("ticket_id"), Watcher.user_id == sa.bindparam("user_id")),
)
_CUSTOMER = joinedload(Ticket.customer, innerjoin=True)
_WHOLE_TICKET = (
    sa.select(Ticket)
    .where(Ticket.id == sa.bindparam("number"))
    .options(
        _CUSTOMER.joinedload(User.identities),
        _CUSTOMER.joinedload(User.organization),
        joinedload(Ticket.assignee).load_only(User.name),
        joinedload(Ticket.group).load_only(Group.name),
    )
)
_THREAD = (
    sa.select(Message, sa.exists().where(Attachment.message_id == Message.id))
    .where(Message.ticket_id == sa.bindparam("ticket_id"))
    .order_by(Message.id)
    # What came as HTML is kept whole, and is much longer than the clean copy that is shown.
    .options(defer(Message.html), joinedload(Message.author).load_only(User.name, User.role))
)
_FILES = (
    sa.select(Attachment)
    .join(Message, Message.id == Attachment.message_id)
    .where(Message.ticket_id == sa.bindparam("ticket_id"))
    .order_by(Attachment.id)
)
_HISTORY = (
    sa.select(Event)
    .where(Event.ticket_id == sa.bindparam("ticket_id"))
    .order_by(Event.id)
    .limit(sa.bindparam("most"))
    .options(joinedload(Event.actor).load_only(User.name, User.role))
)
_WITH_NAMES = (
    joinedload(Ticket.customer, innerjoin=True).load_only(User.name),
    joinedload(Ticket.assignee).load_only(User.name),
    joinedload(Ticket.group).load_only(Group.name),
)


def _rows() -> sa.Select[Ticket]:
    return sa.select(Ticket).options(*_WITH_NAMES)


def _of_forms(session: Session, user: User, column: Any) -> list[sa.ColumnElement[bool]]:
    forms = visible_forms(session, user)
    return [] if forms is None else [column.in_(forms)]


def _of_view(session: Session, user: User, view: str) -> list[sa.ColumnElement[bool]]:
    is_open = Ticket.closed_at.is_(None)
    if view == "new":
        return [Ticket.status_kind == StatusKind.NEW]
    if view == "mine":
        return [is_open, Ticket.assignee_id == user.id]
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


def _narrowing(session: Session, narrowed: Filter) -> list[sa.ColumnElement[bool]]:
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
