"""What listens all the time, say for new letters, runs in exactly one worker process, whoever carries the jobs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugdesk import rq_worker, services
from plugdesk.contributions import Service
from plugdesk.runtime import Runtime
from plugdesk.services import ServiceRow
from plugdesk.worker import Worker
from tests.support.processes import let_time_pass, until
from tests.support.work import make_runtime, set_up, trial_plugin

Work = Callable[[], AbstractContextManager[int]]
pytestmark = pytest.mark.both_databases


@contextmanager
def working(url: str, folder: Path, redis_url: str) -> Iterator[int]:
    """A worker in a process of its own, with a service that writes its process into `listening` as long as it runs."""

    def listen(runtime: Runtime, stop: threading.Event) -> None:
        mine = folder / f"listening.{os.getpid()}"
        mine.touch()
        stop.wait()
        mine.unlink()

    runtime = make_runtime(url, folder, trial_plugin(services=lambda: [Service("listen", listen)]), redis_url=redis_url)
    pid = os.fork()
    if pid == 0:
        if redis_url:
            os._exit(rq_worker.run_rq_worker(runtime))
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        Worker(runtime).run_forever(ended)
        os._exit(0)
    runtime.database.close()
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


@pytest.fixture(params=["embedded", "rq"])
def work(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Work:
    """`work()` is a worker process of either kind on one desk."""
    redis_url = request.getfixturevalue("redis_url") if request.param == "rq" else ""
    runtime = make_runtime(database_url, tmp_path)
    set_up(runtime)
    runtime.database.close()
    return lambda: working(database_url, tmp_path, redis_url)


def listeners(folder: Path) -> list[int]:
    return [int(path.suffix[1:]) for path in folder.glob("listening.*")]


def test_of_two_workers_one_listens_and_the_other_takes_over_when_it_ends(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "RENEW", 0.2)
    with work() as second:
        with work() as first:
            until(lambda: bool(listeners(tmp_path)))
            let_time_pass(1.5, because="a second listener would come within the next ticks")
            assert len(listeners(tmp_path)) == 1
            assert set(listeners(tmp_path)) <= {first, second}
        until(lambda: listeners(tmp_path) == [second])


def test_a_worker_stops_listening_when_another_has_its_lease(
    work: Work, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "RENEW", 0.2)
    runtime = make_runtime(database_url, tmp_path)
    with work() as pid:
        until(lambda: listeners(tmp_path) == [pid])
        with runtime.database.write() as session:
            session.execute(sa.update(ServiceRow).values(holder="another"))
        until(lambda: not listeners(tmp_path))
    runtime.database.close()
