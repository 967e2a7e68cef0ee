"""A chat as the person on its other side sees it: bubbles, buttons, what can be written. Only read from the messenger."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from plugdesk.api import clean_html, shown_inline, sniff_type

if TYPE_CHECKING:
    from plugdesk.testing.messenger import Button, Entity, File, Message, Person, Press, PrivateChat

TYPING_SHOWN = timedelta(seconds=5)  # https://core.telegram.org/bots/api#sendchataction
ANSWER_SHOWN = timedelta(seconds=12)
EDITABLE = timedelta(hours=48)  # the messenger's own apps offer it no longer


@dataclass(frozen=True)
class Enclosure:
    """A file in a bubble, fetched by the `number` of its message. `emoji` stands for a sticker."""

    number: int
    name: str
    size: int
    is_picture: bool
    emoji: str = ""


@dataclass(frozen=True)
class Bubble:
    """One message, or an album: `number` is that of the message with the words."""

    number: int
    own: bool
    at: datetime
    html: Markup
    text: str
    pictures: tuple[Enclosure, ...]
    files: tuple[Enclosure, ...]
    buttons: tuple[tuple[Button, ...], ...]
    edited: bool
    can_edit: bool
    contact: str = ""
    place: str = ""
    answers: str = ""


@dataclass(frozen=True)
class ChatView:
    """The chat of a person with the bot. `answer` is what the bot says to the button pressed last, for a moment."""

    bubbles: tuple[Bubble, ...]
    started: bool
    blocked: bool
    typing: bool
    waiting: bool
    answer: str
    keyboard: tuple[tuple[str, bool], ...]

    @property
    def state(self) -> str:
        """Another text whenever anything is to be seen that was not there before."""
        return hashlib.blake2s(repr(self).encode(), digest_size=8).hexdigest()


def view_chat(person: Person, chat: PrivateChat, pressed: Press | None, now: datetime) -> ChatView:
    """What the person sees at `now`; `pressed` is the button they pressed last."""
    keys = chat.keyboard.buttons if chat.keyboard else []
    answer = pressed.answer if pressed and now - pressed.at < ANSWER_SHOWN else None
    return ChatView(
        bubbles=tuple(_bubbles(person, chat, now)),
        started=chat.started,
        blocked=chat.blocked,
        typing=any(each.sender != person and now - each.at < TYPING_SHOWN for each in chat.actions),
        waiting=pressed is not None and pressed.spinning and not pressed.void(now),
        answer=answer.text if answer else "",
        keyboard=tuple((each.text, each.request_contact) for each in keys),
    )


def picture_type(file: File) -> str | None:
    """The media type of a file that is shown as a picture, by its bytes; None for all others."""
    found = sniff_type(file.name, file.data[:512])
    return found if file.kind == "photo" and shown_inline(found) else None


def _bubbles(person: Person, chat: PrivateChat, now: datetime) -> Iterable[Bubble]:
    rows = sorted(chat.messages, key=lambda message: message.id)
    for _key, together in groupby(rows, key=lambda message: message.album or message.id):
        yield _bubble(person, chat, list(together), now)


def _bubble(person: Person, chat: PrivateChat, rows: Sequence[Message], now: datetime) -> Bubble:
    first = rows[0]
    captioned = next((row for row in rows if row.text), first)
    enclosures = [_enclosure(row.id, row.file) for row in rows if row.file]
    answered = chat.find(first.reply_to) if first.reply_to else None
    is_words = bool(captioned.text) and not captioned.text.startswith("/")
    return Bubble(
        number=captioned.id, own=first.sender == person, at=first.date, html=_html(captioned), text=captioned.text,
        pictures=tuple(each for each in enclosures if each.is_picture), files=tuple(each for each in enclosures if not each.is_picture),
        buttons=rows[-1].buttons, edited=any(row.edited for row in rows),
        can_edit=first.sender == person and is_words and now - first.date < EDITABLE and not chat.blocked,
        contact=f"{first.contact.first_name} {first.contact.phone_number}" if first.contact else "",
        place=f"{first.location.latitude}, {first.location.longitude}" if first.location else "",
        answers=" ".join(answered.text.split())[:80] if answered else "",
    )  # fmt: skip


def _enclosure(number: int, file: File) -> Enclosure:
    return Enclosure(number, file.name or file.kind, file.size, picture_type(file) is not None, file.emoji)


def _html(message: Message) -> Markup:
    """The text with its marks, and with links where the messenger finds addresses."""
    from plugdesk.testing.messenger.entities import part_of, to_html

    def linked(mark: Entity) -> Entity:
        if mark.type not in ("url", "email"):
            return mark
        words = part_of(message.text, mark)
        address = f"mailto:{words}" if mark.type == "email" else words if "://" in words else f"https://{words}"
        return replace(mark, type="text_link", url=address)

    html = to_html(message.text, map(linked, message.entities))
    return Markup(clean_html(re.sub(r"(</blockquote>|</pre>)\n", r"\1", html)))  # cleaned; a block ends its own line
