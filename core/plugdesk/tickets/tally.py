"""Counts that cost the same at a thousand tickets and at a million: +1 and -1 rows, written with the ticket itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapper, Session

from plugdesk.tickets.models import Tally, Ticket

_WATCHED = (
    "form_id",
    "status_kind",
    "assignee_id",
    "group_id",
    "customer_waits",
    "closed_at",
    "deleted_at",
    "merged_into_id",
    "parent_id",
)


def heaps_of(ticket: dict[str, Any]) -> list[str]:
    """The heaps a ticket with these values lies on: none when it is closed, in the bin, merged away or a subtask."""
    if any(ticket[name] is not None for name in ("closed_at", "deleted_at", "merged_into_id", "parent_id")):
        return []
    heaps = [str(ticket["status_kind"])]
    if ticket["customer_waits"]:
        heaps.append("waits")
    if ticket["assignee_id"] is not None:
        heaps.append(assignee_heap(ticket["assignee_id"]))
    if ticket["group_id"] is not None:
        heaps.append(group_heap(ticket["group_id"]))
        if ticket["assignee_id"] is None:
            heaps.append(free_heap(ticket["group_id"]))
    return heaps


def assignee_heap(user_id: int) -> str:
    return f"assignee:{user_id}"


def group_heap(group_id: int) -> str:
    return f"group:{group_id}"


def free_heap(group_id: int) -> str:
    """The heap of tickets that a group has and nobody in it yet."""
    return f"free:{group_id}"


def group_heap_sql(group_id: Any) -> sa.ColumnElement[str]:
    """The SQL twin of `group_heap`."""
    return sa.literal("group:") + sa.cast(group_id, sa.String)


def free_heap_sql(group_id: Any) -> sa.ColumnElement[str]:
    """The SQL twin of `free_heap`."""
    return sa.literal("free:") + sa.cast(group_id, sa.String)


def fold(session: Session) -> int:
    """Replace the rows of each heap by one with their sum; returns how many rows went. Adding goes on meanwhile."""
    last = session.scalar(sa.select(sa.func.max(Tally.id))) or 0
    old = Tally.id <= last
    before = session.scalar(sa.select(sa.func.count()).select_from(Tally).where(old)) or 0
    total = sa.func.sum(Tally.n)
    sums = session.execute(
        sa.select(Tally.form_id, Tally.heap, total).where(old).group_by(Tally.form_id, Tally.heap).having(total != 0)
    ).all()
    session.execute(sa.delete(Tally).where(old))
    session.add_all(Tally(form_id=form_id, heap=heap, n=int(n)) for form_id, heap, n in sums)
    return before - len(sums)


def _know_what_was(ticket: Ticket, value: Any, before: Any, initiator: Any) -> None:
    """Only asked for its `active_history`: the old value is loaded where the session has forgotten it."""


for name in _WATCHED:
    event.listen(getattr(Ticket, name), "set", _know_what_was, active_history=True)


@event.listens_for(Ticket, "after_insert")
def _opened(mapper: Mapper[Ticket], connection: sa.Connection, ticket: Ticket) -> None:
    _write(connection, {}, {name: getattr(ticket, name) for name in _WATCHED})


@event.listens_for(Ticket, "after_update")
def _moved(mapper: Mapper[Ticket], connection: sa.Connection, ticket: Ticket) -> None:
    state = sa.inspect(ticket)
    before: dict[str, Any] = {}
    for name in _WATCHED:
        history = state.attrs[name].history
        if not history.has_changes():
            before[name] = getattr(ticket, name)
        else:  # what was never set since it was inserted in this session has no old value: it is null
            before[name] = history.deleted[0] if history.deleted else None
    _write(connection, before, {name: getattr(ticket, name) for name in _WATCHED})


def _write(connection: sa.Connection, before: dict[str, Any], after: dict[str, Any]) -> None:
    """One row for each heap the ticket came onto or left."""
    change: Counter[tuple[int, str]] = Counter()
    for place, n in ((before, -1), (after, 1)):
        if place:
            change.update({(place["form_id"], heap): n for heap in heaps_of(place)})
    rows = [{"form_id": form_id, "heap": heap, "n": n} for (form_id, heap), n in change.items() if n]
    if rows:
        connection.execute(sa.insert(Tally), rows)
