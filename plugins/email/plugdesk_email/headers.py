"""The header of a letter or of one of its parts: cut into fields, unfolded and read without ever raising."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from urllib.parse import unquote_to_bytes

from plugdesk_email.charsets import decode_bytes, decode_words, without_nul

MAX_BLOCK = 1_000_000
MAX_VALUE = 100_000
MAX_IDS = 100
_LONGEST_ID = 250

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Characters that make what follows run backwards, or are not seen at all.
_BIDI = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACES = re.compile(r"\s+")
_ID = re.compile(r"<([^<>]{1,2000})>")
_PARAMETER = re.compile(r';\s*([^\s=;"*]{1,60})(\*?)(\d{0,3})(\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))')
_TOKEN = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")


class Headers:
    """The fields of one header, by name in any case."""

    def __init__(self, fields: Iterable[tuple[str, bytes]]) -> None:
        self._fields: dict[str, list[bytes]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._fields

    def raw(self, name: str) -> str:
        """The first field of that name, unfolded and with its bytes read, encoded words left as they are."""
        values = self._fields.get(name.lower())
        return _unfold(values[0]) if values else ""

    def all_raw(self, name: str) -> list[str]:
        """Like `raw`, for every field of that name, top first."""
        return [_unfold(value) for value in self._fields.get(name.lower(), ())]

    def text(self, name: str) -> str:
        """The first field of that name as one line for people: words decoded, no controls, no tricks with direction."""
        return one_line(decode_words(self.raw(name)))

    def parameters(self, name: str) -> tuple[str, dict[str, str]]:
        """A structured field such as Content-Type: its value in lower case and its parameters (RFC 2045, RFC 2231)."""
        value = self.raw(name)
        head, _, rest = value.partition(";")
        return head.strip().lower(), _parameters(";" + rest) if rest else {}

    def content_type(self) -> tuple[str, dict[str, str]]:
        """The media type, always of the form `type/subtype` (text/plain where there is none), and its parameters."""
        value, parameters = self.parameters("content-type")
        value = _SPACES.sub("", value)
        if not value or value == "text":
            return "text/plain", parameters
        if value in {"html", "plain"}:
            return f"text/{value}", parameters
        return (value if _TOKEN.fullmatch(value) else "application/octet-stream"), parameters

    def ids(self, name: str) -> tuple[str, ...]:
        """The message ids in a field, without brackets; of very many the first and the last ones are kept."""
        found = [shortened_id(each) for value in self.all_raw(name) for each in _ids(value)]
        unique = list(dict.fromkeys(found))
        return tuple(unique if len(unique) <= MAX_IDS else unique[:1] + unique[1 - MAX_IDS :])

    def date(self) -> datetime | None:
        """The Date field in UTC, or nothing where it makes no sense."""
        try:
            date = parsedate_to_datetime(self.raw("date")[:200])
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None


def split_header(raw: bytes, start: int = 0, end: int | None = None) -> tuple[Headers, int]:
    """The header that begins at `start`, and where its body begins.

    Lines that are no header are taken as a badly folded piece of the field above if more fields follow, else
    as the beginning of the body (a letter without the empty line between the two).
    """
    end = len(raw) if end is None else end
    limit = min(end, start + MAX_BLOCK)
    fields: list[tuple[str, bytes]] = []
    name, pieces = "", []
    position = start
    while position < end:
        newline = raw.find(b"\n", position, end)
        after = end if newline < 0 else newline + 1
        line = raw[position : min(after, position + MAX_VALUE)]
        if not line.strip(b"\r\n"):
            position = after
            break
        if position >= limit:
            blank = _blank_line(raw, position, end)
            position = blank
            break
        if line[:1] in b" \t":
            pieces.append(line)
        elif match := _FIELD.match(line):
            if name:
                fields.append((name, b"".join(pieces)))
            name, pieces = match[1].decode("ascii").lower(), [line[match.end() :]]
        elif not (line.startswith((b"From ", b">From ")) and not fields):
            if not _FIELD.match(raw, after, end):
                break
            pieces.append(line)
        position = after
    if name:
        fields.append((name, b"".join(pieces)))
    return Headers(fields), position


def one_line(text: str) -> str:
    """`text` on one line, without control and direction characters, so that it can stand in a page or a header."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return _SPACES.sub(" ", _CONTROLS.sub(" ", _BIDI.sub("", without_nul(text)))).strip()


def file_name(text: str) -> str:
    """A sent file's name as it may be shown and stored: no folders, no controls, at most 200 characters."""
    name = re.split(r"[/\\]", one_line(unicodedata.normalize("NFC", text)))[-1].strip(" \"'")
    if len(name) > 200:
        stem, dot, extension = name.rpartition(".")
        name = f"{stem[:180]}.{extension}" if dot and 0 < len(extension) <= 15 else name[:200]
    return "" if name.strip(".") == "" else name


def shortened_id(message_id: str) -> str:
    """A message id that fits a database key: a very long one is replaced by its hash, always the same."""
    if len(message_id) <= _LONGEST_ID:
        return message_id
    return f"{sha256(message_id.encode('utf-8', 'replace')).hexdigest()}@long-id.invalid"


def _ids(value: str) -> list[str]:
    found = [_SPACES.sub("", match) for match in _ID.findall(value)] if "<" in value else value.split()
    if not found and "<" in value:
        found = [_SPACES.sub("", value).strip("<>")]
    return [each for each in (one_line(found_id).strip("<>,;") for found_id in found) if each]


def _unfold(value: bytes) -> str:
    value = value[:MAX_VALUE].replace(b"\0", b"").strip()
    if b"\n" in value or b"\r" in value:
        value = re.sub(rb"\n(?=[ \t])", b"", value.replace(b"\r\n", b"\n")).replace(b"\r", b" ").replace(b"\n", b" ")
    return value.decode("ascii") if value.isascii() else decode_bytes(value)


def _blank_line(raw: bytes, position: int, end: int) -> int:
    found = re.compile(rb"\n\r?\n").search(raw, position, end)
    return found.end() if found else end


def _parameters(value: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(value[:20_000]):
        name, star, number, last_star, quoted, bare = match.groups()
        name = name.lower()
        content = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare.strip().strip('"')
        if star:
            pieces.setdefault(name, []).append((int(number or 0), bool(last_star) or not number, content))
        else:
            plain.setdefault(name, decode_words(content))
    for name, found in pieces.items():
        plain[name] = _joined(sorted(found)[:100])
    return plain


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """The value of a parameter sent in pieces: charset'language'percent-encoded (RFC 2231, section 4.1)."""
    charset, raw = "", b""
    for index, (_, encoded, content) in enumerate(pieces):
        if encoded and index == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        raw += unquote_to_bytes(content) if encoded else content.encode("utf-8", "replace")
    return decode_words(decode_bytes(raw, charset))
