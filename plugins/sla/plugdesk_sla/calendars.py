"""The calendars clocks run by, made once for each state of their business hours."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

from plugdesk.api import BusinessHours, Calendar, Context, Runtime, around_the_clock, calendar_of, runtime_of

MOST = 500
_made: WeakKeyDictionary[Runtime, dict[Hashable, Calendar]] = WeakKeyDictionary()
ALWAYS = around_the_clock()


def calendar_with(ctx: Context, hours: BusinessHours | None) -> Calendar:
    """The calendar of business hours, around the clock where there are none. Raises `Invalid` when it has no working time."""
    if hours is None:
        return ALWAYS
    known: dict[Hashable, Calendar] = _made.setdefault(runtime_of(ctx.db), {})
    key: tuple[Any, ...] = (hours.id, hours.version, ctx.desk.zone, ctx.now.year)
    if key not in known:
        if len(known) >= MOST:
            known.clear()
        known[key] = calendar_of(ctx.db, hours)
    return known[key]
