"""The worker: threads that run what is due, watched; what hangs or dies is put aside and taken back."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.claims import LeaseLost, Turns, claim_jobs, complete, machine_now, take_back
from plugdesk.contributions import JobKind
from plugdesk.events import Delivery, record
from plugdesk.jobs import Job, JobState, enqueue, job_counts
from plugdesk.runtime import Runtime
from plugdesk.tickets.models import Ticket
from plugdesk.worker import Worker, WorkerRow, place, tick, workers
from tests.support.processes import let_time_pass, until
from tests.support.work import form, happen, later, make_runtime, trial_plugin

Desk = Callable[..., Runtime]
pytestmark = pytest.mark.both_databases


def put(runtime: Runtime, name: str = "work", *, times: int = 1, **options: Any) -> None:
    with runtime.database.write() as session:
        for _ in range(times):
            enqueue(session, f"trial:{name}", form=form(session), **options)


def jobs(runtime: Runtime) -> list[Job]:
    with runtime.database.read() as session:
        return list(session.scalars(sa.select(Job).order_by(Job.id)))


@contextmanager
def at_work(*workers: Worker) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=worker.run_forever, args=(stop,)) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for worker in workers:
            worker.runtime.wake.set()
        for thread in threads:
            thread.join()


def test_a_worker_runs_a_job_as_soon_as_it_is_committed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugdesk.worker.POLL", 600.0)
    ran = threading.Event()
    runtime = desk(jobs=[JobKind("work", lambda ctx: ran.set())])
    with at_work(Worker(runtime)):
        let_time_pass(0.2, because="the worker settles down to wait")
        put(runtime)
        assert ran.wait(60)


def test_two_workers_with_two_threads_each_run_every_job_once(desk: Desk, database_url: str, tmp_path: Any) -> None:
    ran: list[int] = []
    plugin = {"jobs": [JobKind("work", lambda ctx, n: ran.append(n))]}
    runtime = desk(**plugin)
    other = make_runtime(database_url, tmp_path, trial_plugin(**plugin), clock=runtime.clock)
    with runtime.database.write() as session:
        here = form(session)
        for n in range(200):
            enqueue(session, "trial:work", form=here, n=n)
    with at_work(Worker(runtime, threads=2), Worker(other, threads=2)):
        until(lambda: not jobs(runtime))
    other.database.close()
    assert sorted(ran) == list(range(200))


def test_two_workers_keep_the_order_of_news(desk: Desk, database_url: str, tmp_path: Any) -> None:
    told: list[tuple[int, int]] = []
    plugin = {"note_added": lambda ctx, ticket, event: told.append((ticket.id, event.data["number"]))}
    runtime = desk(forms=3, **plugin)
    other = make_runtime(database_url, tmp_path, trial_plugin(**plugin), clock=runtime.clock)
    with at_work(Worker(runtime, threads=2), Worker(other, threads=2)):
        for ticket in (1, 2, 3):
            happen(runtime, ticket=ticket, times=60)
        until(lambda: len(told) == 180)
    other.database.close()
    for ticket in (1, 2, 3):
        assert [n for number, n in told if number == ticket] == list(range(60))


def test_a_job_talks_to_the_outside_without_holding_the_databases_lock(desk: Desk) -> None:
    seen: list[str] = []

    def work(ctx: Any) -> None:
        ctx.form.name = "half done"
        ctx.checkpoint()
        with runtime.database.write() as session:  # would wait for ever on SQLite if the job's transaction were open
            seen.append(form(session).name)
            form(session).responsible_user_id = 1
        raise RuntimeError("after the checkpoint")

    runtime = desk(jobs=[JobKind("work", work)])
    put(runtime)
    Worker(runtime).run_due()
    assert seen == ["half done"]
    with runtime.database.read() as session:
        assert form(session).name == "half done"


def test_a_job_begins_without_a_transaction(desk: Desk) -> None:
    seen: list[bool] = []
    runtime = desk(jobs=[JobKind("work", lambda ctx: seen.append(ctx.db.in_transaction()))])
    put(runtime)
    Worker(runtime).run_due()
    assert seen == [False]


def test_a_worker_whose_lease_ended_cannot_commit_what_it_did(desk: Desk) -> None:
    def work(ctx: Any) -> None:
        ctx.form.name = "too late"
        ctx.db.flush()
        if runtime.database.dialect == "sqlite":
            ctx._session.execute(sa.update(Job).values(tries=Job.tries + 1))  # another worker took it over meanwhile
        else:
            put_back()

    def put_back() -> None:
        with runtime.database.write() as session:
            session.execute(sa.update(Job).values(tries=Job.tries + 1))

    runtime = desk(jobs=[JobKind("work", work)])
    put(runtime)
    Worker(runtime).run_due()
    with runtime.database.read() as session:
        assert form(session).name == "Form 1"
    assert jobs(runtime)[0].state is JobState.RUNNING


def test_a_job_that_hangs_is_put_aside_and_others_go_on(desk: Desk) -> None:
    release, ran = threading.Event(), threading.Event()

    def hang(ctx: Any) -> None:
        ctx.form.name = "hanging"
        ctx.db.flush()  # holds SQLite's lock while it hangs
        release.wait(30)

    runtime = desk(jobs=[JobKind("hang", hang, lease=timedelta(seconds=0.5)), JobKind("work", lambda ctx: ran.set())])
    put(runtime, "hang")
    with at_work(Worker(runtime, threads=1)):
        until(lambda: jobs(runtime)[0].failures == 1)
        put(runtime)
        assert ran.wait(60)
        release.set()
    (job,) = jobs(runtime)
    assert (job.state, job.error) == (JobState.READY, "It did not end within 0.5 seconds.")
    with runtime.database.read() as session:
        assert form(session).name == "Form 1"


def test_a_plugin_that_hangs_on_news_is_cut_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    release, told = threading.Event(), []

    def note_added(ctx: Any, event: Any) -> None:
        if event.data["number"] == 0 and not release.is_set():
            ctx.form.name = "hanging"
            ctx.db.flush()
            release.wait(30)
        told.append(event.data["number"])

    monkeypatch.setattr("plugdesk.deliveries.LEASE", timedelta(seconds=0.5))
    runtime = desk(forms=2, note_added=note_added)
    happen(runtime, ticket=1)
    with at_work(Worker(runtime, threads=1)):
        until(lambda: first_error(runtime) is not None)
        assert first_error(runtime) == "It did not end within 0.5 seconds."
        release.set()
        later(runtime, minutes=1)
        runtime.wake.set()
        until(lambda: told.count(0) == 2)  # the thread that hung came to its end, too, but could not commit
        until(lambda: not news_left(runtime))
    with runtime.database.read() as session:
        assert form(session).name == "Form 1"


def test_a_plugin_that_hangs_on_all_that_waited_is_cut_off_and_each_has_used_up_a_try(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, told = threading.Event(), []

    def tickets_changed(ctx: Any, tickets: Any) -> None:
        if len(tickets) > 1:
            release.wait(30)
        told.append([each.id for each in tickets])

    monkeypatch.setattr("plugdesk.deliveries.LEASE", timedelta(seconds=0.5))
    runtime = desk(forms=2, tickets_changed=tickets_changed)
    with runtime.database.write() as session:
        for number in (1, 2):
            ticket = session.get_one(Ticket, number)
            ticket.form_id = 1
            record(session, "note_added", ticket=ticket, form=form(session))
    with at_work(Worker(runtime, threads=1)):
        until(lambda: first_error(runtime) is not None)
        with runtime.database.read() as session:
            assert session.scalars(sa.select(Delivery.tries)).all() == [1, 1]
        release.set()
        later(runtime, minutes=1)
        runtime.wake.set()
        until(lambda: not news_left(runtime))
    assert [each for each in told if len(each) == 1] == [[1], [2]]


def news_left(runtime: Runtime) -> int:
    with runtime.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Delivery)) or 0


def first_error(runtime: Runtime) -> str | None:
    with runtime.database.read() as session:
        return session.scalar(sa.select(Delivery.error))


def test_stopping_lets_the_running_job_end(desk: Desk) -> None:
    begun, ran = threading.Event(), []

    def work(ctx: Any) -> None:
        begun.set()
        let_time_pass(0.5, because="the stop comes while it works")
        ran.append("ran")

    runtime = desk(jobs=[JobKind("work", work)])
    put(runtime, times=3)
    with at_work(Worker(runtime, threads=1)):
        assert begun.wait(60)
    assert ran == ["ran"]
    assert [(job.state, job.failures) for job in jobs(runtime)] == [(JobState.READY, 0)] * 2


def test_stopping_gives_back_a_job_that_does_not_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release = threading.Event(), threading.Event()

    def work(ctx: Any) -> None:
        begun.set()
        release.wait(30)

    monkeypatch.setattr("plugdesk.worker.GRACE", 0.3)
    runtime = desk(jobs=[JobKind("work", work)])
    put(runtime)
    with at_work(Worker(runtime, threads=1)):
        assert begun.wait(60)
    (job,) = jobs(runtime)
    assert (job.state, job.failures, job.worker) == (JobState.READY, 0, None)
    release.set()


def test_jobs_of_a_dead_process_are_taken_back_at_once(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("work", lambda ctx: None)])
    put(runtime)
    with runtime.database.write() as session:
        now = machine_now()
        claim_jobs(session, runtime, "dead", limit=1, turns=Turns())
        session.add(WorkerRow(name="dead", kind="worker", place=place(), pid=dead_pid(), started_at=now, seen_at=now, done=0))
    assert tick(runtime) == 1
    (job,) = jobs(runtime)
    assert (job.state, job.failures) == (JobState.READY, 1)
    with runtime.database.read() as session:
        assert workers(session) == []


def test_jobs_of_a_worker_elsewhere_are_taken_back_when_it_is_silent(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("work", lambda ctx: None)])
    put(runtime)
    with runtime.database.write() as session:
        claim_jobs(session, runtime, "far", limit=1, turns=Turns())
        seen = machine_now() - timedelta(seconds=20)
        session.add(WorkerRow(name="far", kind="worker", place="elsewhere", pid=1, started_at=seen, seen_at=seen, done=0))
    assert tick(runtime) == 0
    with runtime.database.write() as session:
        session.execute(sa.update(WorkerRow).values(seen_at=machine_now() - timedelta(seconds=40)))
    assert tick(runtime) == 1


def test_a_claim_whose_lease_has_ended_is_taken_back_and_the_old_one_is_worthless(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("work", lambda ctx: None, lease=timedelta(seconds=-20))])
    put(runtime)
    with runtime.database.write() as session:
        (old,) = claim_jobs(session, runtime, "slow", limit=1, turns=Turns())
    with runtime.database.write() as session:
        assert take_back(session, runtime, []) == 1
    later(runtime, minutes=1)
    with runtime.database.write() as session:
        (new,) = claim_jobs(session, runtime, "fast", limit=1, turns=Turns())
    with pytest.raises(LeaseLost), runtime.database.write() as session:
        complete(session, old)
    with runtime.database.write() as session:
        complete(session, new)
    assert jobs(runtime) == []


def test_a_job_that_has_failed_is_claimed_alone(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("work", lambda ctx: None)])
    put(runtime, times=5)
    with runtime.database.write() as session:
        first = session.scalar(sa.select(sa.func.min(Job.id)))
        session.execute(sa.update(Job).where(Job.id == first).values(failures=1))
    with runtime.database.write() as session:
        assert [claim.id for claim in claim_jobs(session, runtime, "one", limit=5, turns=Turns())] == [first]
        assert len(claim_jobs(session, runtime, "two", limit=5, turns=Turns())) == 4


def test_the_system_page_sees_a_worker_while_it_lives(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("work", lambda ctx: None)])

    def seen() -> list[str]:
        with runtime.database.read() as session:
            return [row.name for row in workers(session)]

    with at_work(Worker(runtime, "first")):
        until(lambda: seen() == ["first"], seconds=5)
    assert seen() == []


def test_a_worker_goes_on_when_the_database_was_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = threading.Event()
    runtime = desk(jobs=[JobKind("work", lambda ctx: ran.set())])
    away, read = threading.Event(), runtime.database.read

    def unreachable(*args: Any) -> Any:
        if away.is_set():
            raise sa.exc.OperationalError("SELECT 1", {}, ConnectionError("refused"))
        return read(*args)

    monkeypatch.setattr(runtime.database, "read", unreachable)
    monkeypatch.setattr("plugdesk.worker.POLL", 0.05)
    with at_work(Worker(runtime)):
        away.set()
        let_time_pass(0.3, because="nothing runs while it is away")
        put(runtime)
        assert not ran.is_set()
        away.clear()
        assert ran.wait(5)


def dead_pid() -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def test_nothing_is_left_over(desk: Desk) -> None:
    runtime = desk(jobs=[JobKind("work", lambda ctx: None)], note_added=lambda ctx: None)
    put(runtime, times=3)
    happen(runtime, times=3)
    Worker(runtime).run_due()
    with runtime.database.read() as session:
        assert sum(job_counts(session).values()) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 0
