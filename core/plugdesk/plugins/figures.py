"""What calls of plugins cost and how they fail: counted in memory, written to the database now and then."""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk.clock import Clock
from plugdesk.database import Base, Database, Json, Key
from plugdesk.plugins.failures import in_words, place_of, trace_of

BUCKETS_MS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 5000)  # upper ends; one more for the rest
KEPT = timedelta(days=30)
MOST_ERRORS = 200  # between two writings; the figures count the others all the same
FOLDED_AT_ONCE = 5_000
WRITE_EVERY = 30.0  # seconds


class HookFigures(Base):
    """One hour of one hook of one plugin in one form (0: the desk). Times in milliseconds; `buckets` as BUCKETS_MS."""

    __tablename__ = "plugin_figures"
    __table_args__ = (sa.Index("ix_plugin_figures_plugin_hour", "plugin", "hour"), sa.Index("ix_plugin_figures_hour", "hour"))

    id: Mapped[Key]
    plugin: Mapped[str]
    form_id: Mapped[int]
    hook: Mapped[str]
    hour: Mapped[datetime]
    calls: Mapped[int]
    errors: Mapped[int]
    total_ms: Mapped[float]
    worst_ms: Mapped[float]
    buckets: Mapped[list[Any]] = mapped_column(Json)


class HookError(Base):
    """An error of a plugin, the same place and kind once, with how often and when last."""

    __tablename__ = "plugin_error"
    __table_args__ = (sa.UniqueConstraint("plugin", "form_id", "hook", "kind", "place"),)

    id: Mapped[Key]
    plugin: Mapped[str]
    form_id: Mapped[int]
    hook: Mapped[str]
    kind: Mapped[str]
    place: Mapped[str]
    text: Mapped[str]
    trace: Mapped[str]
    times: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    errors: int = 0
    total: float = 0.0
    worst: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_MS) + 1))


@dataclass(frozen=True)
class _Error:
    """An error in words: the error itself would keep the frames it went through, and so their sessions, alive."""

    plugin: str
    form_id: int
    hook: str
    kind: str
    place: str
    text: str
    trace: str
    at: datetime


class Figures:
    """Counts calls of hooks per (plugin, form, hook); `write` puts what came together into the database."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sums: dict[tuple[str, int, str], _Sum] = {}
        self._errors: list[_Error] = []
        self._lock = threading.Lock()
        self._written = monotonic()

    def count(self, plugin: str, form_id: int, hook: str, seconds: float, *, error: BaseException | None = None) -> None:
        """One call that took `seconds`, perhaps failing with `error`."""
        key = (plugin, form_id, hook)
        found = self._sums.get(key)
        if found is None:
            found = self._sums.setdefault(key, _Sum())
        found.calls += 1
        found.total += seconds
        if seconds > found.worst:
            found.worst = seconds
        found.buckets[bisect_left(BUCKETS_MS, seconds * 1000)] += 1
        if error is not None:
            found.errors += 1
            if len(self._errors) < MOST_ERRORS:
                kind, place, text, trace = type(error).__name__, place_of(error), in_words(error), trace_of(error)
                self._errors.append(_Error(plugin, form_id, hook, kind, place, text, trace, self._clock.now()))

    def is_due(self) -> bool:
        """Whether it is time to write: an error came, or half a minute of calls."""
        return bool(self._errors) or (bool(self._sums) and monotonic() - self._written > WRITE_EVERY)

    def write(self, database: Database) -> None:
        """Add what was counted to the hour's rows, in a transaction of its own."""
        with self._lock:
            self._written = monotonic()
            sums, self._sums = self._sums, {}
            errors, self._errors = self._errors, []
        if not sums and not errors:
            return
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        with database.write() as session:
            session.add_all(
                HookFigures(
                    plugin=plugin, form_id=form_id, hook=hook, hour=hour, calls=each.calls, errors=each.errors,
                    total_ms=each.total * 1000, worst_ms=each.worst * 1000, buckets=each.buckets,
                )
                for (plugin, form_id, hook), each in sums.items()
            )  # fmt: skip
            for error in errors:
                _keep_error(session, error)


def fold_figures(session: Session, now: datetime) -> None:
    """Add up the rows of each hour that is over, and drop what is too old to tell anything."""
    session.execute(sa.delete(HookFigures).where(HookFigures.hour < now - KEPT))
    session.execute(sa.delete(HookError).where(HookError.last_at < now - KEPT))
    one = (HookFigures.plugin, HookFigures.form_id, HookFigures.hook, HookFigures.hour)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    several = sa.select(*one).where(HookFigures.hour < this_hour).group_by(*one).having(sa.func.count() > 1).limit(FOLDED_AT_ONCE)
    for plugin, form_id, hook, hour in session.execute(several).all():
        where = (HookFigures.plugin == plugin, HookFigures.form_id == form_id, HookFigures.hook == hook, HookFigures.hour == hour)
        first, *rest = session.scalars(sa.select(HookFigures).where(*where).order_by(HookFigures.id))
        for each in rest:
            first.calls += each.calls
            first.errors += each.errors
            first.total_ms += each.total_ms
            first.worst_ms = max(first.worst_ms, each.worst_ms)
            first.buckets = [a + b for a, b in zip(first.buckets, each.buckets, strict=True)]
            session.delete(each)


def quantile_ms(buckets: list[int], share: float = 0.95) -> float:
    """The upper end, in milliseconds, of the bucket in which `share` of the calls lie at the latest."""
    wanted = sum(buckets) * share
    if not wanted:
        return 0.0
    seen = 0
    for number, end in zip(buckets, BUCKETS_MS, strict=False):
        seen += number
        if seen >= wanted:
            return end
    return BUCKETS_MS[-1]


def _keep_error(session: Session, error: _Error) -> None:
    where = (
        (HookError.plugin == error.plugin) & (HookError.form_id == error.form_id) & (HookError.hook == error.hook)
        & (HookError.kind == error.kind) & (HookError.place == error.place)
    )  # fmt: skip
    known = session.scalar(sa.select(HookError).where(where).with_for_update())
    if known is not None:
        known.times += 1
        known.text, known.trace, known.last_at = error.text, error.trace, error.at
        return
    session.add(
        HookError(
            plugin=error.plugin, form_id=error.form_id, hook=error.hook, kind=error.kind, place=error.place, text=error.text,
            trace=error.trace, times=1, first_at=error.at, last_at=error.at,
        )
    )  # fmt: skip
