"""Timers: the one way to wait. A timer is a stored job with a due time, so a tick costs what is due, not what exists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk import jobs
from plugdesk.forms.models import Form
from plugdesk.jobs import Job, JobState


def set_timer(session: Session, kind: str, at: datetime, *, key: str, form: Form | None = None, **args: Any) -> None:
    """Have a job of `kind` run at the moment `at`. A timer of this kind, form and key that is set already is moved there.

    A job may set its own timer anew: it then runs again at `at`.
    """
    if jobs.store(session, kind, form=form, key=key, due_at=at, args=args) is not None:
        return
    timer = sa.update(Job).where(*jobs.live(kind, form, key)).values(args=args)
    jobs.execute(session, timer.where(Job.state != JobState.RUNNING).values(due_at=at, failures=0, error=None))
    jobs.execute(session, timer.where(Job.state == JobState.RUNNING).values(again_at=at))


def cancel_timer(session: Session, kind: str, key: str, *, form: Form | None = None) -> bool:
    """Take the timer of this kind, form and key back. False: none was set."""
    return jobs.cancel(session, kind, key, form=form)
