"""Jobs: stored with the change that asks for them, run at least once, put aside when they fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.contributions import JobKind
from plugdesk.jobs import (
    Job,
    JobState,
    Park,
    RetryLater,
    cancel,
    delay_after,
    enqueue,
    hold_jobs,
    job_counts,
    parked_jobs,
    release_jobs,
    run_again,
    waiting_for,
    waiting_jobs,
)
from plugdesk.runtime import Runtime
from plugdesk.worker import Worker
from tests.support.work import form, later, switch

Desk = Callable[..., Runtime]


def put(runtime: Runtime, name: str = "work", *, number: int = 1, **options: Any) -> None:
    with runtime.database.write() as session:
        enqueue(session, f"trial:{name}", form=form(session, number), **options)


def only_job(runtime: Runtime) -> Job:
    with runtime.database.read() as session:
        return session.scalars(sa.select(Job)).one()


def jobs_left(runtime: Runtime) -> int:
    with runtime.database.read() as session:
        return sum(job_counts(session).values())


def test_a_job_runs_once_with_its_arguments_and_is_gone(desk: Desk) -> None:
    ran: list[dict[str, Any]] = []
    runtime = desk(jobs=[JobKind("work", lambda ctx, **args: ran.append(args))])
    put(runtime, word="слово", number=1)
    assert Worker(runtime).run_due() == 1
    assert Worker(runtime).run_due() == 0
    assert ran == [{"word": "слово"}]
    assert jobs_left(runtime) == 0


def test_a_job_of_a_change_that_is_undone_does_not_exist(desk: Desk) -> None:
    ran: list[str] = []
    runtime = desk(jobs=[JobKind("work", lambda ctx: ran.append("ran"))])
    with runtime.database.write() as session:
        enqueue(session, "trial:work", form=form(session))
        session.rollback()
    Worker(runtime).run_due()
    assert ran == []


def test_a_committed_job_wakes_the_worker(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("work", lambda ctx: None)])
    runtime.wake.clear()
    put(runtime)
    assert runtime.wake.is_set()


def test_a_job_knows_its_form_and_its_extension(desk: Desk) -> None:
    seen: list[tuple[str, int]] = []
    runtime = desk(forms=2, jobs=[JobKind("work", lambda ctx: seen.append((ctx.plugin, ctx.form.id)))])
    put(runtime, number=2)
    Worker(runtime).run_due()
    assert seen == [("trial", 2)]


def test_a_job_waits_for_its_moment(desk: Desk) -> None:
    ran: list[str] = []
    runtime = desk(jobs=[JobKind("work", lambda ctx: ran.append("ran"))])
    put(runtime, due_at=runtime.clock.now() + timedelta(hours=1))
    assert Worker(runtime).run_due() == 0
    later(runtime, hours=1)
    assert Worker(runtime).run_due() == 1
    assert ran == ["ran"]


def test_the_same_key_is_stored_once_for_each_form(desk: Desk) -> None:
    runtime = desk(forms=2, jobs=[JobKind("work", lambda ctx: None)])
    with runtime.database.write() as session:
        assert enqueue(session, "trial:work", form=form(session, 1), key="ticket 1") is not None
        assert enqueue(session, "trial:work", form=form(session, 1), key="ticket 1") is None
        assert enqueue(session, "trial:work", form=form(session, 2), key="ticket 1") is not None
        assert enqueue(session, "trial:other", form=form(session, 1), key="ticket 1") is not None
    put(runtime, key="ticket 1")
    assert jobs_left(runtime) == 3


def test_a_job_asked_for_again_while_it_runs_runs_once_more(desk: Desk) -> None:
    ran: list[int] = []

    def work(ctx: Any) -> None:
        ran.append(len(ran))
        ctx.checkpoint()
        if len(ran) == 1:
            put(runtime, key="same")
            put(runtime, key="same")

    runtime = desk(jobs=[JobKind("work", work)])
    put(runtime, key="same")
    assert Worker(runtime).run_due() == 2
    assert ran == [0, 1]
    assert jobs_left(runtime) == 0


def test_a_cancelled_job_does_not_run(desk: Desk) -> None:
    ran: list[str] = []
    runtime = desk(jobs=[JobKind("work", lambda ctx: ran.append("ran"))])
    put(runtime, key="reminder")
    with runtime.database.write() as session:
        assert cancel(session, "trial:work", "reminder", form=form(session)) is True
        assert cancel(session, "trial:work", "reminder", form=form(session)) is False
    Worker(runtime).run_due()
    assert ran == []


def test_a_failing_job_waits_longer_each_time_and_is_parked_after_its_last_try(desk: Desk) -> None:
    def work(ctx: Any) -> None:
        raise ConnectionError("refused")

    runtime = desk(jobs=[JobKind("work", work, max_tries=3)])
    put(runtime)
    waits = []
    for _ in range(2):
        Worker(runtime).run_due()
        job = only_job(runtime)
        waits.append(job.due_at - runtime.clock.now())
        assert (job.state, job.error) == (JobState.READY, "ConnectionError: refused")
        assert Worker(runtime).run_due() == 0
        later(runtime, minutes=5)
    Worker(runtime).run_due()
    assert timedelta(seconds=4) <= waits[0] <= timedelta(seconds=6)
    assert timedelta(seconds=16) <= waits[1] <= timedelta(seconds=24)
    with runtime.database.read() as session:
        assert [(job.failures, job.error) for job in parked_jobs(session)] == [(3, "ConnectionError: refused")]


def test_what_a_failing_job_changed_is_undone(desk: Desk) -> None:
    def work(ctx: Any) -> None:
        ctx.form.name = "changed"
        ctx.db.flush()
        raise ValueError("no")

    runtime = desk(jobs=[JobKind("work", work)])
    put(runtime)
    Worker(runtime).run_due()
    with runtime.database.read() as session:
        assert form(session).name == "Form 1"


def test_run_again_gives_a_parked_job_all_its_tries(desk: Desk) -> None:
    broken = True

    def work(ctx: Any) -> None:
        if broken:
            raise Park("The mailbox is gone.")

    runtime = desk(jobs=[JobKind("work", work)])
    put(runtime)
    Worker(runtime).run_due()
    with runtime.database.write() as session:
        (job,) = parked_jobs(session)
        assert job.error == "The mailbox is gone."
        run_again(session, job)
    broken = False
    assert Worker(runtime).run_due() == 1
    assert jobs_left(runtime) == 0


def test_run_again_leaves_the_work_to_a_newer_job_with_the_same_key(desk: Desk) -> None:
    ran: list[str] = []

    def work(ctx: Any) -> None:
        ran.append("ran")
        if len(ran) == 1:
            raise Park("first")

    runtime = desk(jobs=[JobKind("work", work)])
    put(runtime, key="same")
    Worker(runtime).run_due()
    put(runtime, key="same")
    with runtime.database.write() as session:
        run_again(session, parked_jobs(session)[0])
    Worker(runtime).run_due()
    assert ran == ["ran", "ran"]
    assert jobs_left(runtime) == 0


def test_a_job_that_asks_to_be_tried_later_never_uses_up_its_tries(desk: Desk) -> None:
    def work(ctx: Any) -> None:
        raise RetryLater(30, "429: slow down")

    runtime = desk(jobs=[JobKind("work", work, max_tries=2)])
    put(runtime)
    for _ in range(5):
        assert Worker(runtime).run_due() == 1
        later(runtime, seconds=31)
    job = only_job(runtime)
    assert (job.state, job.failures, job.error) == (JobState.READY, 0, "429: slow down")


def test_jobs_of_an_extension_that_is_off_are_held_and_go_on_when_it_is_on_again(desk: Desk) -> None:
    ran: list[int] = []
    runtime = desk(jobs=[JobKind("work", lambda ctx, n: ran.append(n))])
    put(runtime, n=1)
    switch(runtime, on=False)
    put(runtime, n=2)
    Worker(runtime).run_due()
    with runtime.database.read() as session:
        assert waiting_for(session, "trial", form(session)) == 2
        assert job_counts(session)[JobState.HELD] == 2
    assert ran == []
    switch(runtime, on=True)
    Worker(runtime).run_due()
    assert ran == [1, 2]


def test_holding_touches_only_this_form_and_this_extension(desk: Desk) -> None:
    runtime = desk(forms=2, jobs=[JobKind("work", lambda ctx: None)])
    put(runtime, number=1)
    put(runtime, number=2)
    with runtime.database.write() as session:
        assert hold_jobs(session, "trial", form(session, 1)) == 1
        assert hold_jobs(session, "other", form(session, 2)) == 0
    assert Worker(runtime).run_due() == 1
    with runtime.database.write() as session:
        assert release_jobs(session, "trial", form(session, 1)) == 1


def test_jobs_of_a_suspended_extension_wait_for_its_next_try(desk: Desk) -> None:
    ran: list[str] = []
    runtime = desk(jobs=[JobKind("work", lambda ctx: ran.append("ran"))])
    put(runtime)
    with runtime.database.write() as session:
        until = runtime.clock.now() + timedelta(minutes=10)
        form(session).suspended = {"trial": {"since": runtime.clock.now().isoformat(), "until": until.isoformat(), "tries": 1}}
    Worker(runtime).run_due()
    assert (ran, only_job(runtime).error) == ([], "The extension is suspended.")
    later(runtime, minutes=10)
    Worker(runtime).run_due()
    assert ran == ["ran"]


def test_a_job_of_a_plugin_that_is_not_loaded_waits(desk: Desk) -> None:
    runtime = desk(on=("trial", "gone"))
    with runtime.database.write() as session:
        enqueue(session, "gone:work", form=form(session))
    Worker(runtime).run_due()
    job = only_job(runtime)
    assert (job.state, job.failures, job.error) == (JobState.READY, 0, "The extension is not loaded.")


def test_a_kind_nobody_knows_is_parked(desk: Desk) -> None:
    runtime = desk()
    put(runtime, "renamed")
    Worker(runtime).run_due()
    assert only_job(runtime).state is JobState.PARKED


def test_one_forms_flood_does_not_starve_another_form(desk: Desk) -> None:
    ran: list[int] = []
    runtime = desk(forms=3, jobs=[JobKind("work", lambda ctx: ran.append(ctx.form.id))])
    with runtime.database.write() as session:
        flooded = form(session, 1)
        for _ in range(300):
            enqueue(session, "trial:work", form=flooded)
    put(runtime, number=2)
    put(runtime, number=3)
    Worker(runtime).run_due(limit=8)
    assert {2, 3} <= set(ran)


def test_the_system_page_sees_what_runs_and_what_comes_next(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("work", lambda ctx: None)])
    put(runtime, n=2, due_at=runtime.clock.now() + timedelta(hours=2))
    put(runtime, n=1, due_at=runtime.clock.now() + timedelta(hours=1))
    with runtime.database.read() as session:
        assert [job.args["n"] for job in waiting_jobs(session)] == [1, 2]


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 20), (3, 80), (20, 6 * 3600)])
def test_delays_grow_to_six_hours_and_are_never_quite_alike(failures: int, seconds: int) -> None:
    delays = {delay_after(failures) for _ in range(20)}
    assert all(0.8 * seconds <= delay.total_seconds() <= 1.2 * seconds for delay in delays)
    assert len(delays) > 1


def test_a_job_that_was_undone_leaves_its_number_to_the_next(session: Session) -> None:
    savepoint = session.begin_nested()
    undone = enqueue(session, "core:anything", key="1")
    savepoint.rollback()
    following = enqueue(session, "core:anything", key="2")
    assert following is not None and following is not undone
    assert session.scalars(sa.select(Job.key)).all() == ["2"]
