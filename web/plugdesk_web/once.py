"""A double press, a repeated POST or *back* does a thing once: the form carries a key, its first use is remembered."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk.database import Base
from plugdesk.runtime import runtime_of

FIELD = "once"
KEPT = timedelta(days=2)


class Done(Base):
    """What a form's key has led to: where the first use was sent on to."""

    __tablename__ = "web_done"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    target: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


def new_key() -> str:
    """A key for the form being shown."""
    return secrets.token_urlsafe(16)


def done_before(session: Session, user_id: int, about: str = "") -> str | None:
    """Where the same form's first sending led, if this is a repetition. Call it first thing.

    A form that can do several things is the same one only with the same `about`.

    Of two presses at the same instant the second waits here for the first one's commit.
    """
    key = _key(about)
    if not key:
        return None
    if runtime_of(session).database.dialect == "postgresql":  # SQLite has let nobody else begin to write
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"plugdesk once {key}"))))
    found = session.get(Done, (key, user_id))
    return found.target if found else None


def remember(session: Session, user_id: int, target: str, about: str = "") -> str | None:
    """Remember that the form has done its work and where it led.

    Two presses at the same instant meet at the row's key: the later one gets the earlier one's target back and must roll
    its own work back.
    """
    key = _key(about)
    if not key:
        return None
    now = runtime_of(session).clock.now()
    try:
        with session.begin_nested():
            session.add(Done(key=key, user_id=user_id, target=target, at=now))
    except IntegrityError:
        session.rollback()
        return done_before(session, user_id, about) or target
    return None


def _key(about: str) -> str:
    key = request.form.get(FIELD, "")[:64]
    return hashlib.sha256(f"{key} {about}".encode()).hexdigest() if key and about else key


def forget_old(session: Session, now: datetime) -> None:
    """Drop keys nobody will send again."""
    session.execute(sa.delete(Done).where(Done.at < now - KEPT))
