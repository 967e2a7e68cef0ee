"""Lengths of time, rounded down to what people tell apart, and what lies in the middle of many of them.

Rounding keeps the order: the median of rounded lengths is the rounded median, exactly. How many took how long is kept as a row of numbers,
`60,3,120,1`: three took a minute, one two. Two such rows with a comma between them are their sum, so that a database can add up. How many
tickets are of which customer is kept in the same way.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

import sqlalchemy as sa

MINUTE, HOUR, DAY = 60, 3_600, 86_400
STEPS: Sequence[tuple[int, int]] = (
    (HOUR, MINUTE), (4 * HOUR, 5 * MINUTE), (DAY, 30 * MINUTE), (7 * DAY, 3 * HOUR), (60 * DAY, DAY),
)  # fmt: skip
LAST_STEP = 10 * DAY
"""Below which length, to the multiple of what one is rounded down; beyond the last of them by `LAST_STEP`."""
SPARSE = 4  # so many places of a list to each number that comes into it, and no more


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


def packed(counts: Mapping[int, int]) -> str:
    """How many (values) took how long or are of whom (keys), as it is kept."""
    return ",".join(f"{each},{n}" for each, n in sorted(counts.items()))


def packed_sql(each: sa.ColumnElement[int], n: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """The SQL twin of `packed`, over the rows of a group."""
    return together_sql(sa.cast(each, sa.Text) + sa.literal_column("','", sa.Text) + sa.cast(n, sa.Text))


def together_sql(kept: Any) -> sa.ColumnElement[str]:
    """What the rows of a group say together; nothing where none says anything."""
    return sa.func.aggregate_strings(kept, ",")


def add_up(kept: Iterable[str]) -> dict[int, int]:
    """How many took each length, or are of each customer, by what several rows say together."""
    numbers = json.loads(f"[{','.join(kept)}]")
    each, counts = numbers[::2], numbers[1::2]
    last = max(each, default=0)
    found: Any = [0] * (last + 1) if last < len(each) * SPARSE else defaultdict(int)
    for at, n in zip(each, counts, strict=True):  # a list where customers stand close: half the time over hundreds of thousands
        found[at] += n
    return {at: n for at, n in enumerate(found) if n} if isinstance(found, list) else dict(found)


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
