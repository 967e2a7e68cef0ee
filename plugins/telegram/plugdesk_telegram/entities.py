"""Formatting as Telegram has it: a plain text, and marks on stretches of it counted in UTF-16 units.

https://core.telegram.org/bots/api#messageentity, https://core.telegram.org/api/entities
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_MARKS = 100  # of one message; Telegram passes over the rest


def utf16_length(text: str) -> int:
    """How long Telegram thinks `text` is: what lies beyond the first 65,536 characters of Unicode (emoji) counts twice."""
    return len(text) + sum(character > "\uffff" for character in text)


@dataclass(frozen=True)
class Mark:
    """Formatting of the characters from `start` to `end`, counted as Python does."""

    type: str
    start: int
    end: int
    url: str = ""
    language: str = ""


@dataclass(frozen=True)
class Styled:
    """A text with its marks."""

    text: str
    marks: tuple[Mark, ...] = ()

    def cut(self, start: int, end: int) -> Styled:
        """The text between two places, with what of the marks lies there."""
        inside = (
            Mark(mark.type, max(mark.start, start) - start, min(mark.end, end) - start, mark.url, mark.language)
            for mark in self.marks
            if mark.start < end and mark.end > start
        )
        return Styled(self.text[start:end], tuple(inside))

    def entities(self) -> list[dict[str, Any]]:
        """The marks as the Bot API wants them."""
        places = _utf16_places(self.text)
        found = []
        for mark in self.marks:
            entity: dict[str, Any] = {
                "type": mark.type,
                "offset": places[mark.start],
                "length": places[mark.end] - places[mark.start],
            }
            if mark.url:
                entity["url"] = mark.url
            if mark.language:
                entity["language"] = mark.language
            found.append(entity)
        return found


@dataclass(frozen=True)
class Entity:
    """A mark as it came, on characters counted as Python does; `about` is the entity itself."""

    type: str
    start: int
    end: int
    about: Mapping[str, Any]


def read_entities(text: str, raw: object) -> list[Entity]:
    """The entities of a message. What lies outside of its text, or is none, is passed over."""
    if not isinstance(raw, list) or not raw:
        return []
    places = {units: number for number, units in enumerate(_utf16_places(text))}
    found = []
    for each in raw:
        if not isinstance(each, dict) or not isinstance(each.get("offset"), int) or not isinstance(each.get("length"), int):
            continue
        start, end = places.get(each["offset"]), places.get(each["offset"] + each["length"])
        if start is not None and end is not None and start < end:
            found.append(Entity(str(each.get("type")), start, end, each))
    return sorted(found, key=lambda entity: (entity.start, -entity.end))


def joined(pieces: Iterable[Styled], between: str = "\n") -> Styled:
    """Several texts as one."""
    text, marks = "", list[Mark]()
    for number, piece in enumerate(pieces):
        start = len(text) + (len(between) if number else 0)
        marks += [Mark(mark.type, mark.start + start, mark.end + start, mark.url, mark.language) for mark in piece.marks]
        text += (between if number else "") + piece.text
    return Styled(text, tuple(marks))


def _utf16_places(text: str) -> Sequence[int]:
    """How many UTF-16 units stand before each character, and before the end."""
    places, units = [0], 0
    for character in text:
        units += 2 if character > "\uffff" else 1
        places.append(units)
    return places
