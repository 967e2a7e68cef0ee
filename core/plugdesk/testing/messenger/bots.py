"""A bot: an account with a token, its updates, and what it has told Telegram about itself."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.updates import UpdateQueue

if TYPE_CHECKING:
    from plugdesk.testing.messenger.webhooks import Webhook

SHAPE = re.compile(r"[0-9]{1,18}:[A-Za-z0-9_-]{30,60}")  # of a token


class Bot(Account):
    """`privacy` is BotFather's setting: in groups, with it on, a bot sees only what is meant for it."""

    is_bot = True

    def __init__(
        self, number: int, name: str, username: str, token: str, first_update: int, first_message: int, *, privacy: bool
    ) -> None:
        super().__init__(number, name, username=username)
        self.token = token
        self.privacy = privacy
        self.updates = UpdateQueue(first_update)
        self.webhook: Webhook | None = None
        self.commands: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.message_numbers = itertools.count(first_message)
        self.polls = 0  # how often getUpdates was called; the one that waits remembers which it was
        self.last_error: tuple[int, str] | None = None  # of its webhook: unix seconds, words
        self.met: set[int] = set()  # people it has seen somewhere
