"""The automations of forms, what they did to which ticket, and rehearsals of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base, Json, Key, Word


class OwnSet(Base):
    """A form's automations as a whole: whether they run, and how much at the most.

    `letters` is what they may write in an hour, `changes` how many tickets one run by the clock may change, `depth` how many may
    follow from one another.
    """

    __tablename__ = "automation_own_set"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    is_on: Mapped[bool] = mapped_column(default=True)
    letters: Mapped[int] = mapped_column(default=100)
    changes: Mapped[int] = mapped_column(default=500)
    depth: Mapped[int] = mapped_column(default=3)


class Automation(Base):
    """One automation of a form, at its `position`.

    `starts` is when (`plugdesk_automation.own.starting`), `condition` what `parse_condition` reads, none holds always, and `does`
    what it does, one thing after the other (`plugdesk_automation.own.deeds`). With `stops` those below it are not asked once it
    held. What had begun before `since` counts from then on.
    """

    __tablename__ = "automation_own"
    __table_args__ = (sa.Index("ix_automation_own_form_id", "form_id", "position", "id"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    is_on: Mapped[bool] = mapped_column(default=False)
    starts: Mapped[dict[str, Any]] = mapped_column(Json)
    condition: Mapped[dict[str, Any] | None] = mapped_column(Json)
    does: Mapped[list[Any]] = mapped_column(Json)
    stops: Mapped[bool] = mapped_column(default=False)
    since: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class OwnRun(Base):
    """That an automation ran on a ticket, once for each `occasion`; it was called `name` then.

    `depth` counts the automations it followed from; what it did itself are the ticket's events after `first_event` up to
    `last_event`. `did` are sentences, `problem` is why something was not done. `condition` and `met`, the values, say why it ran.
    """

    __tablename__ = "automation_own_run"
    __table_args__ = (
        sa.UniqueConstraint("ticket_id", "automation_id", "occasion"),
        sa.Index("ix_automation_own_run_form_id", "form_id", "id"),
        sa.Index("ix_automation_own_run_at", "form_id", "at"),
        sa.Index("ix_automation_own_run_automation_id", "automation_id", "id"),
    )

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    automation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("automation_own.id", ondelete="SET NULL"))
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"))
    name: Mapped[str]
    occasion: Mapped[str] = mapped_column(sa.String(80))
    at: Mapped[datetime]
    depth: Mapped[int] = mapped_column(default=0)
    first_event: Mapped[int] = mapped_column(default=0)
    last_event: Mapped[int] = mapped_column(default=0)
    letters: Mapped[int] = mapped_column(default=0)
    did: Mapped[list[Any]] = mapped_column(Json, default=list)
    problem: Mapped[str] = mapped_column(default="")
    condition: Mapped[dict[str, Any] | None] = mapped_column(Json)
    met: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class RehearsalState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Rehearsal(Base):
    """An automation as edited (`draft`), asked about what happened on the form in the last `days`; nothing is done.

    `next_id` is what to go on below, `found` the latest times it would have run, `letters` what it would have written.
    """

    __tablename__ = "automation_rehearsal"
    __table_args__ = (
        sa.Index("ix_automation_rehearsal_form_id", "form_id", "id"),
        sa.Index("ix_automation_rehearsal_created_at", "created_at"),
    )

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    state: Mapped[RehearsalState] = mapped_column(Word(RehearsalState), default=RehearsalState.WAITING)
    draft: Mapped[dict[str, Any]] = mapped_column(Json)
    days: Mapped[int]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    times: Mapped[int] = mapped_column(default=0)
    letters: Mapped[int] = mapped_column(default=0)
    next_id: Mapped[int | None]
    found: Mapped[list[Any]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
