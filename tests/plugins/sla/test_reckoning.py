"""Deadlines agree with a slow count, quarter by quarter of an hour: over zones, changes of the clocks, moved holidays, and pauses."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugdesk.calendars import Calendar, around_the_clock
from plugdesk.errors import Invalid
from plugdesk_sla.reckoning import deadline, running, worked
from plugdesk_sla.targets import usual_day
from tests.support.parts import IN_CI

MINUTE = timedelta(minutes=1)
# Half-hour offsets, half-hour and whole-hour changes in both hemispheres, a day that was left out, none at all.
ZONES = (
    "UTC", "Europe/Moscow", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata",
    "Pacific/Apia", "Africa/Casablanca", "America/Santiago",
)  # fmt: skip
CASES = 10_000 if IN_CI else 1_000
DAYS = 12  # the longest way of a slow count


def slow_is_working(zone, weekly, holidays, moment):
    """Whether the quarter of an hour that holds `moment` is worked: what the clock on the wall says, looked up."""
    local = moment.astimezone(zone)
    hours = holidays.get(local.date(), weekly[local.weekday()])
    minute = local.hour * 60 + local.minute
    return any(first <= minute < last for first, last in hours)


def slow_deadline(zone, weekly, holidays, started, pauses, minutes):
    """Step by step: as far as the next quarter of an hour, in which nothing changes on any wall, or to where a pause begins or ends."""
    now, left = started, minutes * MINUTE
    edges = sorted(edge for pause in pauses for edge in pause if edge is not None and edge > started)
    while now < started + timedelta(days=DAYS):
        quarter = now.replace(minute=now.minute // 15 * 15) + 15 * MINUTE
        stop = min([quarter, *(edge for edge in edges if edge > now)])
        paused = any(first <= now and (last is None or now < last) for first, last in pauses)
        if not paused and slow_is_working(zone, weekly, holidays, now):
            if left <= stop - now:
                return now + left
            left -= stop - now
        now = stop
    return None


CHANGES = [
    datetime(2011, 12, 29, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC),
]  # fmt: skip


def some_day(chance):
    """The working hours of a day, in minutes: none, or one stretch or two."""
    edges = sorted(chance.sample(range(97), chance.choice((2, 2, 3, 4)))) if chance.random() < 0.8 else []
    return [(first * 15, last * 15) for first, last in pairwise(edges)][::2]


def case_of(seed):
    """A zone, a week, days that differ, a start near a change of some clock, pauses, and how many minutes are promised."""
    chance = Random(seed)
    started = chance.choice(CHANGES) + MINUTE * chance.randrange(2881)
    holidays = {
        (started + timedelta(days=number)).date(): some_day(chance) for number in chance.sample(range(7), chance.randrange(4))
    }
    moments = [started + MINUTE * each for each in sorted(chance.sample(range(4001), chance.randrange(5)))]
    pauses = list(zip(moments[::2], moments[1::2], strict=False))
    if len(moments) % 2:
        pauses.append((moments[-1], None))
    return chance.choice(ZONES), [some_day(chance) for _day in range(7)], holidays, started, pauses, chance.randint(1, 1200)


@settings(max_examples=CASES, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**48))
def test_a_deadline_is_where_a_slow_count_ends(seed):
    zone, weekly, holidays, started, pauses, minutes = case_of(seed)
    if not any(weekly):
        refused = nullcontext() if any(holidays.values()) else pytest.raises(Invalid)
        with refused:
            Calendar(zone, weekly, holidays)
        return
    calendar = Calendar(zone, weekly, holidays)
    found, counted = (
        deadline(calendar, started, pauses, minutes * 60),
        slow_deadline(ZoneInfo(zone), weekly, holidays, started, pauses, minutes),
    )
    if counted is not None:
        assert found == counted
        assert worked(calendar, started, pauses, found) == minutes * 60
    else:
        assert found is None or found > started + timedelta(days=DAYS)


def test_a_calendar_of_few_days_says_that_it_has_no_more():
    calendar = Calendar("UTC", [[]] * 7, {date(2026, 11, 23): [(540, 600)]})
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert deadline(calendar, monday, [], 3600) == monday + timedelta(hours=1)
    with pytest.raises(Invalid, match="no working time left"):
        deadline(calendar, monday, [], 3601)


def test_a_pause_that_begins_before_the_last_has_ended_counts_once():
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    hour = timedelta(hours=1)
    pauses = [(start + hour, start + 4 * hour), (start + 2 * hour, start + 3 * hour), (start + 3 * hour, start + 5 * hour)]
    assert list(running(start, pauses)) == [(start, start + hour), (start + 5 * hour, None)]
    assert deadline(around_the_clock(), start, pauses, 2 * 3600) == start + 6 * hour


def test_a_start_in_the_future_counts_nothing_yet():
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert worked(around_the_clock(), start, [], start - timedelta(hours=3)) == 0


@pytest.mark.parametrize(
    ("weekly", "hours"),
    [
        ([[(540, 1080)]] * 5 + [[], []], 9),
        ([[(540, 780), (840, 1080)]] * 5 + [[], []], 8),
        ([[(0, 1440)]] * 7, 24),
        ([[(540, 1080)]] * 4 + [[(540, 720)], [], []], 7.8),
    ],
)
def test_a_working_day_is_as_long_as_a_usual_one(weekly, hours):
    assert usual_day(Calendar("UTC", weekly)) == hours * 3600
