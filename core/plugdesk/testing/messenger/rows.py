"""What is seen in a chat: messages, their buttons, and the small things in them. All of it is read-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from plugdesk.testing.messenger.entities import Entity, to_html
from plugdesk.testing.messenger.files import File

if TYPE_CHECKING:
    from plugdesk.testing.messenger.accounts import Account
    from plugdesk.testing.messenger.chats import Chat

ServiceKind = Literal[
    "group_chat_created",
    "supergroup_chat_created",
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
]


@dataclass(frozen=True)
class Button:
    """A button under a message: it tells the bot `data` when pressed, or opens `url`."""

    text: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True)
class ReplyButton:
    """A button in place of the letters: it writes its text, or sends the person's own number when it asks for it."""

    text: str
    request_contact: bool = False
    request_location: bool = False


@dataclass(frozen=True)
class ReplyKeyboard:
    """The buttons a bot put in place of somebody's letters."""

    rows: tuple[tuple[ReplyButton, ...], ...]
    one_time: bool = False
    placeholder: str = ""

    @property
    def buttons(self) -> list[ReplyButton]:
        """All of them, row after row."""
        return [button for row in self.rows for button in row]


@dataclass(frozen=True)
class Contact:
    """A visiting card. `user_id` is 0 when the number belongs to nobody here."""

    phone_number: str
    first_name: str
    last_name: str = ""
    user_id: int = 0


@dataclass(frozen=True)
class Location:
    """A place on the map, in degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Service:
    """What Telegram itself wrote into the chat: who came, who left, that the group has become another."""

    kind: ServiceKind
    people: tuple[Account, ...] = ()
    chat_id: int = 0
    title: str = ""


@dataclass(frozen=True)
class Message:
    """One message as it is now; after a change the chat holds a new one with the same `id`.

    `text` is the caption where the message carries a file. `buttons` are the rows under it.
    """

    chat: Chat = field(repr=False)
    id: int
    sender: Account
    date: datetime
    text: str = ""
    entities: tuple[Entity, ...] = field(default=(), repr=False)
    file: File | None = None
    contact: Contact | None = None
    location: Location | None = None
    service: Service | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    reply_to: int = 0
    album: str = ""
    forwarded_from: str = ""
    reactions: tuple[tuple[int, str], ...] = ()  # who (an account's id) reacted with what
    link_preview: dict[str, Any] | None = field(default=None, repr=False)
    edited: datetime | None = None
    deleted: bool = False

    @property
    def html(self) -> str:
        """Text or caption with its marks as HTML, in the tags that the Bot API takes."""
        return to_html(self.text, self.entities)

    @property
    def from_bot(self) -> bool:
        """Whether a bot wrote it."""
        return self.sender.is_bot

    def button(self, text: str) -> Button:
        """The button under the message that says this. Raises LookupError when there is none."""
        for row in self.buttons:
            for button in row:
                if button.text == text:
                    return button
        raise LookupError(f"There is no button “{text}” under this message.")
