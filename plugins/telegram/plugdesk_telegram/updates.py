"""An update of Telegram's as typed values; pure. https://core.telegram.org/bots/api#update

Whatever is missing, or of another type than the documentation says, counts as not said: what comes from outside breaks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody of Telegram."""

    id: int
    name: str
    username: str = ""
    language: str = ""
    is_bot: bool = False

    @property
    def shown(self) -> str:
        """As agents know them."""
        return f"@{self.username}" if self.username else self.name


@dataclass(frozen=True)
class Place:
    """A chat: private (its number is the person's), group, supergroup or channel."""

    id: int
    kind: str
    title: str = ""

    @property
    def is_private(self) -> bool:
        return self.kind == "private"


@dataclass(frozen=True)
class Said:
    """A message, new or edited. `raw` is the message itself, from which `contents` reads text and files."""

    chat: Place
    sender: Person | None
    number: int
    raw: Json = field(repr=False)
    is_edit: bool = False

    @property
    def album(self) -> str:
        return text(self.raw, "media_group_id")

    @property
    def answers(self) -> Json:
        """The message this one answers, as it came; empty when it answers none."""
        return mapping(self.raw, "reply_to_message")

    @property
    def words(self) -> str:
        return text(self.raw, "text") or text(self.raw, "caption")


@dataclass(frozen=True)
class Pressed:
    """A button under a message was pressed."""

    id: str
    sender: Person
    chat: Place | None
    number: int
    data: str


@dataclass(frozen=True)
class Membership:
    """The bot's own standing in a chat changed: blocked, added, thrown out."""

    chat: Place
    sender: Person | None
    before: str
    after: str

    @property
    def is_in(self) -> bool:
        return self.after in _MEMBER

    @property
    def was_in(self) -> bool:
        return self.before in _MEMBER


@dataclass(frozen=True)
class Unknown:
    """An update of a kind this plugin does not read; `sender` is whoever it names."""

    kind: str
    sender: Person | None
    raw: Json = field(repr=False)


Update = Said | Pressed | Membership | Unknown
_MEMBER = ("member", "administrator", "creator", "restricted")


def read_update(raw: Json) -> Update:
    """What an update says."""
    kind = next((name for name in raw if name != "update_id"), "")
    about = mapping(raw, kind)
    place = _place(mapping(about, "chat"))
    sender = person(mapping(about, "from"))
    number = whole(about, "message_id")
    if kind in ("message", "edited_message") and place is not None and number is not None:
        return Said(place, sender, number, about, is_edit=kind == "edited_message")
    if kind == "callback_query" and sender is not None:
        under = mapping(about, "message")
        return Pressed(
            text(about, "id"), sender, _place(mapping(under, "chat")), whole(under, "message_id") or 0, text(about, "data")
        )
    if kind == "my_chat_member" and place is not None:
        before, after = mapping(about, "old_chat_member"), mapping(about, "new_chat_member")
        return Membership(place, sender, text(before, "status"), text(after, "status"))
    return Unknown(kind, sender or person(mapping(about, "user")), raw)


def chat_of(raw: Json) -> str:
    """The name of the conversation whose order an update keeps: its chat's number, else whoever caused it."""
    kind = next((name for name in raw if name != "update_id"), "")
    about = mapping(raw, kind)
    for there in (
        mapping(about, "chat"),
        mapping(mapping(about, "message"), "chat"),
        mapping(about, "from"),
        mapping(about, "user"),
    ):
        if (number := whole(there, "id")) is not None:
            return str(number)
    return "0"


def person(raw: Json) -> Person | None:
    """A User of the API."""
    number = whole(raw, "id")
    if number is None:
        return None
    name = " ".join(f"{text(raw, 'first_name')} {text(raw, 'last_name')}".split())
    return Person(
        number,
        name or text(raw, "username") or str(number),
        text(raw, "username"),
        text(raw, "language_code"),
        raw.get("is_bot") is True,
    )


def mapping(raw: Json, name: str) -> Json:
    """The object called `name`, empty when there is none."""
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def text(raw: Json, name: str) -> str:
    """The text called `name`, "" when there is none."""
    found = raw.get(name)
    return found if isinstance(found, str) else ""


def whole(raw: Json, name: str) -> int | None:
    """The whole number called `name` that a database can hold."""
    found = raw.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**63 else None


def _place(raw: Json) -> Place | None:
    number = whole(raw, "id")
    return Place(number, text(raw, "type") or "private", text(raw, "title")) if number is not None else None
