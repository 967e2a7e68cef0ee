"""Deadlines and worked time of one clock, from its start and its pauses: pure, every moment aware and in UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from plugdesk.api import Calendar

Pause = tuple[datetime, datetime | None]
"""From when to when a clock stood still; None: it still does."""


def deadline(calendar: Calendar, started: datetime, pauses: Sequence[Pause], seconds: float) -> datetime | None:
    """When `seconds` of working time outside of the pauses have passed; None where the clock stands still before that.

    Raises `Invalid` when the calendar's working time ends earlier.
    """
    left = seconds
    for begin, end in running(started, pauses):
        if end is None:
            return calendar.add_working_seconds(begin, left)
        worked = calendar.working_seconds_between(begin, end)
        if left <= worked:
            return calendar.add_working_seconds(begin, left)
        left -= worked
    return None


def worked(calendar: Calendar, started: datetime, pauses: Sequence[Pause], until: datetime) -> float:
    """The working time in seconds that has passed by `until` outside of the pauses; 0 where `until` is before the start."""
    total = 0.0
    for begin, end in running(started, pauses):
        stop = until if end is None else min(end, until)
        if stop > begin:
            total += calendar.working_seconds_between(begin, stop)
    return total


def running(started: datetime, pauses: Sequence[Pause]) -> Iterator[tuple[datetime, datetime | None]]:
    """The stretches in which the clock was not paused; the last goes on (None) unless it is paused now.

    Pauses are in their order. One that begins before the last has ended (the desk's clock was put back) counts from there.
    """
    begin = started
    for first, last in pauses:
        if first > begin:
            yield begin, first
        if last is None:
            return
        begin = max(begin, last)
    yield begin, None
