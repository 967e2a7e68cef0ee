"""A letter cut into its parts (RFC 2046) in one bounded pass over the bytes.

The standard library's parser goes line by line and calls itself for every level; a letter of ten thousand parts,
two hundred levels or thirty megabytes costs it seconds and several times its size. Here a part is two positions.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from plugdesk_email.charsets import decode_base64, decode_bytes
from plugdesk_email.headers import Headers, split_header

MAX_PARTS = 500
MAX_DEPTH = 100
_NO_HEADERS = Headers(())


@dataclass(slots=True)
class Part:
    """One part: its header and where in `raw` its content lies; a multipart has `parts` instead of content."""

    raw: bytes = field(repr=False)
    headers: Headers
    start: int
    end: int
    type: str
    parameters: dict[str, str]
    parts: list["Part"] = field(default_factory=list)

    @property
    def disposition(self) -> str:
        """`attachment`, `inline` or nothing."""
        return self.headers.parameters("content-disposition")[0]

    @property
    def file_name(self) -> str:
        """The name the sender gave the file, undressed of nothing yet."""
        return self.headers.parameters("content-disposition")[1].get("filename") or self.parameters.get("name", "")

    def content(self, limit: int | None = None) -> bytes:
        """The bytes of the part as they were before sending; `limit` bounds what is read of the sent form."""
        end = self.end if limit is None else min(self.end, self.start + limit)
        return decode_transfer(self.raw[self.start : end], self.headers.raw("content-transfer-encoding"))

    def text(self, limit: int | None = None) -> str:
        """The content as text with `\\n` line ends."""
        text = decode_bytes(self.content(limit), self.parameters.get("charset", ""))
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, in the order of the letter."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))


def split_letter(raw: bytes) -> tuple[Part, list[str]]:
    """The parts of a letter, and sentences about what was too much."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    problems: list[str] = []
    root = _part(raw, len(raw) - len(raw.lstrip(b"\r\n")), len(raw), "text/plain")
    budget = MAX_PARTS
    waiting = [(root, 0)]
    while waiting:
        part, depth = waiting.pop()
        if not part.type.startswith("multipart/"):
            continue
        if depth >= MAX_DEPTH:
            problems.append(f"The letter is nested more than {MAX_DEPTH} levels deep; the rest is kept as a file.")
            part.type = "application/octet-stream"
            continue
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        for start, end in _pieces(part):
            if budget == 0:
                problems.append(f"The letter has more than {MAX_PARTS} parts; the others are only in the original.")
                return root, problems
            budget -= 1
            part.parts.append(_part(raw, start, end, default))
        if not part.parts:
            part.type = "text/html" if b"<html" in raw[part.start : part.start + 2000].lower() else "text/plain"
        waiting.extend((below, depth + 1) for below in part.parts)
    return root, problems


def decode_transfer(raw: bytes, encoding: str) -> bytes:
    """`raw` without its Content-Transfer-Encoding; unknown encodings leave it as it is."""
    match encoding.split(";")[0].strip().lower().strip("\"'"):
        case "base64":
            return decode_base64(raw)
        case "quoted-printable":
            return binascii.a2b_qp(raw)
        case "x-uuencode" | "uuencode" | "uue" | "x-uue":
            return _decode_uu(raw)
    return raw


def _part(raw: bytes, start: int, end: int, default: str) -> Part:
    headers, body = split_header(raw, start, end)
    type_, parameters = headers.content_type() if "content-type" in headers else (default, {})
    return Part(raw, headers, body, end, type_, parameters)


def _pieces(part: Part) -> Iterator[tuple[int, int]]:
    """Where the parts of a multipart begin and end; the last one may lack its closing line."""
    raw, end = part.raw, part.end
    boundary = part.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
    if not boundary or raw.find(b"--" + boundary, part.start, end) < 0:
        boundary = _guessed_boundary(part)
        if not boundary:
            return
    begin = None
    for start, after, closing in _delimiters(raw, part.start, end, b"--" + boundary):
        if begin is not None:
            yield begin, max(begin, start)
        if closing:
            return
        begin = after
    if begin is not None and begin <= end:
        yield begin, end


def _delimiters(raw: bytes, start: int, end: int, line: bytes) -> Iterator[tuple[int, int, bool]]:
    """(end of what stands above, start of what stands below, whether it is the closing one) of each boundary line."""
    position = raw.find(line, start, end)
    while position >= 0:
        after = position + len(line)
        newline = raw.find(b"\n", after, min(end, after + 200))
        tail = raw[after : newline if newline >= 0 else min(end, after + 200)]
        closing = tail.startswith(b"--")
        if (position == start or raw[position - 1] == 10) and (closing or not tail.strip()):
            above = position - 1 if position > start else position
            if above > start and raw[above - 1] == 13:
                above -= 1
            yield above, end if newline < 0 else newline + 1, closing
        position = raw.find(line, after, end)


def _guessed_boundary(part: Part) -> bytes:
    found = re.compile(rb"(?:\A|\n)--([^\s-][^\r\n]{0,200}?)[ \t]*\r?\n").search(
        part.raw[part.start : min(part.end, part.start + 5000)]
    )
    return found[1] if found else b""


def _decode_uu(raw: bytes) -> bytes:
    decoded: list[bytes] = []
    for line in raw.splitlines():
        if line.startswith(b"begin ") or line in (b"end", b"`", b""):
            continue
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Lines with too much padding: only as many characters count as the first one says.
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                decoded.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                continue
    return b"".join(decoded)
