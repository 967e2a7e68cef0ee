"""The breaker per (plugin, form): opens after failures in a row, tries once after a cool-down that doubles.

What is open stands in the form's own row (`Scope.suspended`), so that every process obeys with the next request. It is
written after the surrounding transaction has ended, in one of its own: from inside it would wait for itself, and a
rollback would forget it.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from plugdesk.database import afterwards
from plugdesk.forms.models import Desk, Form

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

OPENS_AFTER = 5
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


class Breaker:
    """Counts failures in a row in this process; what it opens and closes is kept in the database."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._failures: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    @property
    def has_failures(self) -> bool:
        return bool(self._failures)

    def allows(self, plugin: str, scope: Form | Desk) -> bool:
        """Whether `plugin` may run in `scope`: it is not suspended there, or its next try is due."""
        entry = scope.suspended.get(plugin)
        return entry is None or datetime.fromisoformat(entry["until"]) <= self._runtime.clock.now()

    def failed(self, plugin: str, scope: Form | Desk, session: Session, error: BaseException, *, at_once: bool = False) -> None:
        """Count a failure; the fifth in a row, an overrun, or a failed next try opens the breaker."""
        with self._lock:
            count = self._failures[plugin, scope.id] = self._failures.get((plugin, scope.id), 0) + 1
        if at_once or count >= OPENS_AFTER or plugin in scope.suspended:
            reason = f"{type(error).__name__}: {error}"[:500]
            scope_id = scope.id
            afterwards(session, lambda: self._open(plugin, scope_id, reason, count))

    def succeeded(self, plugin: str, scope: Form | Desk, session: Session) -> None:
        """Forget failures; a suspended plugin whose next try went well is resumed."""
        with self._lock:
            self._failures.pop((plugin, scope.id), None)
        if plugin in scope.suspended:
            scope_id = scope.id
            afterwards(session, lambda: self.resume(plugin, scope_id))

    def resume(self, plugin: str, scope_id: int) -> None:
        """Close the breaker and write it in the journal. Opens its own transaction."""
        from plugdesk.events import record

        with self._lock:
            self._failures.pop((plugin, scope_id), None)
        with self._runtime.database.write() as session:
            scope = self._runtime.scope(session, scope_id, lock=True)
            if plugin in scope.suspended:
                scope.suspended = {name: entry for name, entry in scope.suspended.items() if name != plugin}
                record(session, "extension_resumed", form=scope if isinstance(scope, Form) else None, plugin=plugin)

    def _open(self, plugin: str, scope_id: int, reason: str, count: int) -> None:
        from plugdesk.events import record

        now = self._runtime.clock.now()
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
            scope.suspended = {**scope.suspended, plugin: entry}
            if not before:
                form = scope if isinstance(scope, Form) else None
                record(session, "extension_suspended", form=form, plugin=plugin, reason=reason, failures=count)
