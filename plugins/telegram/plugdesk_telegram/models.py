"""Bots, the chats they are in, and which of Telegram's messages belong to which of the desk's."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Form, Key, Message, Word

OFFICIAL = "https://api.telegram.org"


class Mode(StrEnum):
    """How updates come: the desk asks for them, or Telegram calls."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class Bot(Base):
    """One bot of a form.

    `number` is Telegram's own of it. `token` is sealed for the place `bot:ID/token`, `secret` for `bot:ID/secret`: Telegram
    names it with each call to the address that ends in `key`. `offset` is the number of the first update that is not kept
    yet. `error` is what went wrong last with receiving, in words, with the remedy; `failing_since` when that began.
    """

    __tablename__ = "telegram_bot"

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str]
    username: Mapped[str]
    token: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    secret: Mapped[str]
    mode: Mapped[Mode] = mapped_column(Word(Mode), default=Mode.POLLING)
    api: Mapped[str] = mapped_column(default=OFFICIAL)
    own_network: Mapped[bool] = mapped_column(default=False)
    offset: Mapped[int] = mapped_column(default=0)
    polled_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    error: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    sending_error: Mapped[str | None]

    form: Mapped[Form] = relationship()

    @property
    def link(self) -> str:
        """Where people write to it."""
        return link_to(self.username)


def link_to(username: str) -> str:
    """Where people write to a bot."""
    return f"https://t.me/{username}"


class Chat(Base):
    """A conversation of a bot: with one person (`number` is then theirs), or in a group.

    `blocked_at` says since when nothing can be sent there: the person blocked the bot, or it is not in the group any more.
    A group that became a supergroup goes on as `successor`.
    """

    __tablename__ = "telegram_chat"
    __table_args__ = (sa.UniqueConstraint("bot_id", "number"), sa.Index("ix_telegram_chat_number", "number"))

    id: Mapped[Key]
    bot_id: Mapped[int] = mapped_column(sa.ForeignKey("telegram_bot.id", ondelete="CASCADE"))
    number: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str | None]
    blocked_at: Mapped[datetime | None]
    successor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("telegram_chat.id", ondelete="SET NULL"), index=True)

    bot: Mapped[Bot] = relationship()
    successor: Mapped[Chat | None] = relationship(remote_side="Chat.id")

    @property
    def is_private(self) -> bool:
        return self.kind == "private"


class PartKind(StrEnum):
    """What one of Telegram's messages can carry of ours when it is changed: a text, a caption, or no words."""

    TEXT = "text"
    CAPTION = "caption"
    FILE = "file"


class Part(Base):
    """One of Telegram's messages: a message of the desk is one of them, or several (an album, a long answer).

    `position` is its place in our message, from 0; those of an album share one. `album` is Telegram's number of the album,
    `file` that of its file, by which a changed one is known.
    """

    __tablename__ = "telegram_message"
    __table_args__ = (sa.UniqueConstraint("chat_id", "number"), sa.Index("ix_telegram_message_message_id", "message_id"))

    id: Mapped[Key]
    message_id: Mapped[int] = mapped_column(sa.ForeignKey("message.id", ondelete="CASCADE"))
    chat_id: Mapped[int] = mapped_column(sa.ForeignKey("telegram_chat.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[PartKind] = mapped_column(Word(PartKind))
    album: Mapped[str | None]
    file: Mapped[str | None]

    message: Mapped[Message] = relationship()
    chat: Mapped[Chat] = relationship()
