"""A button that was pressed, and what the bot said to it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.rows import Message
from plugdesk.testing.messenger.updates import CALLBACK_LIVES


@dataclass(frozen=True)
class PressAnswer:
    """What the person sees on the screen: a line that passes, or an `alert` to close; both may be empty."""

    text: str = ""
    alert: bool = False
    url: str = ""


class Press:
    """One press. The button shows a spinner until `answer` is there; an unanswered press is void after 150 seconds."""

    def __init__(
        self, number: str, person: Account, message: Message, data: str, at: datetime, changed: threading.Condition
    ) -> None:
        self.id = number
        self.person = person
        self.message = message
        self.data = data
        self.at = at
        self.answer: PressAnswer | None = None
        self._changed = changed

    @property
    def spinning(self) -> bool:
        """Whether the person still waits for the bot."""
        return self.answer is None

    def void(self, now: datetime) -> bool:
        """Whether it is too late to answer."""
        return now - self.at >= timedelta(seconds=CALLBACK_LIVES)

    def wait(self, seconds: float = 30.0) -> PressAnswer | None:
        """The bot's answer, waited for at most that long; None when it did not come."""
        with self._changed:
            self._changed.wait_for(lambda: self.answer is not None, seconds)
            return self.answer
