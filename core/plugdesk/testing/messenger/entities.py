"""Formatted text as Telegram has it: plain text, and entities that mark parts of it by offsets in UTF-16 code units.

https://core.telegram.org/bots/api#messageentity
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugdesk.testing.messenger.accounts import Account

HONOURED = 100  # entities of one message; the rest is shown as plain text

# What a sender may mark, outermost first; the others are found in the text by Telegram itself.
MARKS = (
    *("blockquote", "expandable_blockquote", "bold", "italic", "underline", "strikethrough", "spoiler"),
    *("text_link", "text_mention", "custom_emoji", "pre", "code"),
)
ALONE = ("pre", "code")  # nothing may be marked inside them

FOUND = (
    (
        "url",
        re.compile(
            r"(?<![\w/@.])(?:https?://[^\s<>\"]+|(?:[a-z0-9-]+\.)+(?:com|org|net|ru|io|me|dev)(?:/[^\s<>\"]*)?)\b/?", re.I
        ),
    ),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}\b", re.I)),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?!\w)")),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z0-9_]{3,32}(?!\w)")),
    ("hashtag", re.compile(r"(?<!\w)#(?=\w*[^\W\d])\w{1,256}")),
)

TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "spoiler": "tg-spoiler",
    "code": "code",
    "blockquote": "blockquote",
}


@dataclass(frozen=True)
class Entity:
    """A marked part of a text. `offset` and `length` count UTF-16 code units; `type` is Telegram's name of the mark."""

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""
    user_id: int = 0
    user: Account | None = None
    custom_emoji_id: str = ""

    @property
    def end(self) -> int:
        """The offset of what follows."""
        return self.offset + self.length


@dataclass(frozen=True)
class Formatted:
    """A text with its entities, in their order."""

    text: str = ""
    entities: tuple[Entity, ...] = ()

    @property
    def html(self) -> str:
        """The same as HTML, in the tags that the Bot API takes; what Telegram found by itself is left as text."""
        return to_html(self.text, self.entities)


def units(text: str) -> int:
    """The length of a text in UTF-16 code units: most letters count one, emoji two."""
    return len(text) + sum(1 for letter in text if letter > "\uffff")


def part_of(text: str, entity: Entity) -> str:
    """The marked part. Raises UnicodeDecodeError when it begins or ends inside a character."""
    return _slice(text.encode("utf-16-le", "surrogatepass"), entity.offset, entity.end)


def tidy(text: str, entities: Iterable[Entity]) -> Formatted:
    """The text as Telegram keeps it: trimmed, entities sorted, none inside code, those found in the text added."""
    kept = text.strip()
    gone = units(text[: len(text) - len(text.lstrip())])
    end = units(kept)
    moved = []
    for each in entities:
        begin, stop = max(0, each.offset - gone), min(end, each.end - gone)
        if begin < stop:
            moved.append(replace(each, offset=begin, length=stop - begin))
    alone = [each for each in moved if each.type in ALONE]
    marked = [each for each in moved if each in alone or not any(_within(each, other) for other in alone)]
    marked = sorted(set(marked), key=_place)[:HONOURED]
    return Formatted(kept, tuple(sorted([*marked, *_found(kept, marked)], key=_place)))


def to_html(text: str, entities: Iterable[Entity]) -> str:
    """A text with entities as HTML; entities that overlap are split so that tags nest."""
    raw = text.encode("utf-16-le", "surrogatepass")
    marks = sorted((each for each in entities if each.type in MARKS), key=_place)
    pieces, open_marks, position = [], list[Entity](), 0
    for boundary in sorted({0, len(raw) // 2, *(each.offset for each in marks), *(each.end for each in marks)}):
        pieces.append(escape(_slice(raw, position, boundary), quote=False))
        position = boundary
        ended = next((index for index, mark in enumerate(open_marks) if mark.end <= boundary), len(open_marks))
        pieces += [_tags(mark)[1] for mark in reversed(open_marks[ended:])]
        again = [mark for mark in open_marks[ended:] if mark.end > boundary]
        begun = [mark for mark in marks if mark.offset == boundary < mark.end]
        pieces += [_tags(mark)[0] for mark in [*again, *begun]]
        open_marks = [*open_marks[:ended], *again, *begun]
    return "".join(pieces)


def _found(text: str, marked: list[Entity]) -> Iterator[Entity]:
    taken = [each for each in marked if each.type in (*ALONE, "text_link", "text_mention", "custom_emoji")]
    for kind, pattern in FOUND:
        for match in pattern.finditer(text):
            entity = Entity(kind, units(text[: match.start()]), units(match[0]))
            if not any(entity.offset < other.end and other.offset < entity.end for other in taken):
                taken.append(entity)
                yield entity


def _tags(mark: Entity) -> tuple[str, str]:
    match mark.type:
        case "text_link":
            return f'<a href="{escape(mark.url)}">', "</a>"
        case "text_mention":
            return f'<a href="tg://user?id={mark.user_id}">', "</a>"
        case "custom_emoji":
            return f'<tg-emoji emoji-id="{escape(mark.custom_emoji_id)}">', "</tg-emoji>"
        case "expandable_blockquote":
            return "<blockquote expandable>", "</blockquote>"
        case "pre" if mark.language:
            return f'<pre><code class="language-{escape(mark.language)}">', "</code></pre>"
        case "pre":
            return "<pre>", "</pre>"
        case kind:
            return f"<{TAGS[kind]}>", f"</{TAGS[kind]}>"


def _place(entity: Entity) -> tuple[int, int, int]:
    order = MARKS.index(entity.type) if entity.type in MARKS else len(MARKS)
    return entity.offset, -entity.length, order


def _within(entity: Entity, other: Entity) -> bool:
    return other.offset < entity.end and entity.offset < other.end


def _slice(raw: bytes, begin: int, end: int) -> str:
    return raw[begin * 2 : end * 2].decode("utf-16-le", "surrogatepass")
