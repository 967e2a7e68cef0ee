"""The policies of forms, what is promised for which ticket, the clocks that run, and what is to be told of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Json, Key, Word


class Sort(StrEnum):
    """What a clock counts to."""

    FIRST = "first"
    NEXT = "next"
    RESOLUTION = "resolution"
    STATUS = "status"


class Policy(Base):
    """One SLA policy of a form, at its `position`. The first whose `condition` (none holds always) holds is a ticket's.

    `targets` is a list of {sort, status, amount, unit}, see `plugdesk_sla.targets`. `around` counts around the clock whatever the
    contract and the form say. `pauses` are the kinds of status in which its clocks stand still. `warn_percent` of a target's time
    and `warn_minutes` before its end are when to warn, the earlier of both. `warned` and `told` are who is told of the warning and
    of the breach: "assignee", "group", "supervisor".
    """

    __tablename__ = "sla_policy"
    __table_args__ = (sa.Index("ix_sla_policy_form_id", "form_id", "position", "id"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    is_on: Mapped[bool] = mapped_column(default=True)
    condition: Mapped[dict[str, Any] | None] = mapped_column(Json)
    targets: Mapped[list[Any]] = mapped_column(Json)
    around: Mapped[bool] = mapped_column(default=False)
    pauses: Mapped[list[str]] = mapped_column(Json)
    warn_percent: Mapped[int | None]
    warn_minutes: Mapped[int | None]
    warned: Mapped[list[str]] = mapped_column(Json, default=list)
    told: Mapped[list[str]] = mapped_column(Json, default=list)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


_STUCK = sa.text("problem <> ''")  # those few whose deadline cannot be reckoned


class Promise(Base):
    """What is promised for a ticket: by which policy, and `terms`, those that its clocks run by, see `plugdesk_sla.promising`.

    `why` holds the policy's name and condition with the values met, and the contract's name. `due_at` is the nearest deadline of its
    clocks and `due_sort` what it is of; `state` is "running", "paused" (none of those that are left runs) or "done". `breached`:
    one of its clocks has missed its deadline, and it is not over yet.
    """

    __tablename__ = "sla_promise"
    __table_args__ = (sa.Index("ix_sla_promise_problem", "form_id", sqlite_where=_STUCK, postgresql_where=_STUCK),)

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    policy_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sla_policy.id", ondelete="SET NULL"), index=True)
    hours_id: Mapped[int | None] = mapped_column(sa.ForeignKey("business_hours.id", ondelete="SET NULL"), index=True)
    terms: Mapped[dict[str, Any]] = mapped_column(Json)
    why: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    due_sort: Mapped[str | None] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(20), default="running")
    breached: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[str] = mapped_column(default="")

    clocks: Mapped[list[Clock]] = relationship(
        back_populates="promise", order_by="Clock.id", cascade="all, delete-orphan", passive_deletes=True
    )


_WAITS = sa.text("next_at IS NOT NULL")


class Clock(Base):
    """One target running on one ticket. `seconds` of working time are promised.

    `pauses` is a list of [from, to], ISO moments, `to` None while it stands still; `left` are the seconds it then had. `ended_at` is
    when what was promised was done, `reply_id` the answer that did it. `due_at` is None while it stands still, `warn_at` when to warn. `next_at` is when something
    is to be told of it, None when nothing is: what the tick looks for. A deadline counts as missed from `breached_at` on.
    """

    __tablename__ = "sla_clock"
    __table_args__ = (
        sa.Index("ix_sla_clock_ticket_id", "ticket_id", "id"),
        sa.Index("ix_sla_clock_next_at", "next_at", "id", sqlite_where=_WAITS, postgresql_where=_WAITS),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("sla_promise.ticket_id", ondelete="CASCADE"))
    sort: Mapped[Sort] = mapped_column(Word(Sort))
    status: Mapped[str] = mapped_column(default="")
    seconds: Mapped[int]
    started_at: Mapped[datetime]
    pauses: Mapped[list[Any]] = mapped_column(Json, default=list)
    left: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    reply_id: Mapped[int | None]
    due_at: Mapped[datetime | None]
    warn_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]

    promise: Mapped[Promise] = relationship(back_populates="clocks")

    @property
    def is_paused(self) -> bool:
        return bool(self.pauses) and self.pauses[-1][1] is None


JUDGED = sa.func.coalesce(Clock.breached_at, Clock.ended_at)
"""When it was known whether a clock's deadline was met; None while that is open. Reports count by it."""
sa.Index("ix_sla_clock_judged", JUDGED, Clock.ticket_id)


class News(Base):
    """Somebody is to be told of a clock: `what` is "warned" or "breached". The letter that tells it takes the row away."""

    __tablename__ = "sla_news"
    __table_args__ = (sa.Index("ix_sla_news_user_id", "user_id", "id"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    clock_id: Mapped[int] = mapped_column(sa.ForeignKey("sla_clock.id", ondelete="CASCADE"), index=True)
    what: Mapped[str] = mapped_column(sa.String(20))


class RunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Run(Base):
    """A walk over a form's open tickets: a preview of the edited policy in `draft`, {policy_id, version, policy}, or the reckoning
    anew after a change. `next_id` is the ticket to go on below; `found` holds the first tickets that change."""

    __tablename__ = "sla_run"
    __table_args__ = (sa.Index("ix_sla_run_form_id", "form_id", "id"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    is_preview: Mapped[bool]
    draft: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[RunState] = mapped_column(Word(RunState), default=RunState.WAITING)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    moved: Mapped[int] = mapped_column(default=0)
    late: Mapped[int] = mapped_column(default=0)
    next_id: Mapped[int | None]
    found: Mapped[list[Any]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
