"""Files by the hash of their content, and what may be believed about their names and types.

The store knows bytes only; who may read them, and how often they are used, are rows elsewhere. A name from outside
never reaches the file system, and a type from outside never reaches a browser.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from plugdesk.errors import Invalid, NotFound
from plugdesk.i18n import format_file_size
from plugdesk.i18n import gettext as _

_CHUNK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredFile:
    """What was stored: its SHA-256 in hexadecimal and its size in bytes."""

    sha256: str
    size: int


class FileStore:
    """A folder of files named by the SHA-256 of their content, so that the same content is there once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._drafts = root / "drafts"

    def save(self, content: bytes | BinaryIO, max_bytes: int | None = None) -> StoredFile:
        """Store content, whole and on the disk when this returns, or not at all.

        Raises Invalid when there is more than `max_bytes` of it, having read no further.
        """
        self._drafts.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, draft = tempfile.mkstemp(dir=self._drafts)
        try:
            with os.fdopen(descriptor, "wb") as file:
                stored = _copy(content, file, max_bytes)
                file.flush()
                os.fsync(file.fileno())
            target = self._path(stored.sha256)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(draft, target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        return stored

    def open(self, sha256: str) -> BinaryIO:
        """The content, to be read and closed. Raises NotFound."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NotFound(_("The file is no longer in the store.")) from None

    def exists(self, sha256: str) -> bool:
        """Whether the content is there."""
        return self._path(sha256).is_file()

    def delete(self, sha256: str) -> None:
        """Remove the content; that it is gone already is fine."""
        self._path(sha256).unlink(missing_ok=True)

    def verify(self, sha256: str) -> bool:
        """Whether the content is there and still is what it was."""
        if not self.exists(sha256):
            return False
        with self._path(sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def delete_drafts(self, before: float) -> int:
        """Remove what interrupted writes left behind before a moment (seconds since 1970); returns how many."""
        left = [draft for draft in self._drafts.glob("*") if draft.stat().st_mtime < before]
        for draft in left:
            draft.unlink(missing_ok=True)
        return len(left)

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise NotFound(_("There is no such file."))
        return self._root / sha256[:2] / sha256[2:4] / sha256


def _copy(content: bytes | BinaryIO, file: BinaryIO, max_bytes: int | None) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    if isinstance(content, bytes):
        chunks = iter([content])
    else:
        chunks = iter(lambda: content.read(_CHUNK), b"")
    for chunk in chunks:
        size += len(chunk)
        if max_bytes is not None and size > max_bytes:
            raise Invalid(_("The file is too large: %(limit)s are allowed.", limit=format_file_size(max_bytes)))
        digest.update(chunk)
        file.write(chunk)
    return StoredFile(digest.hexdigest(), size)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Names

_SEPARATORS = re.compile("[/\\\\\u2044\u2215\u29f8\uff0f\uff3c]")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|clock\$)(?:\.|$)", re.IGNORECASE)
_DOTS = ".\u2024\u2025\u2026\u3002\ufe52\uff0e\uff61"
_LONGEST = 180


def safe_name(name: str) -> str:
    """A file name fit to be shown and downloaded: its last part, without what deceives the eye or a file system.

    Letters of any script stay. Takes away controls, direction marks and zero-width characters (before looking at dots,
    so that nothing hides behind them), leading and trailing dots, and what Windows reserves; at most 180 bytes in UTF-8
    with the extension kept. Never empty.
    """
    visible = "".join(
        " "
        if (category := unicodedata.category(character)) in ("Zl", "Zp", "Zs") or character in "\t\r\n"
        else ""
        if category[0] == "C" or character == "\u034f"
        else character
        for character in unicodedata.normalize("NFC", name[:10_000])
    )
    last = next((part for part in reversed(_SEPARATORS.split(visible)) if part.strip(_DOTS + " ")), "")
    tidy = " ".join(_FORBIDDEN.sub("_", last).split()).strip(_DOTS + " ")
    if not tidy:
        return "file"
    if _DEVICES.match(tidy):
        tidy = f"_{tidy}"
    stem, dot, extension = tidy.rpartition(".")
    if not stem or len(extension.encode()) > 20:
        stem, dot, extension = tidy, "", ""
    room = _LONGEST - len(f"{dot}{extension}".encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip() + dot + extension


def content_disposition(name: str, *, inline: bool = False) -> str:
    """The header's value for a download under `name` (RFC 6266; the ASCII name is for programs older than it)."""
    name = safe_name(name)
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    ascii_name = re.sub(r"[^\w .()+,=@~-]", "_", ascii_name).strip(" .") or "file"
    if "." in name and "." not in ascii_name and (extension := name.rpartition(".")[2]).isascii():
        ascii_name = f"file.{extension}"
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


# Types

_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (0, b"\0\0\1\0", "image/x-icon"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\3\4", "application/zip"),
    (0, b"PK\5\6", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\7", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"fLaC", "audio/flac"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_IN_ZIP = {
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "epub": "application/epub+zip",
    "jar": "application/java-archive",
    "apk": "application/vnd.android.package-archive",
}
_IN_OLE = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}
_TEXTS = {
    "txt": "text/plain",
    "log": "text/plain",
    "csv": "text/csv",
    "md": "text/markdown",
    "json": "application/json",
    "xml": "application/xml",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "eml": "message/rfc822",
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "text/html",
    "svg": "image/svg+xml",
    "css": "text/css",
    "js": "text/javascript",
}
_MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|style|meta|base|object|embed|form|img|table|title|a\s|p>|div|svg|\?xml)",
    re.IGNORECASE,
)


def sniff_type(name: str, head: bytes, claimed: str | None = None) -> str:
    """The media type content really has, from its first bytes (512 are plenty); the name only chooses among kin.

    A picture, archive or document is one by its bytes, never by its name or by what the sender `claimed`; anything a
    browser could take for HTML or SVG is called that, so that it is never shown. A claimed audio or video type is
    believed for unknown binary content. All else is "application/octet-stream".
    """
    extension = name.rpartition(".")[2].lower()
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset) and (offset != 8 or head.startswith(b"RIFF")):
            if kind == "application/zip":
                return _IN_ZIP.get(extension, kind)
            return _IN_OLE.get(extension, "application/octet-stream") if kind == "ole" else kind
    if not head:
        return "text/plain"
    text = _as_text(head)
    if text is None:
        known = (claimed or "").lower().split(";")[0].strip()
        return known if re.fullmatch(r"(?:audio|video)/[a-z0-9.+-]{1,60}", known) else "application/octet-stream"
    if found := _MARKUP.search(text):
        if found[0].lower() == b"<svg":
            return "image/svg+xml"
        if found[0].lower() != b"<?xml":
            return "text/html" if extension != "eml" else "message/rfc822"
        return (
            "image/svg+xml"
            if b"<svg" in text.lower() or extension == "svg"
            else "text/html"
            if b"<html" in text.lower()
            else "application/xml"
        )
    return _TEXTS.get(extension, "text/plain")


def shown_inline(media_type: str) -> bool:
    """Whether a browser may show it in the page: pictures made of dots, and nothing that could hold a script."""
    return media_type in _INLINE


def _as_text(head: bytes) -> bytes | None:
    """The bytes as UTF-8 or an 8-bit text if they look like one; None when they are binary."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head):
        return None
    return head
