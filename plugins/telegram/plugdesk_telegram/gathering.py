"""Calls of Telegram that come at the same moment are stored in one transaction: a commit costs as much for one as for fifty.

Whoever comes first stores what has gathered meanwhile, the others wait for it. A call is answered after the commit.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session, lazyload

from plugdesk.api import Form, Runtime
from plugdesk_telegram.intake import keep_one
from plugdesk_telegram.models import Bot, Mode
from plugdesk_telegram.webhooks import is_from_telegram

log = logging.getLogger(__name__)
MOST = 100  # calls in one transaction
SAID_EVERY = 60.0  # seconds; whoever knocks all day must not fill the log
# Without the form's fields and statuses: they are asked for at every update, and used at none.
_BOTS = (
    sa.select(Bot, Form).join(Form, Form.id == Bot.form_id).where(Bot.key.in_(sa.bindparam("keys", expanding=True)))
    .options(lazyload(Form.fields), lazyload(Form.statuses))
)  # fmt: skip
_said: dict[str, float] = {}


@dataclass(eq=False)
class Call:
    """A call, and what it is answered: an HTTP status, or why it could not be stored."""

    key: str
    secret: str
    body: bytes
    status: int = 0
    error: Exception | None = None


class Gatherer:
    """Stores the calls of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: deque[Call] = deque()
        self._lock = Lock()

    def answer(self, call: Call) -> int:
        """Store the call's update, with others; its status once that is committed. Raises what storing it alone raises."""
        self._waiting.append(call)
        with self._lock:
            while not call.status and call.error is None:
                self._store([self._waiting.popleft() for _number in range(min(len(self._waiting), MOST))])
        if call.error is not None:
            raise call.error
        return call.status

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
    """404 where there is no such bot or Telegram is off, 410 where the form is archived, 403 without the secret, 400 for no update."""
    found = {bot.key: (bot, form) for bot, form in session.execute(_BOTS, {"keys": list({each.key for each in calls})})}
    return [_keep_call(runtime, session, call, *found[call.key]) if call.key in found else 404 for call in calls]


def _keep_call(runtime: Runtime, session: Session, call: Call, bot: Bot, form: Form) -> int:
    if not form.has("telegram") or bot.mode is not Mode.WEBHOOK:
        return _refuse(404, "An update for @%s was refused: Telegram is off on the form “%s”", bot, form)
    if form.archived_at is not None:
        return _refuse(410, "An update for @%s was refused: the form “%s” is archived", bot, form)
    ctx = runtime.context("telegram", form, session)
    if not is_from_telegram(ctx, bot, call.secret):
        return _refuse(403, "A call for @%s without Telegram's secret was refused (form “%s”)", bot, form)
    try:
        text = call.body.decode()
        update = json.loads(text)
    except (ValueError, RecursionError):  # a thousand brackets within one another are JSON, too
        return 400
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        return 400
    keep_one(ctx, bot, update, text)
    return 200


def _refuse(status: int, words: str, bot: Bot, form: Form) -> int:
    now, key = monotonic(), f"{bot.id} {words}"
    if now - _said.get(key, -SAID_EVERY) >= SAID_EVERY:
        _said[key] = now
        log.warning(words, bot.username, form.name)
    return status
