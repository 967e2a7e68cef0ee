"""How fast messages leave: a steady rate with a burst, a pause the other side asks for, shared by all workers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plugdesk.channels.pace import Pace, forget_old_paces, hold_off, wait_turn
from plugdesk.contributions import Rate
from plugdesk.jobs import RetryLater
from plugdesk.runtime import Runtime
from tests.support.work import form, later

Desk = Callable[..., Runtime]
PER_CHAT = Rate(1, seconds=1, burst=3)


def send(runtime: Runtime, **rates: Rate | None) -> float:
    """The seconds to wait; 0 when it may go now."""
    try:
        with runtime.database.write() as session:
            wait_turn(runtime.context("trial", form(session), session, "job"), dict(rates))
    except RetryLater as wait:
        return wait.seconds
    return 0


def test_a_burst_goes_at_once_and_the_rest_at_the_steady_rate(desk: Desk) -> None:
    runtime = desk()
    assert [send(runtime, chat=PER_CHAT) for _ in range(4)] == [0, 0, 0, 1]
    later(runtime, seconds=1)
    assert [send(runtime, chat=PER_CHAT) for _ in range(2)] == [0, 1]
    later(runtime, seconds=60)
    assert [send(runtime, chat=PER_CHAT) for _ in range(4)] == [0, 0, 0, 1]


def test_over_an_hour_no_more_leave_than_the_rate_allows(desk: Desk) -> None:
    runtime = desk()
    sent = 0
    for _second in range(0, 600, 5):
        sent += sum(send(runtime, chat=Rate(20, seconds=60, burst=4)) == 0 for _ in range(4))
        later(runtime, seconds=5)
    assert 195 <= sent <= 204


def test_each_name_has_a_queue_of_its_own_and_a_place_is_taken_in_all_or_in_none(desk: Desk) -> None:
    runtime = desk()
    slow, fast = Rate(1, seconds=10), Rate(1, seconds=1, burst=2)
    assert send(runtime, bot=fast, ann=slow) == 0
    assert send(runtime, bot=fast, ann=slow) == 10
    assert send(runtime, bot=fast, bob=slow) == 0, "the refused one took no place at the bot"
    assert send(runtime, bot=fast, eve=slow) == 1


def test_a_pause_the_other_side_asks_for_is_kept(desk: Desk) -> None:
    runtime = desk()
    with runtime.database.write() as session:
        hold_off(runtime.context("trial", form(session), session, "job"), "bot", 35)
    assert send(runtime, bot=PER_CHAT) == pytest.approx(35)
    later(runtime, seconds=36)
    assert send(runtime, bot=PER_CHAT) == 0


def test_no_rate_is_no_limit(desk: Desk) -> None:
    runtime = desk()
    assert [send(runtime, chat=None) for _ in range(5)] == [0] * 5


def test_rows_that_hold_nobody_back_are_forgotten(desk: Desk) -> None:
    runtime = desk()
    send(runtime, ann=PER_CHAT)
    later(runtime, hours=2)
    send(runtime, bob=PER_CHAT)
    with runtime.database.write() as session:
        forget_old_paces(session, runtime.clock.now())
    with runtime.database.read() as session:
        assert [row.name for row in session.query(Pace)] == ["trial/bob"]
