"""A form's rules, what they did to which ticket, and what is to be told of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base, Key, Word


class Code(StrEnum):
    """What a rule is about; a form has one rule of each."""

    UNACCEPTED = "unaccepted"
    UNANSWERED = "unanswered"
    IN_PROGRESS = "in_progress"
    TOO_LONG = "too_long"
    FORGOTTEN = "forgotten"


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


class RuleSet(Base):
    """A form's rules as a whole, off or on with one switch. `version` is another after every change of any of them.

    What had waited before `since` waits from then on: nothing is caught up that happened while they were off.
    """

    __tablename__ = "automation_rule_set"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    is_on: Mapped[bool] = mapped_column(default=True)
    since: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Rule(Base):
    """After `amount` of `unit` the rule acts; with `in_hours` only the working time counts. `since` as in `RuleSet`.

    `person_id` is who is told; None: the supervisor.
    """

    __tablename__ = "automation_rule"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    code: Mapped[Code] = mapped_column(Word(Code), primary_key=True)
    is_on: Mapped[bool] = mapped_column(default=True)
    since: Mapped[datetime]
    amount: Mapped[int]
    unit: Mapped[Unit] = mapped_column(Word(Unit))
    in_hours: Mapped[bool]
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)


class Run(Base):
    """That a rule has acted on a ticket, once for each `occasion`: the event that the time counts from, 0 for what came before any.

    `amount`, `unit` and `in_hours` are the rule's as it acted. `told` are the names of those who were to be told, `problem` is why
    nothing came of it.
    """

    __tablename__ = "automation_run"
    __table_args__ = (
        sa.UniqueConstraint("ticket_id", "form_id", "code", "occasion"),
        sa.Index("ix_automation_run_form_id", "form_id", "id"),
        sa.Index("ix_automation_run_code", "form_id", "code", "id"),
        sa.Index("ix_automation_run_ran_at", "form_id", "ran_at"),
    )

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"))
    code: Mapped[Code] = mapped_column(Word(Code))
    occasion: Mapped[int]
    began_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ran_at: Mapped[datetime]
    amount: Mapped[int]
    unit: Mapped[Unit] = mapped_column(Word(Unit))
    in_hours: Mapped[bool]
    told: Mapped[str] = mapped_column(default="")
    problem: Mapped[str] = mapped_column(default="")


class News(Base):
    """Somebody is to be told of a run. The letter that tells it takes the row away."""

    __tablename__ = "automation_news"
    __table_args__ = (sa.Index("ix_automation_news_form_id", "form_id", "user_id", "id"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("automation_run.id", ondelete="CASCADE"), index=True)
