"""How two versions of a text differ, for people: whole lines where nothing is left of them, words where something is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

AROUND, WORDS = 2, 4_000  # lines shown beside a change; letters of a change that are compared word by word


@dataclass(frozen=True)
class Piece:
    """A piece of text: it stayed, went or came; "skipped" stands for lines that are the same."""

    kind: Literal["same", "gone", "new", "skipped"]
    text: str = ""


def difference(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in order; empty when they are the same."""
    if before == after:
        return []
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    pieces: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces += _same(old[a:b], is_first=a == 0, is_last=b == len(old))
        else:
            pieces += _words("".join(old[a:b]), "".join(new[c:d]))
    return pieces


def _same(lines: Sequence[str], *, is_first: bool, is_last: bool) -> Iterator[Piece]:
    before, after = 0 if is_first else AROUND, 0 if is_last else AROUND
    if len(lines) <= before + after + 1:
        yield Piece("same", "".join(lines))
        return
    if before:
        yield Piece("same", "".join(lines[:before]))
    yield Piece("skipped")
    if after:
        yield Piece("same", "".join(lines[-after:]))


def _words(before: str, after: str) -> Iterator[Piece]:
    if not before or not after or len(before) + len(after) > WORDS:
        yield from (Piece(kind, text) for kind, text in (("gone", before), ("new", after)) if text)  # type: ignore[arg-type]
        return
    old, new = re.split(r"(\s+)", before), re.split(r"(\s+)", after)
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(old[a:b]))
            continue
        if a < b:
            yield Piece("gone", "".join(old[a:b]))
        if c < d:
            yield Piece("new", "".join(new[c:d]))
