"""Recurring work: a row per timer says when it is next due; whoever moves that moment on stores the jobs that do it.

The row is the lease: it is moved in the transaction that stores the jobs, so that however many processes tick, each
turn happens once. The jobs have all that other jobs have: leases, tries, fairness, and they wait where the extension
is off. One that fails goes on trying at its timer's pace and is never parked.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk.contributions import JobKind, Timer
from plugdesk.database import Base
from plugdesk.forms.models import Desk, Form
from plugdesk.jobs import is_on, store

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

MARK = "every/"  # a job kind of its own, so that a timer and a job of one plugin may share a name


class Recurring(Base):
    """When a timer is next due. `name` is `plugin:every/timer`."""

    __tablename__ = "recurring"

    name: Mapped[str] = mapped_column(primary_key=True)
    next_due: Mapped[datetime]
    last_at: Mapped[datetime | None]


def enqueue_recurring(session: Session, runtime: Runtime) -> int:
    """Store the jobs of every timer that is due and move its row on; returns how many jobs. Commits nothing.

    A timer that was missed for days runs once. Before the desk is set up nothing recurs.
    """
    desk = session.get(Desk, 0)
    timers = _timers(runtime)
    if desk is None or not timers:
        return 0
    now = runtime.clock.now()
    known = {row.name: row for row in session.scalars(sa.select(Recurring).with_for_update(skip_locked=True))}
    every_name = set(session.scalars(sa.select(Recurring.name)))
    stored = 0
    for name, (plugin, timer) in timers.items():
        row = known.get(name)
        if row is None:
            if name in every_name or not _begin(session, name, timer, now):
                continue
        elif not _is_due(row.next_due, timer, now):
            continue
        else:
            row.next_due, row.last_at = now + timer.every, now
        stored += _store(session, desk, name, plugin, timer)
    return stored


def recurring_is_due(session: Session, runtime: Runtime) -> bool:
    """Whether `enqueue_recurring` would find something to do: a query over a row per timer, cheap enough for every tick."""
    timers = _timers(runtime)
    if not timers or session.get(Desk, 0) is None:
        return False
    now = runtime.clock.now()
    known = {name: due for name, due in session.execute(sa.select(Recurring.name, Recurring.next_due))}
    return any(name not in known or _is_due(known[name], timer, now) for name, (_plugin, timer) in timers.items())


def work_of(runtime: Runtime, kind: str) -> JobKind | None:
    """The job kind behind a timer's name, if `kind` is one."""
    timer = _timer(runtime, kind)
    if timer is None:
        return None
    return JobKind(timer.name, timer.run, max_tries=sys.maxsize)


def pace_of(runtime: Runtime, kind: str) -> timedelta | None:
    """How often the recurring work called `kind` runs; None for any other job."""
    timer = _timer(runtime, kind)
    return timer.every if timer else None


def _timers(runtime: Runtime) -> dict[str, tuple[str, Timer]]:
    return {f"{plugin}:{MARK}{timer.name}": (plugin, timer) for plugin, timer in runtime.registry.timers}


def _timer(runtime: Runtime, kind: str) -> Timer | None:
    plugin, _, name = kind.partition(":")
    if not name.startswith(MARK):
        return None
    wanted = name.removeprefix(MARK)
    return next((timer for owner, timer in runtime.registry.timers if owner == plugin and timer.name == wanted), None)


def _is_due(next_due: datetime, timer: Timer, now: datetime) -> bool:
    # The second case: the clock was ahead when the row was written, and has been put back since.
    return next_due <= now or next_due > now + 2 * timer.every


def _begin(session: Session, name: str, timer: Timer, now: datetime) -> bool:
    """Write the row of a timer seen for the first time; False when another process was faster."""
    try:
        with session.begin_nested():
            session.add(Recurring(name=name, next_due=now + timer.every, last_at=now))
    except sa.exc.IntegrityError:
        return False
    return True


def _store(session: Session, desk: Desk, name: str, plugin: str, timer: Timer) -> int:
    if timer.per == "desk":
        on = is_on(session, plugin, desk)
        return int(on and store(session, name, form=None, key="0", due_at=None, args={}) is not None)
    forms = session.scalars(sa.select(Form).where(Form.archived_at.is_(None)).order_by(Form.id)).all()
    on_here = [form for form in forms if is_on(session, plugin, form)]
    return sum(store(session, name, form=form, key="0", due_at=None, args={}) is not None for form in on_here)
