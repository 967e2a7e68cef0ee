"""Playing a story on a desk: opening and founding one, a clock that is moved, and what a change causes done at once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk import claims, deliveries
from plugdesk.claims import Claim
from plugdesk.clock import MovableClock
from plugdesk.forms.models import Form
from plugdesk.jobs import Job, JobState
from plugdesk.opening import open_runtime
from plugdesk.runtime import Runtime, runtime_of
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator

__all__ = [
    "MovableClock", "Settings", "create_desk", "first_administrator", "follow_up", "lay_aside", "open_runtime", "pass_time", "take_up",
]  # fmt: skip

AT_ONCE = 50


def follow_up(session: Session) -> int:
    """Tell the news and run the jobs that this transaction has caused, in it; returns how many. Commits nothing.

    No worker ever sees them, so that what is played happens together with all it causes, or not at all. Only what is due
    on the desk's clock is done: a clock in the past leaves the work of the present to the workers. A job that wants to
    commit half-way goes on without; one that fails fails the transaction, news that fail are put aside for a worker.
    """
    runtime, ended = runtime_of(session), 0
    session.info["checkpoint"] = session.flush
    while session.info.pop("nudged", False):
        session.flush()  # what was recorded and enqueued, to be found below
        for plugin in deliveries.plugins_with_news(session, runtime.clock.now()):
            ended += _tell(session, runtime, plugin)
        session.info.pop("nudged", None)
        while due := claims.claim_jobs(session, runtime, "played", limit=AT_ONCE, turns=claims.Turns()):
            for claim in due:
                _run(session, runtime, claim)
            ended += len(due)
            if len(due) < AT_ONCE:
                break
    return ended


def pass_time(session: Session, until: datetime) -> None:
    """Move the desk's clock on to `until`; what waits for a moment on the way is done at its moment, as by `follow_up`."""
    runtime = runtime_of(session)
    clock, next_one = runtime.clock, sa.select(sa.func.min(Job.due_at)).where(Job.state == JobState.READY)
    assert isinstance(clock, MovableClock), "Only a clock that can be moved passes time."
    while (at := session.scalar(next_one)) is not None and at <= until:
        clock.set(max(at, clock.now()))
        runtime.nudge(session)
        follow_up(session)
    clock.set(until)


def lay_aside(session: Session) -> None:
    """Keep what waits for a later moment of the story from the workers, to whom that moment is long past."""
    _move(session, JobState.READY, JobState.HELD)


def take_up(session: Session) -> None:
    """What was laid aside waits for its moment again: at the beginning of the next part, and when the story has ended."""
    _move(session, JobState.HELD, JobState.READY)


def _move(session: Session, state: JobState, to: JobState) -> None:
    of_the_story = sa.update(Job).where(Job.state == state, Job.created_at <= runtime_of(session).clock.now())
    session.execute(of_the_story.values(state=to).execution_options(synchronize_session=False))


def _tell(session: Session, runtime: Runtime, plugin: str) -> int:
    ended = 0
    while (news := deliveries.claim_deliveries(session, runtime, plugin)) is not None:
        told = deliveries.tell(session, runtime, news)
        ended += told
        if told == len(news.ids) < deliveries.BATCH:
            break
    return ended


def _run(session: Session, runtime: Runtime, claim: Claim) -> None:
    kind = claims.kind_of(runtime, claim.kind)
    if kind is None:
        raise LookupError(f"Nothing here knows how to do “{claim.kind}”.")
    scope = session.get(Form, claim.form_id) or runtime.desk(session)
    kind.run(runtime.context(claim.plugin, scope, session, "job"), **claim.args)
    claims.complete(session, claim)
