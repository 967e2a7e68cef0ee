"""What bots are told: updates waiting until they are confirmed, replaced by nothing after a day.

https://core.telegram.org/bots/api#getting-updates
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

DAY = 24 * 60 * 60  # seconds an update waits
CALLBACK_LIVES = 150  # seconds; a press nobody fetched in that time is gone
KEPT = 10_000  # told updates that can be told again

KINDS = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result"),
    *("callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member", "chat_member"),
    *("chat_join_request", "chat_boost", "removed_chat_boost", "message_reaction", "message_reaction_count"),
    *("business_connection", "business_message", "edited_business_message", "deleted_business_messages"),
    *("purchased_paid_media",),
)
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
DEFAULT = frozenset(KINDS) - ON_REQUEST


@dataclass(frozen=True, eq=False)
class Update:
    """One update, as JSON. Webhooks keep the order of updates of one `queue`; `expires` is in unix seconds."""

    id: int
    kind: str
    body: dict[str, Any] = field(repr=False)
    queue: Hashable
    expires: float

    @property
    def json(self) -> dict[str, Any]:
        """As a bot receives it."""
        return {"update_id": self.id, **self.body}


class UpdateQueue:
    """The updates of one bot. Numbers rise by one; nothing in here is locked."""

    def __init__(self, first: int) -> None:
        self.allowed: frozenset[str] = DEFAULT
        self._numbers = itertools.count(first)
        self._last = first - 1
        self._waiting: dict[int, Update] = {}
        self._again: list[Update] = []
        self._told: dict[int, Update] = {}

    def add(self, kind: str, body: dict[str, Any], queue: Hashable, expires: float) -> Update:
        """A new update, waiting."""
        update = Update(next(self._numbers), kind, body, queue, expires)
        self._last = update.id
        self._waiting[update.id] = update
        self._told[update.id] = update
        while len(self._told) > KEPT:
            del self._told[next(iter(self._told))]
        return update

    def replay(self, update_id: int) -> Update | None:
        """Tells an update once more, whether confirmed or not; None when it never was one of this bot."""
        update = self._told.get(update_id)
        if update:
            self._again.append(update)
        return update

    def of(self, offset: int, limit: int, now: float) -> list[Update]:
        """What `getUpdates` gives: confirms all before a positive offset; a negative one keeps only that many of the last."""
        self._expire(now)
        if offset < 0:
            for number in list(self._waiting)[:offset]:
                del self._waiting[number]
        elif offset <= self._last + 10:  # a number from the future confirms nothing
            for number in [number for number in self._waiting if number < offset]:
                del self._waiting[number]
        found = [*self._again, *self._waiting.values()][:limit]
        self._again = self._again[len(found) :]
        return found

    def done(self, update: Update) -> None:
        """A webhook has taken it."""
        if update in self._again:
            self._again.remove(update)
        else:
            self._waiting.pop(update.id, None)

    def waiting(self, now: float) -> list[Update]:
        """All that wait, oldest first."""
        self._expire(now)
        return [*self._again, *self._waiting.values()]

    def clear(self) -> None:
        """Forgets what waits."""
        self._waiting.clear()
        self._again.clear()

    def allow(self, wanted: str) -> None:
        """Takes `allowed_updates` as it came: absent or nonsense keeps the last setting, an empty list is the default."""
        try:
            kinds = json.loads(wanted)
        except ValueError:
            return
        if isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds):
            self.allowed = frozenset(kind.lower() for kind in kinds) & frozenset(KINDS) or DEFAULT

    def _expire(self, now: float) -> None:
        for update in list(self._waiting.values()):
            if update.expires <= now:
                del self._waiting[update.id]


def in_order(kinds: Iterable[str]) -> list[str]:
    """The kinds of update in the order the documentation gives them."""
    return [kind for kind in KINDS if kind in set(kinds)]
