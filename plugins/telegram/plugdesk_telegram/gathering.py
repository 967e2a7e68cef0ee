"""Calls of Telegram that come at the same moment are stored in one transaction: a commit costs as much for one as for fifty.

Whoever comes first stores; the next one stores what has gathered meanwhile. A call is answered after the commit.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session, lazyload

from plugdesk.api import Form, Runtime
from plugdesk_telegram.intake import is_update, keep
from plugdesk_telegram.models import Bot, Mode
from plugdesk_telegram.webhooks import is_secret, secret_of

log = logging.getLogger(__name__)
MOST = 100  # calls in one transaction
SAID_EVERY = 60.0  # seconds; whoever knocks all day must not fill the log
# Without the form's fields and statuses: they are asked for at every update, and used at none.
_BOTS = (
    sa.select(Bot, Form).join(Form, Form.id == Bot.form_id).where(Bot.key.in_(sa.bindparam("keys", expanding=True)))
    .options(lazyload(Form.fields), lazyload(Form.statuses))
)  # fmt: skip
_said: dict[str, float] = {}


def _held() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class Call:
    """A call, and what it is answered: an HTTP status, or why it could not be stored."""

    key: str
    secret: str
    body: bytes
    status: int = 0
    error: Exception | None = None
    turn: Lock = field(default_factory=_held)
    """Held until the call is stored, or it is its turn to store."""


class Gatherer:
    """Stores the calls of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: deque[Call] = deque()
        self._is_storing = False
        self._lock = Lock()

    def answer(self, call: Call) -> int:
        """Store the call's update, with others; its status once that is committed. Raises what storing it alone raises."""
        with self._lock:
            self._waiting.append(call)
            waits, self._is_storing = self._is_storing, True
        if waits:
            call.turn.acquire()
        if not call.status and call.error is None:
            self._store_what_waits()
        if call.error is not None:
            raise call.error
        return call.status

    def _store_what_waits(self) -> None:
        """Store the oldest calls, the caller's first among them; then it is the turn of the oldest that has come meanwhile."""
        with self._lock:
            calls = [self._waiting.popleft() for _number in range(min(len(self._waiting), MOST))]
        try:
            self._store(calls)
        except BaseException:  # the process is told to end: nobody is left waiting
            for call in calls[1:]:
                call.error = RuntimeError("The call was not stored: the process that was to store it ends.")
            raise
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_storing = following is not None
            if following is not None:
                following.turn.release()
            for call in calls[1:]:
                call.turn.release()

    def _store(self, calls: Sequence[Call]) -> None:
        try:
            with self._runtime.database.write() as session:
                statuses = _keep(self._runtime, session, calls)
        except Exception as error:
            if len(calls) > 1:
                for each in calls:  # one of them may be to blame for all
                    self._store([each])
            else:
                calls[0].error = error
            return
        for call, status in zip(calls, statuses, strict=True):
            call.status = status


def gatherer_of(runtime: Runtime) -> Gatherer:
    """The one of this process."""
    with _making:
        return _gatherers.setdefault(runtime, Gatherer(runtime))


_gatherers: WeakKeyDictionary[Runtime, Gatherer] = WeakKeyDictionary()
_making = Lock()


def _keep(runtime: Runtime, session: Session, calls: Sequence[Call]) -> list[int]:
    """Store the updates of those that prove themselves; what each is answered."""
    found = session.execute(_BOTS, {"keys": list({each.key for each in calls})})
    bots = {bot.key: (bot, form, runtime.context("telegram", form, session)) for bot, form in found}
    secrets = {key: secret_of(ctx, bot) for key, (bot, _form, ctx) in bots.items()}
    statuses, proved = list[int](), dict[str, list[tuple[dict[str, Any], str]]]()
    for call in calls:
        bot, form, _ctx = bots.get(call.key, (None, None, None))
        status = _status(call, bot, form, secrets[call.key]) if bot and form else 404
        if status == 200:
            text = call.body.decode("utf-8", "replace")
            update = _read(text)
            status = 200 if is_update(update) else 400
            if status == 200:
                proved.setdefault(call.key, []).append((update, text))
        statuses.append(status)
    for key, updates in proved.items():
        bot, _form, ctx = bots[key]
        keep(ctx, bot, updates)
    return statuses


def _status(call: Call, bot: Bot, form: Form, secret: str) -> int:
    """404 where Telegram is off or fetches for this bot, 410 where the form is archived, 403 without the secret, else 200."""
    if not form.has("telegram") or bot.mode is not Mode.WEBHOOK:
        return _refuse(404, "An update for @%s was refused: Telegram is off on the form “%s”", bot, form)
    if form.archived_at is not None:
        return _refuse(410, "An update for @%s was refused: the form “%s” is archived", bot, form)
    if not is_secret(secret, call.secret):
        return _refuse(403, "A call for @%s without Telegram's secret was refused (form “%s”)", bot, form)
    return 200


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # a thousand brackets within one another are JSON, too
        return None


def _refuse(status: int, words: str, bot: Bot, form: Form) -> int:
    now, key = monotonic(), f"{bot.id} {words}"
    if now - _said.get(key, -SAID_EVERY) >= SAID_EVERY:
        _said[key] = now
        log.warning(words, bot.username, form.name)
    return status
