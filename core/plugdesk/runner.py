"""One thread's work: tell the news, run due jobs, hand each back with what came of it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, lazyload
from sqlalchemy.orm.exc import StaleDataError

from plugdesk import claims, deliveries
from plugdesk.claims import Claim, LeaseLost, Turns
from plugdesk.database import finish, is_lock_timeout
from plugdesk.deliveries import DeliveryClaim
from plugdesk.forms.models import Desk, Form
from plugdesk.forms.queries import know_definitions
from plugdesk.jobs import Job, Park, RetryLater, in_words, is_on, resumes_at
from plugdesk.leftovers import Leftovers
from plugdesk.plugins.loader import PAGES

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

log = logging.getLogger(__name__)
LARGEST_BATCH = 32
BATCH_SECONDS = 0.5  # what is claimed together should be done in so long; whatever is left then goes back
NOT_LOADED = timedelta(minutes=1)
COLLISION_DELAY = timedelta(seconds=1)
PATIENCE = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between tries to report to a database that is away


@dataclass
class Work:
    """What a runner is at: whoever watches may end it at `deadline` (of the monotonic clock)."""

    claim: Claim | DeliveryClaim
    deadline: float
    session: Session


class Runner:
    """Works through what is due. `stopping` is asked between two pieces of work; true ends a batch early."""

    def __init__(self, runtime: Runtime, worker: str, stopping: Callable[[], bool] = lambda: False) -> None:
        self.runtime = runtime
        self.worker = worker
        self.stopping = stopping
        self.work: Work | None = None
        self.abandoned = False
        self.done = 0
        self._lock = threading.Lock()
        self._rest: deque[Claim] = deque()
        self._batch = 1
        self._turns = Turns()
        self._leftovers = Leftovers()

    def run_round(self, limit: int | None = None) -> int:
        """Tell one batch of news per plugin and run one batch of jobs, at most `limit` of them; returns how many ended."""
        with self.runtime.database.read() as session:
            now = self.runtime.clock.now()
            news = deliveries.plugins_with_news(session, now)
            jobs = session.scalar(sa.select(Job.id).where(*claims.is_due(now)).limit(1))
        ended = sum(self._tell(plugin) for plugin in news if not self.ends())
        if (jobs is not None or ended) and not self.ends():
            ended += self.run_jobs(limit)
        return ended

    def run_jobs(self, limit: int | None = None) -> int:
        """Run one batch of due jobs, at most `limit` of them; returns how many ended."""
        with self.runtime.database.write() as session:
            batch = min(self._batch, limit or LARGEST_BATCH)
            self._rest.extend(claims.claim_jobs(session, self.runtime, self.worker, limit=batch, turns=self._turns))
        started, ran = monotonic(), 0
        try:
            while (claim := self._next(started, ran)) is not None:
                self._run(claim)
                ran += 1
        finally:
            self._leftovers.close()
        if rest := self.take_rest():
            self._report(lambda session: claims.give_back(session, rest))
        in_time = int(BATCH_SECONDS * ran / (monotonic() - started)) if ran else 1
        self._batch = max(min(self._batch * 2, in_time, LARGEST_BATCH), 1)
        self.done += ran
        return ran

    def take_rest(self) -> list[Claim]:
        """What this runner has claimed and not begun; from now on it belongs to whoever asked."""
        with self._lock:
            rest = list(self._rest)
            self._rest.clear()
        return rest

    def ends(self) -> bool:
        """Whether no further piece of work is to be begun."""
        return self.abandoned or self.stopping()

    def _tell(self, plugin: str) -> int:
        with self.runtime.database.write() as session:
            claim = deliveries.claim_deliveries(session, self.runtime, plugin)
        if claim is None:
            return 0
        session = self.runtime.database.session(write=True, patient=True)
        try:
            with self._at(claim, session):
                told = deliveries.tell(session, self.runtime, claim)
                session.commit()
        except BaseException as error:
            self._undo(session)
            self._report(partial(self._tell_failed, claim=claim, error=error))
            if not isinstance(error, Exception):
                raise
            return 0 if _is_collision(error) else len(claim.ids)
        finally:
            self._finish(session)
        self.done += told
        # Counts what was put aside, too: the round was not idle.
        return len(claim.ids)

    def _tell_failed(self, session: Session, *, claim: DeliveryClaim, error: BaseException) -> None:
        if not isinstance(error, Exception) or _is_collision(error):
            deliveries.return_untold(session, claim)
            return
        log.error("The news for %s could not be told", claim.plugin, exc_info=error)
        # Each of them uses up its try: from now on they are told one by one, and the one to blame is found.
        deliveries.put_all_aside(session, self.runtime, claim, claim.ids, in_words(error))

    def _next(self, started: float, ran: int) -> Claim | None:
        if ran and (self.ends() or monotonic() - started > BATCH_SECONDS):
            return None
        with self._lock:
            return self._rest.popleft() if self._rest else None

    def _run(self, claim: Claim) -> None:
        session = self.runtime.database.session(write=True, patient=True)
        after: Callable[[Session], Any] | None = None
        try:
            with self._at(claim, session):
                after = self._attempt(session, claim)
                session.commit()
        except LeaseLost:
            self._undo(session)
            log.warning("%s was given to another worker; what it changed is undone", claim)
        except (Exception, SystemExit) as error:  # a plugin may call exit(); the process ends by other ways
            self._undo(session)
            after = self._consequence(claim, error)
        except BaseException:
            # The process is being ended: the job goes back as if it had not been begun.
            self._undo(session)
            self._report(lambda session: claims.give_back(session, [claim]))
            raise
        finally:
            self._finish(session)
        if after is not None:
            self._report(after)

    def _attempt(self, session: Session, claim: Claim) -> Callable[[Session], Any] | None:
        """Do the job in `session`, which is to be committed then; or return what is to be written instead."""
        plugin, now = claim.plugin, self.runtime.clock.now()
        if plugin not in ("core", PAGES) and not self.runtime.registry.is_loaded(plugin):
            return lambda session: claims.postpone(session, claim, now + NOT_LOADED, "The extension is not loaded.")
        kind = claims.kind_of(self.runtime, claim.kind)
        if kind is None:
            return lambda session: claims.park(session, claim, now, f"Nothing here knows how to do “{claim.kind}”.")
        scope = self._scope(session, claim.form_id)
        if not is_on(session, plugin, scope):
            # Read anew under a lock: switched on at this moment, the job would be held for ever.
            scope = self.runtime.scope(session, claim.form_id, lock=True)
            if not is_on(session, plugin, scope):
                claims.hold(session, claim)
                return None
        if not self.runtime.executor.allows(plugin, scope):
            until = resumes_at(scope, plugin)
            return lambda session: claims.postpone(session, claim, until, "The extension is suspended.")
        session.commit()  # nothing was written: the job begins without a transaction and so without SQLite's lock
        if isinstance(scope, Form):
            know_definitions(self.runtime, scope)
        session.info["leftovers"] = self._leftovers
        session.info["checkpoint"] = lambda: self._checkpoint(session, claim)
        kind.run(self.runtime.context(plugin, scope, session, "job"), **claim.args)
        claims.complete(session, claim)
        return None

    def _scope(self, session: Session, form_id: int) -> Form | Desk:
        # Most jobs ask for neither fields nor statuses, and loading them costs more than all else here.
        found = session.execute(_PLACE, {"form_id": form_id}).one_or_none() if form_id else None
        if found is None:
            return self.runtime.scope(session, form_id)
        form, session.info["desk_row"] = found
        return form

    def _checkpoint(self, session: Session, claim: Claim) -> None:
        lease_until = claims.checkpoint(session, claim)
        if self.work is not None:
            self.work.deadline = monotonic() + (lease_until - claims.machine_now()).total_seconds()

    def _consequence(self, claim: Claim, error: BaseException) -> Callable[[Session], Any]:
        now = self.runtime.clock.now()
        if isinstance(error, RetryLater):
            return lambda session: claims.postpone(session, claim, now + timedelta(seconds=error.seconds), error.reason)
        if isinstance(error, Park):
            return lambda session: claims.park(session, claim, now, error.reason)
        log.warning("%s failed", claim, exc_info=error)
        delay = COLLISION_DELAY if _is_collision(error) else None
        return lambda session: claims.fail(session, claim, self.runtime, in_words(error), delay=delay)

    @contextmanager
    def _at(self, claim: Claim | DeliveryClaim, session: Session) -> Iterator[None]:
        self.work = Work(claim, monotonic() + claim.lease.total_seconds(), session)
        try:
            yield
        finally:
            self.work = None

    def _report(self, act: Callable[[Session], Any]) -> None:
        """Write down what came of a piece of work, also when the database is away for a moment.

        If it stays away, the lease ends and somebody takes the work back.
        """
        for pause in PATIENCE:
            sleep(pause)
            with suppress(sa.exc.OperationalError, sa.exc.InterfaceError):
                with self.runtime.database.write() as session:
                    act(session)
                return
        log.error("The database cannot be reached; what is claimed goes back when its lease ends")

    def _undo(self, session: Session) -> None:
        with suppress(sa.exc.SQLAlchemyError, Exception):  # the connection may be gone, which undoes as well
            session.rollback()

    def _finish(self, session: Session) -> None:
        try:
            finish(session)
        except Exception:
            log.exception("What was to happen after a job failed")


# The form of a job, and the desk, which nearly every job looks at.
_PLACE = (
    sa.select(Form, Desk)
    .join(Desk, Desk.id == 0)
    .where(Form.id == sa.bindparam("form_id"))
    .options(lazyload(Form.fields), lazyload(Form.statuses))
)


def _is_collision(error: BaseException) -> bool:
    """Whether somebody else was faster, and trying again soon will do."""
    if isinstance(error, StaleDataError):
        return True
    if not isinstance(error, sa.exc.OperationalError):
        return False
    return is_lock_timeout(error) or getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}
