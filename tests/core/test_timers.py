"""Timers and recurring work: stored moments, each turn once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.contributions import JobKind, Timer
from plugdesk.jobs import Job
from plugdesk.recurring import enqueue_recurring
from plugdesk.runtime import Runtime
from plugdesk.timers import cancel_timer, set_timer
from plugdesk.worker import Worker, tick
from tests.support.work import form, later, make_runtime, switch, trial_plugin

Desk = Callable[..., Runtime]


def ring(runtime: Runtime, *, minutes: float, word: str = "", key: str = "clock") -> None:
    with runtime.database.write() as session:
        at = runtime.clock.now() + timedelta(minutes=minutes)
        set_timer(session, "trial:ring", at, key=key, form=form(session), word=word)


def test_a_timer_runs_at_its_moment_and_once(desk: Desk) -> None:
    rang: list[str] = []
    runtime = desk(jobs=[JobKind("ring", lambda ctx, word: rang.append(word))])
    ring(runtime, minutes=30, word="now")
    later(runtime, minutes=29)
    Worker(runtime).run_due()
    assert rang == []
    later(runtime, minutes=1)
    Worker(runtime).run_due()
    later(runtime, days=1)
    Worker(runtime).run_due()
    assert rang == ["now"]


def test_setting_a_timer_again_moves_it(desk: Desk) -> None:
    rang: list[str] = []
    runtime = desk(jobs=[JobKind("ring", lambda ctx, word: rang.append(word))])
    ring(runtime, minutes=10, word="early")
    ring(runtime, minutes=60, word="late")
    later(runtime, minutes=30)
    Worker(runtime).run_due()
    assert rang == []
    later(runtime, minutes=30)
    Worker(runtime).run_due()
    assert rang == ["late"]


def test_a_timer_may_set_itself_anew(desk: Desk) -> None:
    rang: list[str] = []

    def work(ctx: Any, word: str) -> None:
        rang.append(word)
        if len(rang) < 3:
            set_timer(ctx.db, "trial:ring", ctx.now + timedelta(hours=1), key="clock", form=ctx.form, word=f"{len(rang)}")

    runtime = desk(jobs=[JobKind("ring", work)])
    ring(runtime, minutes=0, word="0")
    for _ in range(5):
        Worker(runtime).run_due()
        later(runtime, hours=1)
    assert rang == ["0", "1", "2"]


def test_a_cancelled_timer_is_silent(desk: Desk) -> None:
    rang: list[str] = []
    runtime = desk(jobs=[JobKind("ring", lambda ctx, word: rang.append(word))])
    ring(runtime, minutes=10)
    with runtime.database.write() as session:
        assert cancel_timer(session, "trial:ring", "clock", form=form(session)) is True
    later(runtime, hours=1)
    Worker(runtime).run_due()
    assert rang == []


def test_recurring_work_runs_for_each_form_where_the_extension_is_on(desk: Desk) -> None:
    ran: list[int] = []
    runtime = desk(forms=3, timers=[Timer("poll", timedelta(minutes=5), lambda ctx: ran.append(ctx.form.id))])
    switch(runtime, on=False, number=2)
    Worker(runtime).run_due()
    Worker(runtime).run_due()
    assert ran == [1, 3]
    later(runtime, minutes=5)
    Worker(runtime).run_due()
    assert ran == [1, 3, 1, 3]


def test_recurring_work_of_the_desk_runs_once_while_the_extension_is_on_anywhere(desk: Desk) -> None:
    ran: list[Any] = []
    timer = Timer("clean", timedelta(hours=1), lambda ctx: ran.append(ctx.form), per="desk")
    runtime = desk(forms=2, timers=[timer])
    switch(runtime, on=False, number=1)
    Worker(runtime).run_due()
    assert ran == [None]
    switch(runtime, on=False, number=2)
    later(runtime, hours=1)
    Worker(runtime).run_due()
    assert ran == [None]


def test_a_timer_and_a_job_of_one_plugin_may_share_a_name(desk: Desk) -> None:
    ran: list[str] = []
    timer = Timer("poll", timedelta(hours=1), lambda ctx: ran.append("timer"))
    runtime = desk(jobs=[JobKind("poll", lambda ctx: ran.append("job"))], timers=[timer])
    Worker(runtime).run_due()
    assert ran == ["timer"]


def test_a_turn_missed_for_days_is_made_up_for_once(desk: Desk) -> None:
    ran: list[str] = []
    runtime = desk(timers=[Timer("poll", timedelta(minutes=5), lambda ctx: ran.append("ran"))])
    Worker(runtime).run_due()
    later(runtime, days=3)
    Worker(runtime).run_due()
    Worker(runtime).run_due()
    assert ran == ["ran", "ran"]


def test_recurring_work_that_fails_goes_on_at_its_own_pace_and_is_never_parked(desk: Desk) -> None:
    tries: list[str] = []

    def work(ctx: Any) -> None:
        tries.append("tried")
        raise ConnectionError("refused")

    runtime = desk(timers=[Timer("poll", timedelta(minutes=1), work)])
    for _ in range(20):
        Worker(runtime).run_due()
        later(runtime, minutes=2)
    assert len(tries) == 20
    with runtime.database.read() as session:
        job = session.scalars(sa.select(Job)).one()
        assert (job.state, job.error) == ("ready", "ConnectionError: refused")


def test_two_processes_that_tick_at_once_store_each_turn_once(desk: Desk, database_url: str, tmp_path: Any) -> None:
    timer = Timer("poll", timedelta(minutes=5), lambda ctx: None)
    runtime = desk(timers=[timer])
    other = make_runtime(database_url, tmp_path, trial_plugin(timers=[timer]), clock=runtime.clock)
    assert tick(runtime) == 1
    with other.database.write() as session:
        assert enqueue_recurring(session, other) == 0
    other.database.close()


def test_a_clock_put_back_by_years_does_not_stop_recurring_work(desk: Desk) -> None:
    ran: list[str] = []
    runtime = desk(timers=[Timer("poll", timedelta(minutes=5), lambda ctx: ran.append("ran"))])
    Worker(runtime).run_due()
    later(runtime, days=-20_000)
    Worker(runtime).run_due()
    assert ran == ["ran", "ran"]


def test_timers_cost_what_is_due_and_not_what_exists(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("ring", lambda ctx, word: None)])
    if runtime.database.dialect != "sqlite":
        pytest.skip("The plans are SQLite's.")
    asked: list[tuple[str, Any]] = []
    for number in range(8):
        ring(runtime, minutes=0, key=f"due {number}")
    sa.event.listen(runtime.database.engine, "before_cursor_execute", lambda *about: asked.append((about[2], about[3])))
    Worker(runtime).run_due()
    ring(runtime, minutes=10)
    ring(runtime, minutes=20)
    with runtime.database.write() as session:
        cancel_timer(session, "trial:ring", "clock", form=form(session))
    plans: list[str] = []
    with runtime.database.engine.connect() as connection:
        for statement, given in list(asked):
            if "job" in statement:
                plans += connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).scalars("detail")
    through_jobs = [plan for plan in plans if " job" in plan]
    assert any("uq_job_key (kind=? AND form_id=? AND key=?)" in plan for plan in through_jobs)
    assert [plan for plan in through_jobs if plan.startswith("SCAN")] == []
    # Whoever is asked for by state alone must be running: there are few of those.
    assert [plan for plan in through_jobs if "COVERING INDEX ix_job_due (state=?)" in plan] == []
