"""Own reports that are sent by letter: to whom, when, and what became of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Every, Rhythm, User, Word
from plugdesk_reports.own_models import OwnReport


class Obstacle(StrEnum):
    """Why a report could not be sent."""

    OWNER_GONE = "owner_gone"
    NO_FORMS = "no_forms"
    NOT_COUNTED = "not_counted"
    NOBODY = "nobody"
    NO_MAIL = "no_mail"


class ReportLetter(Base):
    """The letters of one own report. The next one is due at the first moment of its rhythm after `since`: when it was switched on,
    or the last one was due.

    `sent_at` is when it last left, to `sent_to` people; `failed_at` when it last could not, and why, forgotten when it leaves again.
    `version` counts what people change.
    """

    __tablename__ = "reports_letter"

    report_id: Mapped[int] = mapped_column(
        sa.ForeignKey("reports_own.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    is_on: Mapped[bool]
    every: Mapped[Every] = mapped_column(Word(Every))
    hour: Mapped[int]
    weekday: Mapped[int]
    day: Mapped[int]
    since: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    sent_to: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime | None]
    obstacle: Mapped[Obstacle | None] = mapped_column(Word(Obstacle))
    version: Mapped[int] = mapped_column(default=1)

    report: Mapped[OwnReport] = relationship()
    people: Mapped[list[User]] = relationship(secondary="reports_letter_person", order_by=(User.name, User.id), lazy="selectin")

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.every, self.hour, self.weekday, self.day)


class LetterPerson(Base):
    """Somebody who gets the letters."""

    __tablename__ = "reports_letter_person"

    report_id: Mapped[int] = mapped_column(
        sa.ForeignKey("reports_letter.report_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
