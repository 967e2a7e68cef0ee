"""Files that travel in chats: what they are, how a bot names them, and for how long it may fetch them.

https://core.telegram.org/bots/api#getfile
"""

from __future__ import annotations

import base64
import itertools
import mimetypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Literal

from plugdesk.testing.messenger.pictures import dimensions

Kind = Literal["photo", "document", "voice", "audio", "video", "video_note", "sticker", "animation"]

BIGGEST_UPLOAD = 50 << 20  # bytes; a bot can send no more
BIGGEST_PHOTO = 10 << 20
BIGGEST_DOWNLOAD = 20 << 20  # bytes; a bot can fetch no more, whatever people send
LINK_LIVES = timedelta(hours=1)
LONGEST_SIDES = 10_000  # pixels, of a photo's width and height together
NARROWEST = 20  # times as long as wide

# How a file is named by Telegram: the beginning of its id, the folder of its path, type and name when there is none.
NAMES: dict[Kind, tuple[bytes, str, str, str]] = {
    "photo": (b"\x00\x20\x02", "photos", "image/jpeg", "photo.jpg"),
    "document": (b"\x04\x20\x02", "documents", "application/octet-stream", "file.bin"),
    "voice": (b"\x03\x20\x02", "voice", "audio/ogg", "voice.oga"),
    "audio": (b"\x09\x20\x02", "music", "audio/mpeg", "audio.mp3"),
    "video": (b"\x04\x20\x03", "videos", "video/mp4", "video.mp4"),
    "video_note": (b"\x0d\x20\x02", "video_notes", "video/mp4", "video_note.mp4"),
    "sticker": (b"\x08\x20\x02", "stickers", "image/webp", "sticker.webp"),
    "animation": (b"\x0a\x20\x02", "animations", "video/mp4", "animation.mp4"),
}

# A picture of one pixel, which stands for the smaller size of every photo: who takes the wrong size gets this.
THUMBNAIL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

_numbers = itertools.count(1)


@dataclass(frozen=True)
class File:
    """A file in a chat. `size` (bytes) is what Telegram says of it and may be more than `data` holds.

    `width` and `height` are pixels, `duration` seconds; they are 0 where the kind has none.
    """

    kind: Kind
    data: bytes = field(repr=False)
    name: str = ""
    mime_type: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str = ""
    performer: str = ""
    emoji: str = ""
    thumbnail: File | None = None
    number: int = field(default_factory=lambda: next(_numbers))


def new_file(
    kind: Kind,
    data: bytes,
    name: str = "",
    mime_type: str = "",
    *,
    size: int | None = None,
    duration: int = 0,
    width: int = 0,
    height: int = 0,
    emoji: str = "",
) -> File:
    """A file as Telegram takes it in: measured, typed by its name, a photo with a smaller size beside it."""
    measured = dimensions(data) or (1280, 960)
    width, height = width or measured[0], height or measured[1]
    if not mime_type:
        mime_type = (mimetypes.guess_type(name)[0] if name else None) or NAMES[kind][2]
    thumbnail = None
    if kind == "photo" and max(width, height) > 90:
        small = 90 / max(width, height)
        sides = max(1, round(width * small)), max(1, round(height * small))
        thumbnail = File("photo", THUMBNAIL, size=len(THUMBNAIL), width=sides[0], height=sides[1])
    return File(
        kind, data, name, mime_type, len(data) if size is None else size, width, height, duration, "", "", emoji, thumbnail
    )


class FileStore:
    """What bots may ask for. A `file_id` is good for one bot only; a link lives an hour after it was given."""

    def __init__(self) -> None:
        self._by_id: dict[str, File] = {}
        self._links: dict[tuple[int, str], tuple[File, datetime]] = {}

    def id_for(self, bot_id: int, file: File) -> str:
        """The `file_id` by which this bot knows the file."""
        prefix = NAMES[file.kind][0]
        raw = prefix + struct.pack(">QQ", bot_id, file.number) + bytes(index ^ file.number & 0xFF for index in range(32))
        file_id = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        self._by_id[file_id] = file
        return file_id

    def find(self, bot_id: int, file_id: str) -> File | None:
        """The file this bot means, or None when the id is none of its own."""
        file = self._by_id.get(file_id)
        return file if file and self.id_for(bot_id, file) == file_id else None

    def link(self, bot_id: int, file: File, now: datetime) -> str:
        """The path under which this bot can fetch the file from now on, for an hour."""
        _, folder, _, default = NAMES[file.kind]
        suffix = PurePosixPath(file.name).suffix or PurePosixPath(default).suffix
        path = f"{folder}/file_{file.number}{suffix}"
        self._links[bot_id, path] = file, now + LINK_LIVES
        return path

    def fetch(self, bot_id: int, path: str, now: datetime) -> bytes | None:
        """The bytes behind a path, or None when it was never given to this bot or has expired."""
        file, until = self._links.get((bot_id, path), (None, now))
        return file.data if file and now < until else None


def unique_id(file: File) -> str:
    """The same for every bot, and not good for asking."""
    return base64.urlsafe_b64encode(b"\x02\x00" + struct.pack(">Q", file.number)).decode().rstrip("=")


def sizes(photo: File) -> Iterator[File]:
    """The sizes in which a photo is offered, smallest first."""
    if photo.thumbnail:
        yield photo.thumbnail
    yield photo
