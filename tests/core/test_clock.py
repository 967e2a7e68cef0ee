from datetime import UTC, datetime, timedelta, timezone

import pytest

from plugdesk.clock import FixedClock, MovableClock, SystemClock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_system_clock_tells_utc():
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)
    assert SystemClock().now().tzinfo is UTC


def test_a_fixed_clock_stands_still():
    clock = FixedClock(NOON)
    assert (clock.now(), clock.now()) == (NOON, NOON)


def test_a_movable_clock_is_set_and_advanced():
    clock = MovableClock(NOON)
    assert clock.advance(timedelta(minutes=1), days=3, hours=2) == NOON + timedelta(days=3, hours=2, minutes=1)
    clock.set(NOON)
    assert clock.now() == NOON


def test_a_moment_of_another_zone_becomes_utc():
    clock = MovableClock(NOON.astimezone(timezone(timedelta(hours=3))))
    assert clock.now() == NOON and clock.now().tzinfo is UTC


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="naive"):
        MovableClock(NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="naive"):
        MovableClock(NOON).set(NOON.replace(tzinfo=None))
