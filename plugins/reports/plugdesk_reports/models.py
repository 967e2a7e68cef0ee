"""What is kept of every ticket for the reports, and the sums over it.

Days are ordinals of `datetime.date` on the clock of the desk's zone. What stands here can be thrown away and counted again.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Json, Key, User, Word

DAY, MONTH, QUARTER, YEAR = "d", "m", "q", "y"


class TicketFacts(Base):
    """One ticket as reports see it; those in the bin, merged into others and subtasks have no row.

    Lengths of time are whole seconds from the opening: to the first time somebody had it, to the first answer of an agent, to the
    first closing; those that end in `worked` are of working time, by the form's hours, and the same where it has none. `reopened` counts how often it was opened again; `incoming` and `outgoing` are what people wrote on either side.
    """

    __tablename__ = "reports_ticket"
    __table_args__ = (
        sa.Index("ix_reports_ticket_opened", "form_id", "opened_day", "customer_id"),
        sa.Index("ix_reports_ticket_closed", "form_id", "closed_day"),
    )

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str]
    assignee_id: Mapped[int | None]
    group_id: Mapped[int | None]
    opened_at: Mapped[datetime]
    opened_day: Mapped[int]
    hour: Mapped[str]
    accepted_after: Mapped[int | None]
    accepted_worked: Mapped[int | None]
    answered_after: Mapped[int | None]
    answered_worked: Mapped[int | None]
    closed_day: Mapped[int | None]
    closed_after: Mapped[int | None]
    closed_worked: Mapped[int | None]
    reopened: Mapped[int] = mapped_column(default=0)
    incoming: Mapped[int] = mapped_column(default=0)
    outgoing: Mapped[int] = mapped_column(default=0)


class Mark(Base):
    """A tag on a ticket (`sort` is "tag"), the value of one of its fields that has choices ("field:" and its code), or of a fact of
    an extension ("fact:" and its name)."""

    __tablename__ = "reports_mark"

    ticket_id: Mapped[int] = mapped_column(
        sa.ForeignKey("reports_ticket.ticket_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sort: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)


class Stretch(Base):
    """A time a ticket spent in one status (`status` is its code), or open at all (`status` is empty). Still going on: no end.

    `worked` are the seconds of it that were working time on the form.
    """

    __tablename__ = "reports_stretch"
    __table_args__ = (
        sa.Index("ix_reports_stretch_ended", "form_id", "ended_day"),
        sa.Index("ix_reports_stretch_began", "form_id", "began_day"),
    )

    ticket_id: Mapped[int] = mapped_column(
        sa.ForeignKey("reports_ticket.ticket_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    form_id: Mapped[int]
    status: Mapped[str]
    began_day: Mapped[int]
    ended_day: Mapped[int | None]
    seconds: Mapped[int | None]
    worked: Mapped[int | None]


class Total(Base):
    """How many (`n`) on one form in one span of days, beginning with `day`.

    `sort` says what they are told apart by (empty: not at all), `key` which of these; `figure` what is counted. `spread` says of a length
    of time how many took how long, and of customers (they have one key, empty) how many are of which, as `grains.packed` writes it down:
    a row instead of the thousands that a report over years would have to read.
    """

    __tablename__ = "reports_total"
    __table_args__ = ({"sqlite_with_rowid": False},)

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    span: Mapped[str] = mapped_column(sa.String(1), primary_key=True)
    sort: Mapped[str] = mapped_column(primary_key=True)
    figure: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    spread: Mapped[str | None]


class Rolled(Base):
    """The totals of this month, quarter or year of a form stand: nothing has changed in its days since they were added up."""

    __tablename__ = "reports_rolled"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    span: Mapped[str] = mapped_column(sa.String(1), primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Changed(Base):
    """A day of a form is to be counted again. Rows are only added by who changes, and taken away by who counts."""

    __tablename__ = "reports_changed"
    __table_args__ = (sa.Index("ix_reports_changed_form_id", "form_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    day: Mapped[int]


class Standing(Base):
    """How far the past of a form has been looked through: `last_id` is the ticket it has come to, of `total` it has done `done`.

    `ready_at` says when the figures were complete for the first time since `zone`, the clock by which days are told, was chosen, and
    since `basis`: what else the facts are kept by.
    """

    __tablename__ = "reports_standing"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    zone: Mapped[str]
    basis: Mapped[str] = mapped_column(default="", server_default="")
    last_id: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    ready_at: Mapped[datetime | None]
    rolled_at: Mapped[datetime | None]


class Heard(Base):
    """The one row that says up to which event the desk's rarer news have been read."""

    __tablename__ = "reports_heard"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    event_id: Mapped[int]


class FileState(StrEnum):
    WAITING = "waiting"
    READY = "ready"
    STOPPED = "stopped"


class Export(Base):
    """A file being written, or ready to be fetched, for one person: what its list is asked for stands in `asked` as in an address.

    `whole` and `part` are the forms all or some of whose tickets they saw when they asked for it.
    """

    __tablename__ = "reports_export"

    id: Mapped[Key]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(sa.String(4))
    asked: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[FileState] = mapped_column(Word(FileState), default=FileState.WAITING)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    language: Mapped[str]
    whole: Mapped[list[Any]] = mapped_column(Json)
    part: Mapped[list[Any]] = mapped_column(Json)
    created_at: Mapped[datetime]

    by: Mapped[User] = relationship()
