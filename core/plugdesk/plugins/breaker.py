"""The breaker per (plugin, form): opens after failures in a row, tries once after a cool-down that doubles.

What is open stands in the form's own row (`Scope.suspended`), so that every process obeys with the next request. It is
written after the surrounding transaction has ended, in one of its own: from inside it would wait for itself, and a
rollback would forget it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.database import afterwards
from plugdesk.forms.models import Desk, Form
from plugdesk.plugins.failures import in_words

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime
    from plugdesk.users.models import User

OPENS_AFTER = 5
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
TRY_SECONDS = 60.0  # after which a try that never ended keeps nobody else from trying

log = logging.getLogger(__name__)


class _Try(NamedTuple):
    """Who tries a suspended extension: after which pause, in which thread, since when by the monotonic clock."""

    until: str
    thread: int
    at: float


class Breaker:
    """Counts failures in a row in this process; what it opens and closes is kept in the database."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._failures: dict[tuple[str, int], int] = {}
        self._tries: dict[tuple[str, int], _Try] = {}
        self._lock = threading.Lock()

    @property
    def has_failures(self) -> bool:
        return bool(self._failures)

    def allows(self, plugin: str, scope: Form | Desk) -> bool:
        """Whether `plugin` may run in `scope`: it is not suspended there, or its next try is due and nobody else is at it.

        The first thread that asks after the pause has the try; to the others the extension stays suspended until it ended.
        """
        entry = scope.suspended.get(plugin)
        if entry is None:
            return True
        if datetime.fromisoformat(entry["until"]) > self._runtime.clock.now():
            return False
        mine = _Try(entry["until"], threading.get_ident(), monotonic())
        with self._lock:
            known = self._tries.get((plugin, scope.id))
            if (
                known is not None
                and known.until == mine.until
                and known.thread != mine.thread
                and mine.at - known.at < TRY_SECONDS
            ):
                return False
            self._tries[plugin, scope.id] = mine
        return True

    def failed(self, plugin: str, scope: Form | Desk, session: Session, error: BaseException, *, at_once: bool = False) -> None:
        """Count a failure; the fifth in a row, an overrun, or a failed next try opens the breaker."""
        with self._lock:
            count = self._failures[plugin, scope.id] = self._failures.get((plugin, scope.id), 0) + 1
        if at_once or count >= OPENS_AFTER or plugin in scope.suspended:
            reason, scope_id = in_words(error), scope.id
            afterwards(session, lambda: self._later(self._open, plugin, scope_id, reason, count))

    def succeeded(self, plugin: str, scope: Form | Desk, session: Session) -> None:
        """Forget failures; a suspended plugin whose next try went well is resumed."""
        with self._lock:
            self._failures.pop((plugin, scope.id), None)
        if plugin in scope.suspended:
            scope_id = scope.id
            afterwards(session, lambda: self._later(self.resume, plugin, scope_id))

    def resume(self, plugin: str, scope_id: int, *, by: User | None = None) -> None:
        """Close the breaker and write it in the journal. Opens its own transaction. `by` is who pressed *Try now*."""
        from plugdesk.events import record

        with self._lock:
            self._failures.pop((plugin, scope_id), None)
        with self._runtime.database.write() as session:
            scope = self._runtime.scope(session, scope_id, lock=True)
            if plugin in scope.suspended:
                _write(session, scope, {name: entry for name, entry in scope.suspended.items() if name != plugin})
                record(session, "extension_resumed", form=scope if isinstance(scope, Form) else None, actor=by, plugin=plugin)

    def _later(self, act: Callable[..., None], *args: Any) -> None:
        """After the page's own transaction: whatever goes wrong here must not become the page's error."""
        try:
            act(*args)
        except Exception:
            log.exception("The breaker of %s could not be written", args[0])

    def _open(self, plugin: str, scope_id: int, reason: str, count: int) -> None:
        from plugdesk.events import record

        now = self._runtime.clock.now()
        with self._lock:
            self._failures.pop((plugin, scope_id), None)  # after the pause they are counted anew
        with self._runtime.database.write() as session:
            scope = self._runtime.scope(session, scope_id, lock=True)
            before: dict[str, Any] = scope.suspended.get(plugin, {})
            if before and datetime.fromisoformat(before["until"]) > now:
                return
            tries = int(before.get("tries", 0)) + 1
            pause = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)
            entry = {
                "since": before.get("since", now.isoformat()),
                "until": (now + pause).isoformat(),
                "reason": reason,
                "failures": count,
                "tries": tries,
            }
            _write(session, scope, {**scope.suspended, plugin: entry})
            if not before:
                form = scope if isinstance(scope, Form) else None
                record(session, "extension_suspended", form=form, plugin=plugin, reason=reason, failures=count)


def _write(session: Session, scope: Form | Desk, suspended: dict[str, Any]) -> None:
    # Past the row's version: an admin who is editing the form at this moment has changed nothing of this.
    session.execute(sa.update(type(scope)).where(type(scope).id == scope.id).values(suspended=suspended))
