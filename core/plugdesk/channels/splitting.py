"""A text longer than its channel carries, in parts: between paragraphs if it can be, else lines, sentences, words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_EDGES = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s+"), re.compile(r"\s+"))
_JOINER = "\u200d"
_FLAG_LETTERS = "".join(chr(code) for code in range(0x1F1E6, 0x1F200))


def split_text(text: str, most: int, length: Callable[[str], int] = len) -> list[tuple[int, int]]:
    """Where to cut: (start, end) of each part, none longer than `most` by `length`; the white space between is left out.

    A part is at least half full unless a paragraph ends there, and no cut goes through a character of several code points.
    """
    parts: list[tuple[int, int]] = []
    start, end = _first(text), len(text.rstrip())
    while start < end:
        if length(text[start:end]) <= most:
            parts.append((start, end))
            break
        reach = _reach(text, start, end, most, length)
        cut, after = _cut(text, start, reach)
        parts.append((start, cut))
        start = after + _first(text[after:])
    return parts


def _first(text: str) -> int:
    return len(text) - len(text.lstrip())


def _reach(text: str, start: int, end: int, most: int, length: Callable[[str], int]) -> int:
    """The furthest end of a part that begins at `start`."""
    low, high = start + 1, min(end, start + most)
    while low < high:
        middle = (low + high + 1) // 2
        if length(text[start:middle]) <= most:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(text: str, start: int, reach: int) -> tuple[int, int]:
    """The end of the part and the beginning of the rest."""
    window = text[start : reach + 1]
    for edge in _EDGES:
        found = [each for each in edge.finditer(window) if 0 < each.start() <= reach - start]
        if found and (edge is _EDGES[0] or found[-1].start() >= (reach - start) / 2):
            return start + found[-1].start(), start + found[-1].end()
    whole = reach
    while whole > start + 1 and _continues(text, whole):
        whole -= 1
    whole = whole if whole > start + 1 else reach
    return whole, whole


def _continues(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it: an accent, a skin colour, the rest of a flag or family."""
    after = text[at]
    flags = len(text[:at]) - len(text[:at].rstrip(_FLAG_LETTERS))
    return bool(
        (after in _FLAG_LETTERS and flags % 2)
        or unicodedata.combining(after)
        or after in (_JOINER, "\ufe0f", "\ufe0e", "\u20e3")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or text[at - 1] == _JOINER
    )
