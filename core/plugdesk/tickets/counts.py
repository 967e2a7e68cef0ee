"""How many tickets stand in each view: what the left panel shows, in one query, however many tickets there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.events import Event
from plugdesk.permissions import narrowed_tickets, rights_of, visible_forms
from plugdesk.tickets.models import SUBTASK, Reading, Tally, Ticket, Watcher
from plugdesk.tickets.tally import assignee_heap, free_heap_sql, group_heap_sql
from plugdesk.users.models import GroupMember, User
from plugdesk.users.shifts import is_away, is_on_shift, today_of


def view_counts(session: Session, user: User) -> Mapping[str, int]:
    """How many tickets stand in each counted view of `user`. One query, however many tickets there are.

    The tickets of forms of which `user` sees a part are counted one by one.
    """
    forms, narrowed = visible_forms(session, user) if user.active else [], narrowed_tickets(session, user)
    mine, on_shift, today = assignee_heap(user.id), is_on_shift(session, user), today_of(session, user)
    about = {"user_id": user.id, "mine": mine, "on_shift": int(on_shift), "today": today} | (
        {} if forms is None else {"forms": forms}
    )
    query = _counts(everywhere=forms is None)
    if narrowed is not None:
        query = sa.union_all(
            *_count_parts(everywhere=False),
            *_narrowed_parts(narrowed, user, sorted(rights_of(session, user).groups), on_shift, today),
        )
    found: Counter[str] = Counter()
    for name, n in session.execute(query, about):
        found[str(name)] += int(n or 0)
    session.info["last_event_id"] = found["last event"]
    counts = {
        "new": found["new"], "mine": found[mine] + found["free"], "groups": found["groups"], "unanswered": found["waits"],
        "open": found["new"] + found["open"] + found["pending"], "waiting": found["pending"], "asked": found["asked"],
    }  # fmt: skip
    return counts | {"unread": max(0, counts["open"] - found["read"]), "watching": found["watched"]}


def last_event_id(session: Session) -> int:
    """The number of the last thing that happened on this desk: what an open page compares with. Comes with the counts."""
    if "last_event_id" in session.info:
        return int(session.info["last_event_id"])
    return session.scalar(sa.select(sa.func.max(Event.id))) or 0


@cache
def _counts(*, everywhere: bool) -> sa.CompoundSelect[str, Any]:
    """What `view_counts` reads, as pairs of name and number: in all forms, or in the bound `forms`."""
    return sa.union_all(*_count_parts(everywhere=everywhere))


def _count_parts(*, everywhere: bool) -> list[sa.Select[str, Any]]:

    def seen(form_id: Any) -> sa.ColumnElement[bool]:
        return sa.true() if everywhere else form_id.in_(sa.bindparam("forms", expanding=True))

    # Of columns of tables: no entity comes of it, and that spares the session half of its work.
    tally, reading, watcher, ticket = Tally.__table__.c, Reading.__table__.c, Watcher.__table__.c, Ticket.__table__.c
    member, event = GroupMember.__table__.c, Event.__table__.c
    me = sa.bindparam("user_id", type_=ticket.id.type)
    total, watched = (
        sa.func.sum(tally.n),
        sa.and_(
            ticket.id == watcher.ticket_id,
            ticket.closed_at.is_(None),
            ticket.deleted_at.is_(None),
            ticket.parent_id.is_(None),
            ticket.merged_into_id.is_(None),
        ),
    )
    return [
        sa.select(tally.heap, total)
        .where(
            tally.heap.in_(["new", "open", "pending", "waits", sa.bindparam("mine", type_=tally.heap.type)]), seen(tally.form_id)
        )
        .group_by(tally.heap),
        sa.select(sa.literal("groups"), total)
        .join(GroupMember.__table__, sa.and_(tally.heap == group_heap_sql(member.group_id), member.user_id == me))
        .where(seen(tally.form_id)),
        sa.select(sa.literal("free"), total)
        .join(GroupMember.__table__, sa.and_(tally.heap == free_heap_sql(member.group_id), member.user_id == me))
        .where(
            seen(tally.form_id),
            sa.bindparam("on_shift", type_=sa.Integer) == 1,
            ~is_away(me, sa.bindparam("today", type_=sa.Date)),
        ),
        sa.select(sa.literal("read"), sa.func.count()).where(
            reading.user_id == me, reading.form_id != SUBTASK, seen(reading.form_id)
        ),
        *(part.where(seen(ticket.form_id)) for part in _asked_parts(me)),
        sa.select(sa.literal("watched"), sa.func.count())
        .select_from(Watcher.__table__)
        .join(Ticket.__table__, watched)
        .where(watcher.user_id == me, seen(ticket.form_id)),
        sa.select(sa.literal("last event"), sa.func.max(event.id)),
    ]


def _asked_parts(me: Any) -> list[sa.Select[str, Any]]:
    """The open subtasks `me` is asked by name, and those their groups are and nobody has taken: each finds its own index."""
    ticket, member = Ticket.__table__.c, GroupMember.__table__.c
    waiting = sa.select(sa.literal("asked"), sa.func.count()).where(
        ticket.parent_id.is_not(None), ticket.closed_at.is_(None), ticket.deleted_at.is_(None)
    )
    groups = sa.select(member.group_id).where(member.user_id == me)
    return [waiting.where(ticket.assignee_id == me), waiting.where(ticket.assignee_id.is_(None), ticket.group_id.in_(groups))]


def _narrowed_parts(
    narrowed: sa.ColumnElement[bool], user: User, groups: Sequence[int], on_shift: bool, today: date
) -> list[sa.Select[str, Any]]:
    """The same of the tickets that meet `narrowed`."""
    seen = (
        sa.select(Ticket.id, Ticket.status_kind, Ticket.customer_waits, Ticket.assignee_id, Ticket.group_id)
        .where(Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None))
        .where(Ticket.merged_into_id.is_(None), Ticket.parent_id.is_(None), narrowed)
        .cte("seen")
    )

    def count(name: Any, *conditions: Any) -> sa.Select[Any, Any]:
        return sa.select(name, sa.func.count()).select_from(seen).where(*conditions)

    asked = [part.where(Ticket.__table__.c.id.in_(sa.select(Ticket.id).where(narrowed))) for part in _asked_parts(user.id)]
    return [
        *asked,
        count(seen.c.status_kind).group_by(seen.c.status_kind),
        count(sa.literal("waits"), seen.c.customer_waits.is_(True)),
        count(sa.literal(assignee_heap(user.id)), seen.c.assignee_id == user.id),
        count(sa.literal("groups"), seen.c.group_id.in_(groups)),
        count(
            sa.literal("free"),
            seen.c.assignee_id.is_(None),
            seen.c.group_id.in_(groups if on_shift else ()),
            ~is_away(user.id, today),
        ),
        count(sa.literal("read"), sa.exists().where(Reading.ticket_id == seen.c.id, Reading.user_id == user.id)),
        count(sa.literal("watched"), sa.exists().where(Watcher.ticket_id == seen.c.id, Watcher.user_id == user.id)),
    ]
