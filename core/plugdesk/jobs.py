"""Jobs: work stored in the same transaction as the change that asked for it. The table is the truth, workers carry it.

A job exists if and only if the change does, runs at least once, and therefore first asks whether its work is done.
What is done is deleted. `plugdesk.claims` takes due jobs, `plugdesk.worker` runs them, `plugdesk.timers` puts them off.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk.database import Base, Json, Key, Word, attach
from plugdesk.forms.models import Desk, Form
from plugdesk.plugins.loader import PAGES

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=6)
ERROR_LENGTH = 2_000
ALWAYS_ON = ("core", PAGES)


class JobState(StrEnum):
    """Ready waits for its moment; held waits for its extension to be switched on; parked waits for a person."""

    READY = "ready"
    RUNNING = "running"
    HELD = "held"
    PARKED = "parked"


# In queries, too, word for word: a prepared statement with a parameter in its place may not use the index of keys.
_LIVE = sa.text("state <> 'parked'")


class Job(Base):
    """Stored work. `kind` is `plugin:name`, `form_id` 0 means the desk.

    Of one kind, form and key there is at most one job that is not parked. `tries` counts how often it was begun and is the
    fence: whoever ends a job must still hold its last try. `failures` counts what its kind's `max_tries` limits. A job
    asked for again while it runs goes on at `again_at`. `due_at` is a moment of the desk's clock, `lease_until` one of
    the machine's, because a lease is about a process and not about the desk.
    """

    __tablename__ = "job"
    __table_args__ = (
        sa.Index("ix_job_due", "state", "due_at", "id", "form_id"),
        sa.Index("uq_job_key", "kind", "form_id", "key", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        # A number that came back would pass the fence of a worker that thinks it still holds the old job.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    kind: Mapped[str]
    plugin: Mapped[str]
    form_id: Mapped[int]
    args: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    key: Mapped[str | None]
    state: Mapped[JobState] = mapped_column(Word(JobState), default=JobState.READY)
    due_at: Mapped[datetime]
    again_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class RetryLater(Exception):
    """Raised by a job that knows when to try again: its changes are undone, and it does not count as a failure."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


class Park(Exception):
    """Raised by a job that cannot succeed until a person has done something; the reason is shown on the System page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def enqueue(
    session: Session, kind: str, *, form: Form | None = None, key: str | None = None, due_at: datetime | None = None, **args: Any
) -> Job | None:
    """Store a job in the caller's transaction. `args` are plain JSON values.

    Returns None when a job of this kind, form and `key` is already there; one that is running at this moment, and may
    have read what has changed since, is run once more.
    """
    job = store(session, kind, form=form, key=key, due_at=due_at, args=args)
    if job is None:
        at = sa.bindparam("at", due_at or _runtime(session).clock.now(), Job.due_at.type)
        running = sa.update(Job).where(*live(kind, form, key), Job.state == JobState.RUNNING)
        execute(session, running.values(again_at=sa.func.coalesce(Job.again_at, at)))
    return job


def enqueue_each(session: Session, kind: str, jobs: Mapping[str, dict[str, Any]], *, form: Form | None = None) -> None:
    """`enqueue` for many keys of one kind at once; `jobs` maps each key to the arguments of its job."""
    runtime, connection = _runtime(session), session.connection()
    now, form_id = runtime.clock.now(), form.id if form else 0
    shared = {"kind": kind, "plugin": kind.partition(":")[0], "form_id": form_id, "due_at": now, "created_at": now}
    shared |= {"state": JobState.READY, "tries": 0, "failures": 0}
    # In one order: two who store the same keys wait for each other and not in a circle.
    rows = [{**shared, "key": key, "args": args} for key, args in sorted(jobs.items())]
    runtime.nudge(session)
    stored = connection.execute(_STORE_EACH[runtime.database.dialect], rows).scalars().all()
    if known := sorted(jobs.keys() - set(stored)):
        connection.execute(_AGAIN, {"of": kind, "here": form_id, "keys": known, "at": now})


def store(
    session: Session, kind: str, *, form: Form | None, key: str | None, due_at: datetime | None, args: dict[str, Any]
) -> Job | None:
    """Store a job, or return None and change nothing when one of this kind, form and `key` is there."""
    runtime = _runtime(session)
    now = runtime.clock.now()
    values = {
        "kind": kind,
        "plugin": kind.partition(":")[0],
        "form_id": form.id if form else 0,
        "args": args,
        "due_at": due_at or now,
        "created_at": now,
    }
    runtime.nudge(session)
    if key is None:
        job = Job(**values)
        session.add(job)
        return job
    values |= {"key": key, "state": JobState.READY, "tries": 0, "failures": 0}
    id = session.connection().scalar(_STORE[runtime.database.dialect], values)
    if id is None:
        return None
    job = Job(id=id, **values)
    attach(session, job)
    return job


def cancel(session: Session, kind: str, key: str, *, form: Form | None = None) -> bool:
    """Take back the job of this kind, form and key. One that runs at this moment ends, but is not run again.

    Returns False when none was waiting.
    """
    execute(session, sa.update(Job).where(*live(kind, form, key), Job.state == JobState.RUNNING).values(again_at=None))
    return execute(session, sa.delete(Job).where(*live(kind, form, key), Job.state != JobState.RUNNING)) > 0


def hold_jobs(session: Session, plugin: str, form: Form | None) -> int:
    """Put the waiting jobs of an extension that is being switched off aside, until it is on again. Returns how many."""
    return _move(session, plugin, form, JobState.READY, JobState.HELD)


def release_jobs(session: Session, plugin: str, form: Form | None) -> int:
    """Let the held jobs of an extension that is on again go on. Returns how many."""
    _runtime(session).nudge(session)
    return _move(session, plugin, form, JobState.HELD, JobState.READY)


def run_again(session: Session, job: Job) -> None:
    """Give a parked job all its tries once more, at once. If its key has a new job by now, that one does the work."""
    if job.state is not JobState.PARKED:
        return
    same = (Job.kind == job.kind, Job.form_id == job.form_id, Job.key == job.key, _LIVE)
    if job.key is not None and session.scalar(sa.select(Job.id).where(*same)):
        session.delete(job)
        return
    job.state, job.failures, job.finished_at, job.due_at = JobState.READY, 0, None, _runtime(session).clock.now()
    _runtime(session).nudge(session)


def waiting_for(session: Session, plugin: str, form: Form | None) -> int:
    """How many jobs of this extension wait here, ready or held: for *what will change*."""
    waiting = sa.select(sa.func.count()).where(Job.plugin == plugin, Job.form_id == (form.id if form else 0))
    return session.scalar(waiting.where(Job.state.in_([JobState.READY, JobState.HELD]))) or 0


def is_on(session: Session, plugin: str, scope: Form | Desk) -> bool:
    """Whether jobs of `plugin` may run in `scope` now. The desk's own jobs of a form's extension run while it is on anywhere."""
    if plugin in ALWAYS_ON or scope.has(plugin):
        return True
    if isinstance(scope, Form):
        runtime = _runtime(session)
        return plugin in runtime.registry.enabled(scope, runtime.desk(session))
    return any(plugin in extensions for extensions in session.scalars(sa.select(Form.extensions)))


def resumes_at(scope: Form | Desk, plugin: str) -> datetime:
    """When a suspended extension is tried next, a moment of the desk's clock."""
    return datetime.fromisoformat(scope.suspended[plugin]["until"])


def job_counts(session: Session) -> dict[JobState, int]:
    """How many jobs there are in each state."""
    found = session.execute(sa.select(Job.state, sa.func.count()).group_by(Job.state)).all()
    return {state: 0 for state in JobState} | {state: number for state, number in found}


def parked_jobs(session: Session, *, limit: int = 50, before: int | None = None) -> Sequence[Job]:
    """The jobs that gave up, newest first; `before` is the id the last page ended with."""
    found = sa.select(Job).where(Job.state == JobState.PARKED, Job.id < before if before else sa.true())
    return session.scalars(found.order_by(Job.id.desc()).limit(limit)).all()


def parked_job(session: Session, kind: str, key: str, *, form: Form | None = None) -> Job | None:
    """The last job of this kind, form and key if it gave up, and no other has taken its place."""
    last = sa.select(Job).where(Job.kind == kind, Job.form_id == (form.id if form else 0), Job.key == key).order_by(Job.id.desc())
    found = session.scalars(last.limit(1)).one_or_none()
    return found if found is not None and found.state is JobState.PARKED else None


def waiting_jobs(session: Session, *, limit: int = 50) -> Sequence[Job]:
    """The jobs that run or come next."""
    running = sa.case((Job.state == JobState.RUNNING, 0), else_=1)
    found = sa.select(Job).where(Job.state.in_([JobState.RUNNING, JobState.READY]))
    return session.scalars(found.order_by(running, Job.due_at, Job.id).limit(limit)).all()


def delay_after(failures: int) -> timedelta:
    """How long a job waits after its n-th failure: 5 s, 20 s, 80 s … six hours, a fifth more or less.

    Not exactly, so that what failed together does not come back together.
    """
    delay = min(FIRST_DELAY * int(4 ** min(failures - 1, 10)), LONGEST_DELAY)
    return delay * random.uniform(0.8, 1.2)


def in_words(error: BaseException) -> str:
    """An error as the System page shows it."""
    from plugdesk.errors import PlugdeskError

    said = str(error)
    words = said if isinstance(error, PlugdeskError) else f"{type(error).__name__}: {said}" if said else type(error).__name__
    return words[:ERROR_LENGTH]


def _store(insert: Any, returned: str = "id") -> Any:
    stored = insert(Job.__table__).on_conflict_do_nothing(index_elements=["kind", "form_id", "key"], index_where=_LIVE)
    return stored.returning(Job.__table__.c[returned])


# Built once: a statement with RETURNING on the mapped class costs five times as much.
_STORE: dict[str, Any] = {"sqlite": _store(sqlite.insert), "postgresql": _store(postgresql.insert)}
_STORE_EACH: dict[str, Any] = {"sqlite": _store(sqlite.insert, "key"), "postgresql": _store(postgresql.insert, "key")}
_AGAIN = (
    sa.update(Job.__table__)  # type: ignore[arg-type]
    .where(
        Job.kind == sa.bindparam("of"), Job.form_id == sa.bindparam("here"), Job.key.in_(sa.bindparam("keys", expanding=True)), _LIVE,
        Job.state == JobState.RUNNING,
    )
    .values(again_at=sa.func.coalesce(Job.again_at, sa.bindparam("at", type_=Job.__table__.c.again_at.type)))
)  # fmt: skip


def live(kind: str, form: Form | None, key: str | None) -> tuple[Any, ...]:
    """The condition of the one job with this key that is not parked."""
    return Job.kind == kind, Job.form_id == (form.id if form else 0), Job.key == key, _LIVE


def execute(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Run a change of many rows at once; returns how many. Rows the session has loaded are not looked at."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return int(result.rowcount)  # type: ignore[attr-defined]


def _move(session: Session, plugin: str, form: Form | None, before: JobState, after: JobState) -> int:
    here = (Job.plugin == plugin, Job.form_id == (form.id if form else 0), Job.state == before)
    return execute(session, sa.update(Job).where(*here).values(state=after))


def _runtime(session: Session) -> Any:
    from plugdesk.runtime import runtime_of  # the runtime knows the jobs, too

    return runtime_of(session)
