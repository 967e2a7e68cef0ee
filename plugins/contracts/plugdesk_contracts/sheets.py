"""Tables that people send: CSV as spreadsheets of the East and the West write it, and XLSX. Pure; nothing in them is ever run."""

from __future__ import annotations

import csv
import logging
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from itertools import islice
from typing import Any
from zipfile import BadZipFile, ZipFile

from plugdesk.api import Invalid, storable
from plugdesk.api import gettext as _

log = logging.getLogger(__name__)

MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 50_000, 50, 2_000
MOST_BYTES, MOST_UNPACKED, MOST_PARTS = 20_000_000, 150_000_000, 2_000
MOST_EMPTY = 100_000  # rows without anything between those with something, which spreadsheets like to keep
LOOKED_AT = 30  # records by which the delimiter is recognised
_PIECE = 1 << 20
_OLD_EXCEL, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"

Rows = list[list[str]]


def read_sheet(content: bytes) -> Rows:
    """The rows of a file, each a list of texts without empty ends; a row that is empty is an empty list.

    Numbers are written plainly, days as 2026-05-31, a formula is what it came to when it was saved. Raises `Invalid` with what is
    to be done.
    """
    if len(content) > MOST_BYTES:
        raise Invalid(_("The file has more than %(most)s MB. Divide it.", most=MOST_BYTES // 1_000_000))
    if content.startswith(_OLD_EXCEL):
        raise Invalid(_("This is a file of an old Excel. Save it as .xlsx or as CSV."))
    cells = _of_xlsx(content) if content.startswith(_ZIP) else _of_csv(content)
    rows = _bounded(cells)
    if not rows:
        raise Invalid(_("There is nothing in this file."))
    return rows


def decoded(content: bytes) -> str:
    """Text whose encoding is not told: by its first bytes, UTF-16 by its zeros, else UTF-8, else Windows-1251."""
    if content.startswith(BOM_UTF8):
        return content.decode("utf-8-sig", "replace")
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    begins = content[:1_000]
    if begins.count(0) > len(begins) // 4:  # half of what is written in Latin letters
        return content.decode("utf-16-le" if begins[1::2].count(0) > begins[::2].count(0) else "utf-16-be", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1251", "replace")


def delimiter_of(text: str) -> str:
    """The one of `;`, `,` and tabulator that divides the most of the first records into equally many cells."""

    def fits(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(record) for record in islice(csv.reader(StringIO(text, newline=""), delimiter=delimiter), LOOKED_AT))
        width, times = max(widths.items(), key=lambda pair: (pair[0] > 1, pair[1], pair[0]), default=(1, 0))
        return (times, width) if width > 1 else (0, 0)

    return max(";,\t", key=fits)


def _of_csv(content: bytes) -> Iterator[list[str]]:
    text = decoded(content)
    try:
        yield from csv.reader(StringIO(text, newline=""), delimiter=delimiter_of(text))
    except csv.Error:
        raise Invalid(_("The file cannot be read as a table: a quotation mark in it is never closed.")) from None


def _of_xlsx(content: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # it costs a fifth of a second, and few import anything

    try:
        _unpacks_well(content)
        book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size is often not so
        for row in sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True):
            yield [_text(cell) for cell in row]
        book.close()
    except Invalid:
        raise
    except Exception:  # whatever a library makes of whatever somebody has called a table
        log.info("A workbook could not be read", exc_info=True)
        raise Invalid(
            _("The file cannot be read as a workbook. Open it in a spreadsheet and save it as .xlsx or as CSV.")
        ) from None


def _unpacks_well(content: bytes) -> None:
    """Refuse what would fill the memory: too much packed into little, and documents that define entities."""
    unpacked = 0
    try:
        with ZipFile(BytesIO(content)) as parts:
            if len(parts.infolist()) > MOST_PARTS:
                raise Invalid(_("There is too much in this workbook. Save its first sheet alone, or as CSV."))
            for part in parts.infolist():
                with parts.open(part) as stream:
                    before = b""
                    while piece := stream.read(_PIECE):  # what was really packed, not what the file says
                        unpacked += len(piece)
                        if unpacked > MOST_UNPACKED or b"<!DOCTYPE" in before + piece:
                            raise Invalid(_("There is too much in this workbook. Save its first sheet alone, or as CSV."))
                        before = piece[-16:]
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise Invalid(_("The file is damaged, or locked by a password. Save it again without one.")) from None


def _bounded(found: Iterable[Sequence[str]]) -> Rows:
    rows, empty = Rows(), 0
    for record in found:
        cells = [storable(each).strip()[:LONGEST_CELL] for each in record]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise Invalid(_("At most %(most)s columns.", most=MOST_COLUMNS))
        if not cells:
            empty += 1
            if empty > MOST_EMPTY:
                break
            continue
        rows += [[] for _number in range(empty)]
        empty = 0
        rows.append(cells)
        if len(rows) > MOST_ROWS + 1:  # one of them holds the names
            raise Invalid(_("At most %(most)s rows at once. Divide the file.", most=MOST_ROWS))
    return rows


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if (cell.hour, cell.minute, cell.second) == (0, 0, 0) else cell.isoformat(" ", "minutes")
    return cell.isoformat() if isinstance(cell, date) else str(cell)
