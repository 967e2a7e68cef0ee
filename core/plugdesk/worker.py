"""The embedded worker: threads that run what is due, watched by one that notices hanging jobs and dead processes."""

from __future__ import annotations

import faulthandler
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk import claims, deliveries
from plugdesk.claims import Claim, machine_now
from plugdesk.database import Base
from plugdesk.deliveries import DeliveryClaim
from plugdesk.events import Delivery
from plugdesk.jobs import Job, JobState, execute
from plugdesk.recurring import enqueue_recurring, recurring_is_due
from plugdesk.runner import Runner, Work
from plugdesk.services import ServiceRow, Services

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

log = logging.getLogger(__name__)
POLL = 1.0  # seconds between looks at an idle database
HEARTBEAT = 5.0
SILENT = timedelta(seconds=30)  # a worker that has not been seen for so long is dead
STUCK = 60.0  # seconds the interpreter may stand still
GRACE = 5.0  # seconds a stop waits for what is running


class WorkerRow(Base):
    """A worker process as the System page shows it. `place` tells which machine's `pid` it is; times are the machine's."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    place: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    done: Mapped[int]
    current: Mapped[str | None]


class Worker:
    """Runs jobs, news and recurring work for one process.

    `kind` is shown on the System page: embedded, worker, or rq. A job that outlives its lease is put aside, and a new
    thread takes the place of the one that hangs.
    """

    def __init__(self, runtime: Runtime, name: str | None = None, *, kind: str = "embedded", threads: int | None = None) -> None:
        self.runtime = runtime
        self.name = name or f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
        self.kind = kind
        self.threads = threads if threads is not None else max(1, runtime.settings.worker_threads)
        self._stopping = threading.Event()
        self._runners: list[tuple[Runner, threading.Thread]] = []
        self._services = Services(runtime, self.name)
        self._done_before = 0
        self._started_at = machine_now()
        self._seen = False

    def run_due(self, limit: int | None = None) -> int:
        """Run in this thread whatever is due, recurring work included, and what that causes; at most `limit` jobs.

        Returns how many jobs and deliveries ended or were put aside.
        """
        runner = Runner(self.runtime, self.name)
        ended = 0
        while limit is None or ended < limit:
            tick(self.runtime)
            now = runner.run_round(None if limit is None else limit - ended)
            if not now:
                break
            ended += now
        return ended

    def run_forever(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then let what is running end, and give back what does not within a few seconds."""
        self._begin()
        try:
            self._watch(stop)
        finally:
            self._end()

    def run_for(self, seconds: float, stop: threading.Event) -> bool:
        """Work in this thread until nothing is due, `stop` is set, or the time is up. Returns whether more is due.

        A thread beside it watches: a job that outlives its lease is put aside, and the process ends with it.
        """
        runner = Runner(self.runtime, self.name, lambda: stop.is_set() or monotonic() > ends)
        ends = monotonic() + seconds
        over = threading.Event()
        watcher = threading.Thread(target=self._watch_one, args=(runner, over), name="plugdesk watcher", daemon=True)
        watcher.start()
        try:
            while ended := runner.run_round():
                if stop.is_set() or monotonic() > ends:
                    break
            return bool(ended)
        finally:
            over.set()
            watcher.join()
            faulthandler.cancel_dump_traceback_later()
            self._safely(self.forget)

    def _begin(self) -> None:
        self._safely(self.heartbeat)
        for _ in range(self.threads):
            self._start_runner()

    def _watch(self, stop: threading.Event) -> None:
        last_seen = monotonic()
        while not stop.wait(POLL):
            self._safely(lambda: tick(self.runtime))
            self._safely(self._services.keep)
            for runner, thread in list(self._runners):
                if self._check(runner):
                    self._runners.remove((runner, thread))
                    self._done_before += runner.done
                    self._start_runner()
            if monotonic() - last_seen >= HEARTBEAT:
                self._safely(self.heartbeat)
                last_seen = monotonic()

    def _end(self) -> None:
        self._stopping.set()
        self._safely(self._services.stop)
        self.runtime.wake.set()
        ends = monotonic() + GRACE
        for runner, thread in self._runners:
            thread.join(max(0.0, ends - monotonic()))
            work = runner.work
            if thread.is_alive() and work is not None:
                runner.abandoned = True
                log.warning("%s is still running and goes back", work.claim)
                self._safely(lambda runner=runner, work=work: self._return(runner, work))  # type: ignore[misc]
        self._safely(self.forget)

    def _start_runner(self) -> None:
        runner = Runner(self.runtime, self.name, self._stopping.is_set)
        thread = threading.Thread(target=self._work, args=(runner,), name=f"plugdesk {self.name}", daemon=True)
        self._runners.append((runner, thread))
        thread.start()

    def _work(self, runner: Runner) -> None:
        while not runner.ends():
            # Cleared before looking: a commit from now on sets it again.
            self.runtime.wake.clear()
            try:
                idle = runner.run_round() == 0
            except Exception:
                if not runner.ends():
                    log.exception("The worker could not work and tries again")
                self._stopping.wait(POLL)
                continue
            if idle:
                self.runtime.wake.wait(POLL)

    def _watch_one(self, runner: Runner, over: threading.Event) -> None:
        last_seen = monotonic()
        while not over.wait(POLL):
            # Where C code keeps the interpreter's lock no thread can watch; this clock needs none.
            faulthandler.dump_traceback_later(STUCK, exit=True, file=sys.__stderr__ or 2)
            if self._check(runner):
                os._exit(1)  # nothing else ends Python code that hangs; what was claimed has been handed back
            if monotonic() - last_seen >= HEARTBEAT:
                self._safely(lambda: self.heartbeat([runner]))
                last_seen = monotonic()

    def _check(self, runner: Runner) -> bool:
        """Look after one runner; true when it hangs, in which case its work is put aside and it must be replaced."""
        work = runner.work
        if work is None:
            return False
        rest = runner.take_rest() if monotonic() > work.deadline - work.claim.lease.total_seconds() + 1 else []
        if rest:
            # Others need not wait for a slow one that was claimed with them.
            self._safely(lambda: self._write(lambda session: claims.give_back(session, rest)))
        if monotonic() < work.deadline:
            return False
        runner.abandoned = True
        log.error("%s did not end within %s and is put aside", work.claim, work.claim.lease)
        _cut_connection(self.runtime, work.session)
        self._safely(lambda: self._write(lambda session: self._put_aside(session, work)))
        return True

    def _put_aside(self, session: Session, work: Work) -> None:
        reason = f"It did not end within {work.claim.lease.total_seconds():g} seconds."
        if isinstance(work.claim, Claim):
            claims.fail(session, work.claim, self.runtime, reason)
            return
        deliveries.put_all_aside(session, self.runtime, work.claim, work.claim.telling, reason)
        deliveries.return_untold(session, work.claim)

    def _return(self, runner: Runner, work: Work) -> None:
        _cut_connection(self.runtime, work.session)

        def give_back(session: Session) -> None:
            claims.give_back(session, runner.take_rest())
            if isinstance(work.claim, DeliveryClaim):
                deliveries.return_untold(session, work.claim)
            else:
                claims.give_back(session, [work.claim])

        self._write(give_back)

    def heartbeat(self, runners: Iterable[Runner] | None = None) -> None:
        """Show on the System page that this worker lives, and what it is at."""
        runners = list(runners) if runners is not None else [runner for runner, _thread in self._runners]
        current = ", ".join(str(work.claim) for runner in runners if (work := runner.work)) or None
        done = self._done_before + sum(runner.done for runner in runners)

        def write(session: Session) -> None:
            row = session.get(WorkerRow, self.name)
            if row is None:
                row = WorkerRow(name=self.name, kind=self.kind, place=place(), pid=os.getpid(), started_at=self._started_at)
                session.add(row)
            row.seen_at, row.current, row.done = machine_now(), current, done

        self._write(write)
        self._seen = True

    def forget(self) -> None:
        """Take this worker off the System page: it ended well."""
        if self._seen:
            self._write(lambda session: session.execute(sa.delete(WorkerRow).where(WorkerRow.name == self.name)))

    def _write(self, act: Callable[[Session], object]) -> None:
        with self.runtime.database.write() as session:
            act(session)

    def _safely(self, act: Callable[[], object]) -> None:
        """A watcher that dies watches nothing: what goes wrong is logged, and tried again with the next look."""
        try:
            act()
        except Exception:
            log.exception("The worker's watch failed and goes on")


def tick(runtime: Runtime) -> int:
    """Store the recurring work that is due and take back what dead or hanging workers hold; any process may do it.

    Returns how many jobs and deliveries are due anew because of it.
    """
    with runtime.database.read() as session:
        dead = dead_workers(session)
        lost = session.scalar(sa.select(Job.id).where(Job.state == JobState.RUNNING, _is_lost(dead)).limit(1))
        late = sa.select(Delivery.id).where(Delivery.state == "running", Delivery.lease_until < machine_now())
        if not (dead or lost or session.scalar(late.limit(1)) or recurring_is_due(session, runtime)):
            return 0
    with runtime.database.write() as session:
        back = claims.take_back(session, runtime, dead) + deliveries.take_back_deliveries(session, runtime)
        if dead:
            execute(session, sa.delete(WorkerRow).where(WorkerRow.name.in_(dead)))
            execute(session, sa.delete(ServiceRow).where(ServiceRow.holder.in_(dead)))
        stored = enqueue_recurring(session, runtime)
        if back:
            runtime.nudge(session)
    return back + stored


def something_is_due(runtime: Runtime) -> bool:
    """Whether a worker would find a job or news now: a few steps in two indexes."""
    with runtime.database.read() as session:
        now = runtime.clock.now()
        job = session.scalar(sa.select(Job.id).where(*claims.is_due(now)).limit(1))
        return job is not None or bool(deliveries.plugins_with_news(session, now))


def workers(session: Session) -> Sequence[WorkerRow]:
    """The workers that are alive or have died within the last seconds, for the System page."""
    return session.scalars(sa.select(WorkerRow).order_by(WorkerRow.kind, WorkerRow.name)).all()


def dead_workers(session: Session) -> list[str]:
    """The names of workers that have been silent for too long, or whose process on this machine is gone."""
    rows = session.execute(sa.select(WorkerRow.name, WorkerRow.place, WorkerRow.pid, WorkerRow.seen_at)).all()
    silent_since, here = machine_now() - SILENT, place()
    return [row.name for row in rows if row.seen_at < silent_since or (row.place == here and not _is_alive(row.pid))]


def place() -> str:
    """What tells one space of process numbers from another: the machine's name, and on Linux the container's too."""
    try:
        return f"{socket.gethostname()}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return socket.gethostname()


def _is_lost(dead: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.or_(Job.lease_until < machine_now(), Job.worker.in_(dead))


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # there os.kill(pid, 0) would end it; the silence tells, too, only later
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _cut_connection(runtime: Runtime, session: Session) -> None:
    """End the transaction of a thread that hangs, from outside, so that nobody has to wait for its locks."""
    with suppress(Exception):
        if not session.in_transaction():
            return
        connection = session.connection().connection.dbapi_connection
        if connection is None:
            return
        if runtime.database.dialect == "sqlite":
            connection.interrupt()
            connection.close()
        else:
            backend = connection.info.backend_pid
            with runtime.database.read() as other:
                other.execute(sa.select(sa.func.pg_terminate_backend(backend)))
