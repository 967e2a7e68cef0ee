"""Recorded facts: a ticket's history, the audit log and the news for plugins, in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from plugdesk.database import Base, Json, Key, attach
from plugdesk.forms.models import Form
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User


class Event(Base):
    """Something that happened: what, when, to which ticket or form, and who did it (nobody: the desk itself).

    `data` holds plain values that say what changed. Rows are added, never changed.
    """

    __tablename__ = "event"
    __table_args__ = (
        sa.Index("ix_event_ticket_id", "ticket_id", "id"),
        sa.Index("ix_event_plugin_id", "plugin", "id"),
        sa.Index("ix_event_kind_id", "kind", "id"),
    )

    id: Mapped[Key]
    at: Mapped[datetime]
    kind: Mapped[str]
    form_id: Mapped[int | None] = mapped_column(sa.ForeignKey("form.id"))
    ticket_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ticket.id"))
    message_id: Mapped[int | None]
    actor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    plugin: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    actor: Mapped[User | None] = relationship()


class Delivery(Base):
    """One event to be told to one plugin. Deliveries of one ticket to one plugin keep their order."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.Index("ix_delivery_due", "state", "plugin", "id", "due_at"),
        sa.Index("ix_delivery_order", "plugin", "ticket_id", "id"),
    )

    id: Mapped[Key]
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("event.id", ondelete="CASCADE"), index=True)
    plugin: Mapped[str]
    form_id: Mapped[int]
    ticket_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="waiting")
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]

    event: Mapped[Event] = relationship()


def record(
    session: Session,
    kind: str,
    /,
    *,
    ticket: Ticket | None = None,
    form: Form | None = None,
    actor: User | None = None,
    message_id: int | None = None,
    plugin: str | None = None,
    **data: Any,
) -> Event:
    """Write down that `kind` happened, and put the news in the post for every plugin that is on and listens.

    `data` must be plain JSON values. Returns the event; it has its id, which orders history and deliveries, once it is flushed.
    """
    from plugdesk.runtime import runtime_of

    runtime = runtime_of(session)
    form = form or (ticket.form if ticket else None)
    values = {
        "at": runtime.clock.now(),
        "kind": kind,
        "form_id": form.id if form else None,
        "ticket_id": ticket.id if ticket else None,
        "message_id": message_id,
        "actor_id": actor.id if actor else None,
        "plugin": plugin,
        "data": data,
    }
    event = Event(**values)
    listeners = runtime.registry.listeners(kind, form, runtime.desk(session))
    if listeners:
        session.flush()  # what happened is stored before it is told, and the events before it
    if session.new:
        session.add(event)
    else:
        event.id = session.connection().scalar(_RECORD, values)
        attach(session, event)
    if listeners:
        about = {"event_id": event.id, "form_id": form.id if form else 0, "ticket_id": event.ticket_id, "due_at": event.at}
        session.connection().execute(_POST, [{"plugin": each, "state": "waiting", "tries": 0, **about} for each in listeners])
        runtime.nudge(session)
    if kind in FOLLOWED and ticket is not None:
        from plugdesk.tickets.settling import follow

        follow(session, ticket, event)
    return event


def record_each(
    session: Session, kind: str, happened: Sequence[tuple[Ticket, Mapping[str, Any]]], *, plugin: str | None = None
) -> None:
    """Write down for each of several tickets, with its data, that `kind` happened, in one statement: a kind that nobody listens to."""
    from plugdesk.runtime import runtime_of

    runtime = runtime_of(session)
    if kind in runtime.registry.specs or kind in FOLLOWED:
        raise ValueError(f"Others are to be told of {kind}: record each by itself.")
    known = {"at": runtime.clock.now(), "kind": kind, "message_id": None, "actor_id": None, "plugin": plugin}
    rows = [{**known, "form_id": ticket.form_id, "ticket_id": ticket.id, "data": dict(data)} for ticket, data in happened]
    if rows:
        session.connection().execute(sa.insert(cast(sa.Table, Event.__table__)), rows)


FOLLOWED = frozenset({
    "message_received", "reply_written", "reply_withdrawn", "status_changed", "ticket_deleted", "ticket_restored", "merged_away",
    "unmerged", "split_off",
})  # fmt: skip
"""What plugins may follow in the same transaction, see `plugdesk.hooks.follow_ticket`."""

# Plain statements, built once: a flush costs several times as much, and nobody looks at deliveries before a worker does.
_RECORD = sa.insert(cast(sa.Table, Event.__table__)).returning(Event.__table__.c.id)
_POST = sa.insert(cast(sa.Table, Delivery.__table__))
