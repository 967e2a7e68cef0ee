"""How an extension does: calls, errors and speed of the last 24 hours, by place and by hour."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.plugins.catalog import Health
from plugdesk.plugins.figures import BUCKETS_MS, HookError, HookFigures, quantile_ms
from plugdesk.runtime import runtime_of

HOURS = 24
WIDTH, FLOOR, CEILING = (
    100,
    130,
    20,
)  # of the drawing: per cent across; pixels from above, where zero is and how high the highest is


@dataclass(frozen=True)
class Bar:
    """One hour: its figures, and where its bar stands in the drawing (heights upwards from the floor)."""

    at: datetime
    calls: int
    errors: int
    p95_ms: float
    x: float
    width: float
    height: float
    bad: float
    line: float


@dataclass(frozen=True)
class Figures:
    """The last 24 hours. `by_place` maps a form's id (0: the desk) to its figures; `worked` is the last hour with a success."""

    total: Health
    by_place: Mapping[int, Health]
    bars: Sequence[Bar]
    worked: datetime | None

    @property
    def line(self) -> str:
        """The path of the speed through the hours that had calls."""
        points = [(bar.x + bar.width / 2, FLOOR - bar.line) for bar in self.bars if bar.calls]
        return " ".join(f"{'L' if number else 'M'}{x:.2f} {y:.1f}" for number, (x, y) in enumerate(points))


@dataclass
class _Sum:
    calls: int = 0
    errors: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_MS) + 1))

    def add(self, row: HookFigures) -> None:
        self.calls += row.calls
        self.errors += row.errors
        self.buckets = [a + b for a, b in zip(self.buckets, row.buckets, strict=True)]

    @property
    def health(self) -> Health:
        return Health(self.calls, self.errors, quantile_ms(self.buckets))


def figures_of(session: Session, plugin: str, form_ids: Collection[int] | None = None) -> Figures:
    """The figures of an extension in these forms; None means everywhere, the desk included."""
    hour = runtime_of(session).clock.now().replace(minute=0, second=0, microsecond=0)
    first = hour - timedelta(hours=HOURS - 1)
    query = sa.select(HookFigures).where(HookFigures.plugin == plugin, HookFigures.hour >= first)
    if form_ids is not None:
        query = query.where(HookFigures.form_id.in_(form_ids))
    total, places, hours = _Sum(), dict[int, _Sum](), {first + timedelta(hours=number): _Sum() for number in range(HOURS)}
    for row in session.scalars(query):
        for each in (total, places.setdefault(row.form_id, _Sum()), hours.setdefault(row.hour, _Sum())):
            each.add(row)
    worked = max((at for at, each in hours.items() if each.calls > each.errors), default=None)
    return Figures(total.health, {form_id: each.health for form_id, each in places.items()}, _bars(hours), worked)


def errors_of(session: Session, plugin: str, form_ids: Collection[int] | None = None, *, limit: int = 20) -> Sequence[HookError]:
    """An extension's latest errors in these forms, each place once."""
    query = sa.select(HookError).where(HookError.plugin == plugin)
    if form_ids is not None:
        query = query.where(HookError.form_id.in_(form_ids))
    return session.scalars(query.order_by(HookError.last_at.desc()).limit(limit)).all()


def _bars(hours: Mapping[datetime, _Sum]) -> list[Bar]:
    found = {at: each.health for at, each in sorted(hours.items())}
    most = max((each.calls for each in found.values()), default=0) or 1
    slowest = max((each.p95_ms for each in found.values()), default=0.0) or 1.0
    step, high = WIDTH / (len(found) or 1), FLOOR - CEILING
    return [
        Bar(
            at, each.calls, each.errors, each.p95_ms,
            x=number * step + step / 10, width=step * 0.8, height=each.calls / most * high,
            bad=max(each.errors / most * high, 3.0 if each.errors else 0.0), line=each.p95_ms / slowest * high,
        )
        for number, (at, each) in enumerate(found.items())
    ]  # fmt: skip
