"""When people write and when the office works: moments of the demo, in UTC, from hours of a place."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

DAYS = 90

# How many letters begin in each hour of a day, and on each day of a week from Monday, against one another.
_BY_HOUR = [0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 0.8, 2, 6, 10, 11, 10, 8, 7, 8, 8, 7, 6, 4, 3, 2.5, 2, 1, 0.5]
_BY_WEEKDAY = [1.3, 1.15, 1.0, 1.0, 1.05, 0.45, 0.25]

_OFFICE = [(9, 18), (9, 18), (9, 18), (9, 18), (9, 18), (10, 15), (0, 0)]  # opens, closes


def opening_times(count: int, now: datetime, zone: ZoneInfo, rng: Random) -> list[datetime]:
    """So many moments of the 90 days before `now`, in order: busy mornings, quiet weekends, slowly more from month to month."""
    hours = [now - timedelta(hours=back) for back in range(DAYS * 24 - 1, 3, -1)]
    weights = [
        _BY_HOUR[local.hour] * _BY_WEEKDAY[local.weekday()] * (0.8 + 0.4 * number / len(hours))
        for number, local in enumerate(hour.astimezone(zone) for hour in hours)
    ]
    return sorted(hour + timedelta(seconds=rng.randrange(3600)) for hour in rng.choices(hours, weights, k=count))


def answered_after(minutes: float, rng: Random) -> timedelta:
    """How long somebody takes: half of the times less than so many minutes, now and then very much more."""
    return timedelta(minutes=min(minutes * math.exp(rng.gauss(0, 0.9)), minutes * 9))


def working(at: datetime, zone: ZoneInfo, rng: Random) -> datetime:
    """That moment, or one soon after the office opens again: 9 to 18, on Saturdays 10 to 15."""
    local = at.astimezone(zone)
    while True:
        opens, closes = _OFFICE[local.weekday()]
        if opens <= local.hour < closes:
            return local.astimezone(at.tzinfo)
        if local.hour < opens:
            local = _in_the_morning(local, opens, 25, rng)
        else:
            local = (local + timedelta(days=1)).replace(hour=0, minute=0)


def awake(at: datetime, zone: ZoneInfo, rng: Random) -> datetime:
    """That moment, or one of the next morning if it lies between 22 and 7."""
    local = at.astimezone(zone)
    if local.hour >= 22:
        local = (local + timedelta(days=1)).replace(hour=0)
    return (local if local.hour >= 7 else _in_the_morning(local, 7, 90, rng)).astimezone(at.tzinfo)


def _in_the_morning(local: datetime, opens: int, minutes: int, rng: Random) -> datetime:
    return local.replace(hour=opens, minute=0) + timedelta(seconds=rng.randrange(minutes * 60))
