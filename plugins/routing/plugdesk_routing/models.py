"""The rules of forms, what they did to which ticket, and rehearsals of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base, Json, Key, Word


class Rule(Base):
    """One rule of a form, at its `position`.

    `condition` is what `parse_condition` reads, none holds always. `result` says what it does, see `plugdesk_routing.rules`.
    `goes_on`: the rules after it are asked, too. `on_change`: it is also asked when values of an open ticket change.
    `complaint` is why it was passed over last, so that the journal says so once and not for each ticket.
    """

    __tablename__ = "routing_rule"
    __table_args__ = (sa.Index("ix_routing_rule_form_id", "form_id", "position", "id"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    is_on: Mapped[bool] = mapped_column(default=True)
    condition: Mapped[dict[str, Any] | None] = mapped_column(Json)
    result: Mapped[dict[str, Any]] = mapped_column(Json)
    goes_on: Mapped[bool] = mapped_column(default=False)
    on_change: Mapped[bool] = mapped_column(default=False)
    complaint: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class RuleSet(Base):
    """A form's rules as a whole: `stamp` is another after every change, so that a process knows what it has read before."""

    __tablename__ = "routing_rule_set"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    stamp: Mapped[str] = mapped_column(sa.String(32))


class Outcome(Base):
    """What the rules of a form did to a ticket: `rules` are those that held, each with id, name, condition and the values met.

    `assignee_id` and `group_id` are whom they left it with: where somebody has changed that since, they leave it alone.
    """

    __tablename__ = "routing_outcome"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "form_id"), sa.Index("ix_routing_outcome_form_id", "form_id"))

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"))
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    rules: Mapped[list[Any]] = mapped_column(Json, default=list)
    passed_over: Mapped[list[Any]] = mapped_column(Json, default=list)
    assignee_id: Mapped[int | None]
    group_id: Mapped[int | None]


class ReplayState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Replay(Base):
    """A rehearsal: the form's rules as they were (`before`) and as edited (`after`), run over its last tickets; nothing changes.

    `draft` is the edited rule, to be saved from the result. `next_id` is the ticket to go on below. `found` holds the first
    tickets that would go elsewhere.
    """

    __tablename__ = "routing_replay"
    __table_args__ = (
        sa.Index("ix_routing_replay_form_id", "form_id", "id"),
        sa.Index("ix_routing_replay_created_at", "created_at"),
    )

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    state: Mapped[ReplayState] = mapped_column(Word(ReplayState), default=ReplayState.WAITING)
    before: Mapped[list[Any]] = mapped_column(Json)
    after: Mapped[list[Any]] = mapped_column(Json)
    draft: Mapped[dict[str, Any]] = mapped_column(Json)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    elsewhere: Mapped[int] = mapped_column(default=0)
    otherwise: Mapped[int] = mapped_column(default=0)
    next_id: Mapped[int | None]
    found: Mapped[list[Any]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
