"""Claims: a worker takes due jobs for a while, and hands each back done, failed or untouched.

A claim is committed before its job runs, so a job that takes its process along has still used up a try. Whoever ends a
job must still hold the try it began; a worker that comes back from the dead changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.contributions import JobKind
from plugdesk.jobs import ERROR_LENGTH, Job, JobState, delay_after, execute
from plugdesk.recurring import pace_of, work_of

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

WINDOW = 64  # as many due jobs are looked at to choose fairly; with more than that every form's first is looked for
FORMS_AT_ONCE = 500
LOOK_AROUND = 1.0  # seconds between looks over a whole backlog for forms that wait behind another's flood
UNKNOWN_LEASE = timedelta(minutes=5)
BATCH_SLACK = timedelta(seconds=10)  # a claim's jobs run one after the other; see `Runner.run_jobs`


class LeaseLost(Exception):
    """The job was given to somebody else meanwhile: nothing of this run may be committed."""


@dataclass(frozen=True)
class Claim:
    """One try of one job that a worker holds until its lease ends."""

    id: int
    tries: int
    kind: str
    plugin: str
    form_id: int
    args: dict[str, Any]
    failures: int
    due_at: datetime
    lease: timedelta

    def __str__(self) -> str:
        return f"{self.kind} (job {self.id})"


@dataclass
class Turns:
    """What one worker remembers to serve forms in turn: when it served each last, and who waits behind a flood."""

    served: dict[int, int] = field(default_factory=dict)
    waiting: list[Any] = field(default_factory=list)
    looked_at: float = 0.0


def machine_now() -> datetime:
    """The machine's own time, in which leases are counted, whatever the desk's clock says."""
    return datetime.now(UTC)


def is_due(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition of jobs that may run at `now`, a moment of the desk's clock."""
    return Job.state == JobState.READY, Job.due_at <= now


def claim_jobs(session: Session, runtime: Runtime, worker: str, *, limit: int, turns: Turns) -> list[Claim]:
    """Take up to `limit` due jobs, forms in turn; commits nothing.

    A job that has failed is taken alone: if it takes the process along, nobody else's try is lost with it.
    """
    chosen = _in_turn(_candidates(session, runtime.clock.now(), turns), limit, turns.served)
    if chosen and chosen[0].failures:
        chosen = chosen[:1]
    chosen = [row for row in chosen if not row.failures or row is chosen[0]]
    taken = {row.id for row in chosen}
    turns.waiting = [row for row in turns.waiting if row.id not in taken]
    claims: list[Claim] = []
    leases = {row.kind: _lease(runtime, row.kind) for row in chosen}
    for lease in set(leases.values()):
        claims += _take(session, worker, [row.id for row in chosen if leases[row.kind] == lease], lease)
    for claim in claims:
        turns.served[claim.form_id] = max(turns.served.values(), default=0) + 1
    return sorted(claims, key=lambda claim: claim.due_at)


def checkpoint(session: Session, claim: Claim) -> datetime:
    """Commit what the job has done so far and go on without an open transaction. Raises `LeaseLost`.

    The lease begins anew when half of it is gone; returns when it ends. What waited for the end of the transaction
    happens now.
    """
    lease_until = session.scalar(_LEASE, {"held_id": claim.id, "held_tries": claim.tries})
    if lease_until is None:
        session.rollback()
        raise LeaseLost(str(claim))
    if lease_until - machine_now() < claim.lease / 2:
        lease_until = machine_now() + claim.lease
        _update(session, claim, lease_until=lease_until)
    session.commit()
    session.info.pop("nudged", None)
    for act in session.info.pop("afterwards", []):
        act()
    return lease_until


def complete(session: Session, claim: Claim) -> None:
    """The job is done: its row goes, or waits for the next time if it was asked for again. Raises `LeaseLost`."""
    done = session.execute(_DONE, {"held_id": claim.id, "held_tries": claim.tries})
    if done.rowcount:  # type: ignore[attr-defined]
        return
    again = {"state": JobState.READY, "due_at": Job.again_at, "again_at": None, "failures": 0, "error": None, **_FREE}
    if not _update(session, claim, **again):
        raise LeaseLost(str(claim))


def postpone(session: Session, claim: Claim, until: datetime, reason: str) -> None:
    """The job waits until a moment of the desk's clock; that is no failure."""
    _update(session, claim, state=JobState.READY, due_at=until, error=reason[:ERROR_LENGTH] or None, **_FREE)


def hold(session: Session, claim: Claim) -> None:
    """The job's extension is off: it waits until that is on again."""
    _update(session, claim, state=JobState.HELD, **_FREE)


def park(session: Session, claim: Claim, now: datetime, reason: str) -> None:
    """The job waits on the System page for a person."""
    _update(
        session, claim, state=JobState.PARKED, error=reason[:ERROR_LENGTH], finished_at=now, failures=claim.failures + 1, **_FREE
    )


def fail(session: Session, claim: Claim, runtime: Runtime, reason: str, *, delay: timedelta | None = None) -> bool:
    """Count a failure: the job waits, longer each time, or is parked after its last. Returns whether it was parked."""
    failures, now = claim.failures + 1, runtime.clock.now()
    if failures >= max_tries(runtime, claim.kind):
        park(session, claim, now, reason)
        return True
    due = now + (delay or longest(runtime, claim.kind, delay_after(failures)))
    _update(session, claim, state=JobState.READY, due_at=due, error=reason[:ERROR_LENGTH], failures=failures, **_FREE)
    return False


def give_back(session: Session, claims: Iterable[Claim]) -> None:
    """Return claims that were not begun, or were ended by a stop: they are due as before, and no failure is counted."""
    for claim in claims:
        _update(session, claim, state=JobState.READY, **_FREE)


def take_back(session: Session, runtime: Runtime, dead: Sequence[str]) -> int:
    """Take jobs from workers that died or whose lease has ended; that counts as a failure. Returns how many."""
    gone = sa.or_(Job.lease_until < machine_now(), Job.worker.in_(dead))
    lost = session.scalars(sa.select(Job).where(Job.state == JobState.RUNNING, gone).with_for_update(skip_locked=True)).all()
    for job in lost:
        claim = _claim(job, timedelta())
        fail(session, claim, runtime, "The worker ended, or did not come to an end within the lease, before the job was done.")
    return len(lost)


def max_tries(runtime: Runtime, kind: str) -> int:
    found = kind_of(runtime, kind)
    return found.max_tries if found else 8


def longest(runtime: Runtime, kind: str, delay: timedelta) -> timedelta:
    """`delay`, but not longer than the pace of recurring work."""
    pace = pace_of(runtime, kind)
    return min(delay, pace) if pace else delay


def kind_of(runtime: Runtime, kind: str) -> JobKind | None:
    """What `kind` stands for: a job of the core or a plugin, or the work behind a recurring timer."""
    return runtime.registry.job(kind) or work_of(runtime, kind)


def _candidates(session: Session, now: datetime, turns: Turns) -> list[Any]:
    session.flush()  # what was enqueued a moment ago is due, too
    found = list(session.connection().execute(_DUE, {"now": now, "most": WINDOW}))
    if len(found) < WINDOW:
        turns.waiting = []
        return found
    if monotonic() - turns.looked_at > LOOK_AROUND:
        firsts = sa.select(sa.func.min(Job.id)).where(*is_due(now)).group_by(Job.form_id).limit(FORMS_AT_ONCE)
        turns.waiting = list(session.execute(sa.select(*_CANDIDATE).where(_job.c.id.in_(firsts))))
        turns.looked_at = monotonic()
    known = {row.id for row in found}
    return found + [row for row in turns.waiting if row.id not in known]


def _in_turn(candidates: list[Any], limit: int, served: dict[int, int]) -> list[Any]:
    """One job of each form, the form served longest ago first; then the second of each, and so on."""
    forms: dict[int, list[Any]] = {}
    for row in candidates:
        forms.setdefault(row.form_id, []).append(row)
    order = sorted(forms, key=lambda form_id: served.get(form_id, 0))
    rounds = max((len(rows) for rows in forms.values()), default=0)
    return [forms[form_id][turn] for turn in range(min(rounds, limit)) for form_id in order if turn < len(forms[form_id])][:limit]


def _take(session: Session, worker: str, ids: list[int], lease: timedelta) -> list[Claim]:
    now = machine_now()
    held = {"ids": ids, "by": worker, "until": now + lease + BATCH_SLACK, "now": now}
    return [_claim(row, lease) for row in session.connection().execute(_TAKE, held)]


def _claim(job: Any, lease: timedelta) -> Claim:
    return Claim(job.id, job.tries, job.kind, job.plugin, job.form_id, job.args, job.failures, job.due_at, lease)


def _lease(runtime: Runtime, kind: str) -> timedelta:
    found = kind_of(runtime, kind)
    return found.lease if found else UNKNOWN_LEASE


def _held(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return Job.id == claim.id, Job.tries == claim.tries, Job.state == JobState.RUNNING


_job = cast(sa.Table, Job.__table__)
# Built once: every job needs them, and building such a statement costs more than running it.
_THIS = (
    _job.c.id == sa.bindparam("held_id"),
    _job.c.tries == sa.bindparam("held_tries"),
    _job.c.state == JobState.RUNNING,
)
_CANDIDATE = (_job.c.id, _job.c.form_id, _job.c.kind, _job.c.failures)
_DUE = (
    sa.select(*_CANDIDATE)
    .where(_job.c.state == JobState.READY, _job.c.due_at <= sa.bindparam("now"))
    .order_by(_job.c.due_at, _job.c.id)
    .limit(sa.bindparam("most"))
)
# Said the long way round: by `state = 'ready'` SQLite would go through all that wait instead of the few ids.
_STILL_READY = _job.c.state.not_in([state for state in JobState if state is not JobState.READY])
_FREE_NOW = sa.select(_job.c.id).where(_job.c.id.in_(sa.bindparam("ids", expanding=True)), _STILL_READY)
_TAKE = (
    sa.update(_job)
    .where(_job.c.id.in_(_FREE_NOW.with_for_update(skip_locked=True)))
    .values(
        state=JobState.RUNNING,
        tries=_job.c.tries + 1,
        worker=sa.bindparam("by"),
        lease_until=sa.bindparam("until", type_=_job.c.lease_until.type),
        started_at=sa.bindparam("now", type_=_job.c.started_at.type),
    )
    .returning(_job.c.id, _job.c.tries, _job.c.kind, _job.c.plugin, _job.c.form_id, _job.c.args, _job.c.failures, _job.c.due_at)
)
_DONE = sa.delete(_job).where(*_THIS, _job.c.again_at.is_(None))
_LEASE = sa.select(_job.c.lease_until).where(*_THIS).with_for_update()
_FREE: dict[str, Any] = {"lease_until": None, "worker": None}


def _update(session: Session, claim: Claim, **values: Any) -> int:
    return execute(session, sa.update(Job).where(*_held(claim)).values(**values))
