"""How fast bots may send, when it is switched on.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from plugdesk.clock import Clock
from plugdesk.testing.messenger.bots import Bot
from plugdesk.testing.messenger.chats import Chat
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.refusals import too_many


@dataclass
class _Bucket:
    """Fills by `rate` a second up to `size`; a message takes one."""

    rate: float
    size: float
    level: float
    at: float

    def fill(self, now: float) -> None:
        self.level = min(self.size, self.level + max(0.0, now - self.at) * self.rate)
        self.at = now

    def wait(self, wanted: int) -> float:
        """Seconds until so many can be taken; a bucket that is full gives also what is larger than itself."""
        return max(0.0, (min(wanted, self.size) - self.level) / self.rate)


class Rates:
    """Telegram promises no exact numbers: these are the ones it names. Off until `limit` is called."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: tuple[float, float, float, float] | None = None
        self._buckets: dict[tuple[str, int, int], _Bucket] = {}

    def limit(self, *, per_chat: float, burst: int, per_bot: float, per_group_minute: float) -> None:
        """Switches the limits on, with full buckets."""
        self._limits = per_chat, burst, per_bot, per_group_minute
        self._buckets.clear()

    def unlimit(self) -> None:
        """Switches them off."""
        self._limits = None

    def spend(self, bot: Bot, chat: Chat, messages: int = 1) -> None:
        """Counts messages of a bot to a chat. Raises Refused with `retry_after` when there are too many; then none counts."""
        if self._limits is None:
            return
        per_chat, burst, per_bot, per_group = self._limits
        buckets = [
            self._bucket(("bot", bot.id, 0), per_bot, per_bot),
            self._bucket(("chat", bot.id, chat.id), per_chat, burst),
        ]
        if isinstance(chat, Group):
            buckets.append(self._bucket(("group", bot.id, chat.id), per_group / 60, per_group))
        seconds = max(bucket.wait(messages) for bucket in buckets)
        if seconds > 0:
            raise too_many(math.ceil(seconds))
        for bucket in buckets:
            bucket.level -= messages

    def _bucket(self, key: tuple[str, int, int], rate: float, size: float) -> _Bucket:
        now = self._clock.now().timestamp()
        bucket = self._buckets.setdefault(key, _Bucket(rate, size, size, now))
        bucket.fill(now)
        return bucket
