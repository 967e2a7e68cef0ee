"""Lengths of time, rounded down to what people tell apart, and what lies in the middle of many of them.

Rounding keeps the order: the median of rounded lengths is the rounded median, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import sqlalchemy as sa

MINUTE, HOUR, DAY = 60, 3_600, 86_400
STEPS: Sequence[tuple[int, int]] = (
    (HOUR, MINUTE), (4 * HOUR, 5 * MINUTE), (DAY, 30 * MINUTE), (7 * DAY, 3 * HOUR), (60 * DAY, DAY),
)  # fmt: skip
LAST_STEP = 10 * DAY
"""Below which length, to the multiple of what one is rounded down; beyond the last of them by `LAST_STEP`."""


def grain(seconds: int) -> int:
    """`seconds`, rounded down: to minutes below an hour, to five below four, and so on."""
    for below, step in STEPS:
        if seconds < below:
            return seconds - seconds % step
    return seconds - seconds % LAST_STEP


def grain_sql(seconds: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """The SQL twin of `grain`. Its numbers stand in the statement itself, so that it can be grouped by."""

    def down(step: int) -> sa.ColumnElement[int]:
        return seconds - seconds % sa.literal_column(str(step), sa.BigInteger)

    cases = [(seconds < sa.literal_column(str(below), sa.BigInteger), down(step)) for below, step in STEPS]
    return sa.case(*cases, else_=down(LAST_STEP))


def quantile(counts: Mapping[int, int], share: float) -> int | None:
    """The length that `share` of those counted do not exceed (nearest rank), by what `counts` says of each; None for none."""
    total = sum(counts.values())
    if total <= 0:
        return None
    rank, passed = max(1, ceil(total * share)), 0
    for length in sorted(counts):
        passed += counts[length]
        if passed >= rank:
            return length
    return max(counts)
