"""How often something may be tried: attempts in a sliding window, counted in the database for all processes together.

An attempt is counted and committed before it is made, so that a burst of fifty at once counts fifty, and so that a
request that is refused and rolled back is counted all the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session

from plugdesk.database import Base, Key
from plugdesk.errors import PlugdeskError
from plugdesk.i18n import format_wait
from plugdesk.i18n import gettext as _
from plugdesk.runtime import Runtime, runtime_of

LONGEST_KEPT = timedelta(days=1)


class Attempt(Base):
    """Something was tried under `key` (an account, an address)."""

    __tablename__ = "attempt"
    __table_args__ = (sa.Index("ix_attempt_key_at", "key", "at"), sa.Index("ix_attempt_at", "at"))

    id: Mapped[Key]
    key: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True)
class Limit:
    """At most `most` attempts `within` a stretch of time, a day at the longest."""

    most: int
    within: timedelta


class TooMany(PlugdeskError):
    """Too many attempts; `wait` says how long until the next one is let through, `key` under which limit."""

    status = 429

    def __init__(self, wait: timedelta, key: str = "") -> None:
        self.wait, self.key = wait, key
        super().__init__(_("Too many attempts. Try again %(when)s.", when=self.when))

    @property
    def when(self) -> str:
        """`wait` as people say it: "in 7 minutes", "in 24 hours"."""
        return format_wait(self.wait)


def count_attempt(runtime: Runtime, limits: Mapping[str, Limit]) -> list[int]:
    """Count one attempt under every key of `limits`; raises `TooMany`, counting nothing, if one of them is used up.

    Returns the attempts' ids, for `forgive`. Writes in a transaction of its own: call it before the request's own
    session has written anything, or on SQLite the two wait for one another.
    """
    with runtime.database.write() as session:
        return [attempt.id for attempt in count_done(session, limits)]


def count_done(session: Session, limits: Mapping[str, Limit]) -> list[Attempt]:
    """Count something that is done in this very transaction, and not counted when it is undone; raises `TooMany`.

    For what costs little until it is done: requests, letters. What may be guessed at is counted by `count_attempt`.
    """
    runtime = runtime_of(session)
    now = runtime.clock.now()
    if runtime.database.dialect == "postgresql":
        # Attempts made at once take turns, or none would see the others. SQLite has one writer anyway.
        for key in sorted(limits):
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))
    refuse_used_up(session, limits)
    attempts = [Attempt(key=key, at=now) for key in limits]
    session.add_all(attempts)
    session.flush()  # the ids
    return attempts


def refuse_used_up(session: Session, limits: Mapping[str, Limit]) -> None:
    """Raise `TooMany`, saying how long, where no more would be let through now; nothing is counted."""
    now = runtime_of(session).clock.now()
    waits = [(wait, key) for key, limit in limits.items() if (wait := _wait(session, key, limit, now))]
    if waits:
        raise TooMany(*max(waits))


def forgive(session: Session, attempts: Sequence[int], *, keys: Sequence[str] = ()) -> None:
    """Forget these attempts, and all under `keys`: what was tried went well."""
    which = sa.or_(Attempt.id.in_(attempts), Attempt.key.in_(keys))
    session.execute(sa.delete(Attempt).where(which), execution_options={"synchronize_session": False})


def attempts_left(session: Session, key: str, limit: Limit) -> int:
    """How many more are let through now."""
    since = runtime_of(session).clock.now() - limit.within
    made = session.scalar(sa.select(sa.func.count()).select_from(Attempt).where(Attempt.key == key, Attempt.at > since)) or 0
    return max(0, limit.most - made)


def forget_old_attempts(session: Session) -> None:
    """Delete what no limit looks back to. Recurring work."""
    old = runtime_of(session).clock.now() - LONGEST_KEPT
    session.execute(sa.delete(Attempt).where(Attempt.at < old), execution_options={"synchronize_session": False})


def network_of(address: str | None) -> str:
    """What an address is counted under: itself, or for IPv6 its /64, which one household has as a whole."""
    try:
        known = ipaddress.ip_address((address or "").split("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def _wait(session: Session, key: str, limit: Limit, now: datetime) -> timedelta | None:
    """How long until there is room under `key`; None when there is."""
    newest = (
        sa.select(Attempt.at)
        .where(Attempt.key == key, Attempt.at > now - limit.within)
        .order_by(Attempt.at.desc(), Attempt.id.desc())
    )
    last_of_all = session.scalars(newest.offset(limit.most - 1).limit(1)).first()
    return None if last_of_all is None else last_of_all + limit.within - now
