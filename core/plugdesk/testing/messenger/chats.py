"""Chats: what all have in common, and the private one of a person with a bot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.rows import Message, ReplyKeyboard

if TYPE_CHECKING:
    from plugdesk.testing.messenger.bots import Bot


@dataclass(frozen=True)
class ChatAction:
    """What a bot said it was doing: `typing`, `upload_document` …; shown for five seconds."""

    sender: Account
    action: str
    at: datetime


class Chat:
    """What all chats have. `messages` is what one sees there now, `history` has the deleted ones as well."""

    type = ""
    title = ""

    def __init__(self, number: int) -> None:
        self.id = number
        self.keyboard: ReplyKeyboard | None = None
        self.actions: list[ChatAction] = []
        self._rows: dict[int, Message] = {}

    @property
    def history(self) -> list[Message]:
        """Every message that ever was, oldest first."""
        return list(self._rows.values())

    @property
    def messages(self) -> list[Message]:
        """The messages one sees now, oldest first."""
        return [message for message in self.history if not message.deleted]

    def find(self, message_id: int) -> Message | None:
        """The message with this number, unless it was deleted or never was."""
        message = self._rows.get(message_id)
        return message if message and not message.deleted else None

    def keep(self, message: Message) -> Message:
        """A new message, or the new state of one."""
        self._rows[message.id] = message
        return message

    def change(self, message: Message, **changes: Any) -> Message:
        """The same message with other values."""
        return self.keep(replace(self._rows[message.id], **changes))

    @property
    def bots(self) -> list[Bot]:
        """The bots in it."""
        raise NotImplementedError

    def next_number(self) -> int:
        """The number of the next message."""
        raise NotImplementedError


class PrivateChat(Chat):
    """The chat of one person with one bot. It has the person's number, so two bots know it by the same."""

    type = "private"

    def __init__(self, person: Account, bot: Bot) -> None:
        super().__init__(person.id)
        self.person = person
        self.bot = bot
        self.started = False
        self.blocked = False

    @property
    def bots(self) -> list[Bot]:
        """The one."""
        return [self.bot]

    def next_number(self) -> int:
        """Counted over all private chats of the bot, as its account counts them."""
        return next(self.bot.message_numbers)
