"""The files people attach in the demo, drawn and written here: photos, receipts, tables, logs and invoices."""

from __future__ import annotations

import csv
import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

_PAPER, _INK, _DARK, _RED = 246, 40, 90, 150


@dataclass(frozen=True)
class Attachment:
    """A file of a letter or reply."""

    name: str
    media_type: str
    data: bytes


def make_paper(sort: str, blanks: Mapping[str, str], content: Mapping[str, Any], at: datetime, rng: Random) -> Attachment:
    """A file of the sort a thread asks for: photo, screen, receipt, csv, log or invoice. Raises KeyError for others."""
    return {"photo": _photo, "screen": _screen, "receipt": _receipt, "csv": _csv, "log": _log, "invoice": _invoice}[sort](
        blanks, content, at, rng
    )


def _photo(blanks: Mapping[str, str], content: Mapping[str, Any], at: datetime, rng: Random) -> Attachment:
    picture = _Picture(320, 240, 205)
    picture.box(0, 170, 320, 70, 168)  # the counter
    left = rng.randrange(60, 110)
    picture.box(left, 60, 150, 95, _DARK)
    picture.box(left + 8, 68, 134, 72, 225)
    picture.box(left + 55, 155, 40, 20, _DARK)
    x, y = left + 8, 68
    while x < left + 138 and y < 138:  # a crack, a stain or a strip of paper, depending on the walk
        step = rng.randrange(3, 14)
        picture.box(x, y, step, 2, _INK)
        x, y = x + step, y + rng.randrange(1, 9)
    return Attachment(f"IMG_{at:%Y%m%d}_{rng.randrange(100, 999)}.png", "image/png", picture.png())


def _screen(blanks: Mapping[str, str], content: Mapping[str, Any], at: datetime, rng: Random) -> Attachment:
    picture = _Picture(360, 220, 232)
    picture.box(0, 0, 360, 26, _DARK)
    for row in range(6):
        picture.words(18, 42 + row * 16, 150, rng, 120)
    picture.box(185, 50, 155, 110, 255)
    picture.box(185, 50, 155, 18, _RED)
    for row in range(3):
        picture.words(195, 82 + row * 16, 125, rng, _INK)
    picture.box(275, 136, 55, 16, _DARK)
    return Attachment(f"screen-{rng.randrange(10, 99)}.png", "image/png", picture.png())


def _receipt(blanks: Mapping[str, str], content: Mapping[str, Any], at: datetime, rng: Random) -> Attachment:
    picture = _Picture(220, 320, 190)
    picture.box(20, 10, 180, 300, _PAPER)
    picture.box(75, 22, 70, 34, _INK)
    for row in range(12):
        picture.words(34, 76 + row * 15, 100, rng, _INK)
        picture.words(160, 76 + row * 15, 28, rng, _INK)
    for bar in range(50):
        picture.box(45 + bar * 2 + bar // 3, 268, rng.randrange(1, 3), 28, _INK)
    return Attachment(f"receipt-{blanks['order'].lower()}.png", "image/png", picture.png())


def _csv(blanks: Mapping[str, str], content: Mapping[str, Any], at: datetime, rng: Random) -> Attachment:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(content["table"])
    sold = at.replace(hour=8, minute=0) - timedelta(days=1)
    for number in range(rng.randrange(25, 60)):
        sold += timedelta(minutes=rng.randrange(2, 14))
        price = f"{rng.randrange(100, 9900) / 100:.2f}".replace(".", content["decimal"])
        writer.writerow(
            [
                4000 + number,
                f"{sold:%Y-%m-%d %H:%M}",
                rng.choice(content["products"]["item"]),
                rng.randrange(1, 4),
                price,
                rng.choice(content["payments"]),
            ]
        )
    return Attachment(f"export-{at:%Y-%m}.csv", "text/csv", out.getvalue().encode("utf-8-sig"))


def _log(blanks: Mapping[str, str], content: Mapping[str, Any], at: datetime, rng: Random) -> Attachment:
    happened = at - timedelta(hours=3)
    lines = []
    for _ in range(30):
        happened += timedelta(seconds=rng.randrange(1, 90))
        code, took = rng.choice([(200, 84), (200, 131), (200, 97), (504, 10_000)])
        number = blanks["order"] if code == 504 else f"A-{rng.randrange(10000, 99999)}"
        lines.append(f"{happened:%Y-%m-%dT%H:%M:%SZ} POST /hooks/sale.closed receipt={number} status={code} ms={took}")
    return Attachment("webhook.log.txt", "text/plain", "\n".join(lines).encode() + b"\n")


def _invoice(blanks: Mapping[str, str], content: Mapping[str, Any], at: datetime, rng: Random) -> Attachment:
    # The fonts every PDF reader has know Latin letters only, so the Russian letterhead is written in them.
    company, invoice, due = content["letterhead"]
    amount = blanks["amount"].replace("₽", "RUB").replace("€", "EUR ").replace("£", "GBP ").replace("\u00a0", " ")
    lines = [
        company,
        f"{invoice} {blanks['invoice']}",
        f"{at:%d.%m.%Y}",
        "",
        f"Tillwise One, {blanks['serial']}",
        f"{due}: {amount}",
    ]
    return Attachment(f"{blanks['invoice']}.pdf", "application/pdf", _pdf(lines))


def _pdf(lines: list[str]) -> bytes:
    """One A4 page in Helvetica (ISO 32000-1, 7.5: header, objects, table of their places, trailer)."""
    shown = "".join(f"({line.replace('(', '').replace(')', '')}) Tj T* " for line in lines)
    stream = f"BT /F1 14 Tf 60 760 Td 22 TL {shown}ET".encode("ascii", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


class _Picture:
    """A grey picture of boxes, enough to look like something at the size of a thumbnail."""

    def __init__(self, width: int, height: int, shade: int) -> None:
        self._width, self._height = width, height
        self._rows = [bytearray([shade]) * width for _ in range(height)]

    def box(self, left: int, top: int, width: int, height: int, shade: int) -> None:
        right = min(left + width, self._width)
        for row in self._rows[max(top, 0) : top + height]:
            row[left:right] = bytes([shade]) * (right - left)

    def words(self, left: int, top: int, width: int, rng: Random, shade: int) -> None:
        x, end = left, left + width - rng.randrange(width // 3)
        while x < end:
            length = min(rng.randrange(8, 30), end - x)
            self.box(x, top, length, 6, shade)
            x += length + 5

    def png(self) -> bytes:
        """Source: PNG specification, third edition, 8-bit grey without interlacing."""
        header = struct.pack(">IIBBBBB", self._width, self._height, 8, 0, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in self._rows), 9)
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
        )
