"""Which of Telegram's messages an answer becomes: texts cut to length, pictures and files alone or as albums; pure.

https://core.telegram.org/bots/api#sendmessage and the methods after it name the limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from plugdesk.api import Attachment, Undeliverable, format_file_size, split_text
from plugdesk.api import gettext as _
from plugdesk_telegram.composing import Picture
from plugdesk_telegram.entities import MOST_MARKS, Styled, joined, utf16_length

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
BIGGEST_FILE = 50 * 1024 * 1024
BIGGEST_SHOWN = 50_000_000  # Telegram itself calls it 50 MB
BIGGEST_PHOTO = 10 * 1024 * 1024
ALBUM = 10

Kind = Literal["photo", "video", "audio", "voice", "document"]
_KINDS: Mapping[str, Kind] = {
    "image/jpeg": "photo", "image/png": "photo", "image/webp": "photo", "video/mp4": "video", "audio/mpeg": "audio",
    "audio/mp4": "audio", "audio/x-m4a": "audio", "audio/ogg": "voice",
}  # fmt: skip
_TOGETHER = ({"photo", "video"}, {"document"}, {"audio"})


NOTHING = Styled("")


@dataclass(frozen=True)
class Outgoing:
    """One call: a text, a file with a caption, or an album whose first file has one."""

    words: Styled = NOTHING
    files: tuple[Attachment, ...] = ()

    @property
    def is_album(self) -> bool:
        return len(self.files) > 1


def plan(blocks: Sequence[Styled | Picture], attachments: Sequence[Attachment], *, apart: bool = False) -> list[Outgoing]:
    """The calls that carry an answer, in order. Raises `Undeliverable` for a file that is too large.

    A short text becomes the caption of the pictures or the file right after it, unless it must stand `apart`, below the
    rest, because buttons hang on it.
    """
    for each in attachments:
        if each.size > BIGGEST_FILE:
            raise Undeliverable(
                _("“%(name)s” has %(size)s; a bot can send at most %(most)s. Send a link to it instead.",
                  name=each.name, size=format_file_size(each.size), most=format_file_size(BIGGEST_SHOWN))
            )  # fmt: skip
    by_key = {each.key: each for each in attachments}
    shown = {block.key for block in blocks if isinstance(block, Picture)}
    rest = [each for each in attachments if each.key not in shown]
    texts = [block for block in blocks if isinstance(block, Styled)]
    if apart:
        pictures = [by_key[block.key] for block in blocks if isinstance(block, Picture) and block.key in by_key]
        return [*_files([*pictures, *rest], None), *_texts(joined(texts, "\n\n"))]
    found: list[Outgoing] = []
    waiting: Styled | None = None
    gathered: list[Attachment] = []
    for block in (*blocks, *rest):
        if isinstance(block, Styled):
            found += _files(gathered, waiting) if gathered else _texts(waiting)
            waiting, gathered = block, []
        else:
            file = by_key.get(block.key) if isinstance(block, Picture) else block
            gathered += [file] if file is not None else []
    return [*found, *(_files(gathered, waiting) if gathered else _texts(waiting))]


def kind_of(file: Attachment) -> Kind:
    """As what Telegram shows a file."""
    kind = _KINDS.get(file.type, "document")
    return "document" if kind == "photo" and file.size > BIGGEST_PHOTO else kind


def cut_words(words: Styled, sizes: Callable[[int], int]) -> list[Styled]:
    """`words` in parts, the n-th at most `sizes(n)` long and with no more marks than Telegram looks at."""
    parts: list[Styled] = []
    while words.text.strip():
        most = sizes(len(parts))
        start, end = split_text(words.text, most, utf16_length)[0]
        while len(words.cut(start, end).marks) > MOST_MARKS:
            most //= 2
            start, end = split_text(words.text, most, utf16_length)[0]
        parts.append(words.cut(start, end))
        after = len(words.text) - len(words.text[end:].lstrip())
        words = words.cut(after, len(words.text))
    return parts


def _texts(words: Styled | None) -> list[Outgoing]:
    return [Outgoing(each) for each in cut_words(words, lambda _number: LONGEST_TEXT)] if words and words.text else []


def _files(files: Sequence[Attachment], words: Styled | None) -> list[Outgoing]:
    """Files in their order; what stands together and is of one kind is an album."""
    runs: list[list[Attachment]] = []
    for file in files:
        kinds = {kind_of(each) for each in runs[-1]} | {kind_of(file)} if runs else set()
        if runs and len(runs[-1]) < ALBUM and any(kinds <= group for group in _TOGETHER):
            runs[-1].append(file)
        else:
            runs.append([file])
    if not runs or words is None or not words.text:
        return [*_texts(words), *(Outgoing(files=tuple(run)) for run in runs)]
    # Under several documents a caption would belong to the first of them alone.
    takes_caption = len(runs[0]) == 1 or kind_of(runs[0][0]) in ("photo", "video")
    if takes_caption and utf16_length(words.text) <= LONGEST_CAPTION and len(words.marks) <= MOST_MARKS:
        return [Outgoing(words, tuple(runs[0])), *(Outgoing(files=tuple(run)) for run in runs[1:])]
    return [*_texts(words), *(Outgoing(files=tuple(run)) for run in runs)]
