"""Tables as files for spreadsheets, CSV or XLSX, written row by row: memory does not grow with them.

No cell is taken for a formula: in CSV what begins like one stands behind an apostrophe, in XLSX it is text by its type.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from plugdesk.api import gettext as _
from plugdesk_reports.tables import Cell, Table

CSV, XLSX = "csv", "xlsx"
TYPES = {CSV: "text/csv; charset=utf-8", XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
LONGEST = 32_767  # characters in a cell of XLSX
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


class Looks(NamedTuple):
    """How cells of a workbook look: those of the head, moments and days."""

    head: Any
    moment: Any
    day: Any


def safe(value: Any) -> str:
    """A cell of CSV that no spreadsheet takes for a formula. Numbers are numbers."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = value.isoformat(sep=" ", timespec="minutes") if isinstance(value, datetime) else str(value)
    return f"'{text}" if text[:1] in _DANGEROUS else text


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    """The file piece by piece; it begins with the sign by which spreadsheets know UTF-8."""
    yield "\ufeff"
    kept = StringIO()
    write = csv.writer(kept)
    for row in rows:
        write.writerow([safe(each) for each in row])
        yield kept.getvalue()
        kept.seek(0)
        kept.truncate()


def xlsx_bytes(sheets: Sequence[tuple[str, Iterable[Sequence[Any]]]], zone: str) -> bytes:
    """The file with its sheets, each a name and rows of which the first is the head. Rows go to the disk as they come."""
    import xlsxwriter

    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": folder}
        with xlsxwriter.Workbook(path, options) as book:
            looks = Looks(
                *map(book.add_format, ({"bold": True}, {"num_format": "yyyy-mm-dd hh:mm"}, {"num_format": "yyyy-mm-dd"}))
            )
            for name, (_name, rows) in zip(_names(sheets), sheets, strict=True):
                sheet = book.add_worksheet(name)
                sheet.freeze_panes(1, 1)
                sheet.set_column(0, 0, 32)
                sheet.set_column(1, 30, 16)
                for place, row in enumerate(rows):
                    for column, value in enumerate(row):
                        _write(sheet, place, column, value, looks, ZoneInfo(zone))
        return path.read_bytes()


def table_rows(table: Table) -> Iterable[Sequence[Any]]:
    """A table of a report with its head; lengths of time in minutes, as the head says, shares as parts of one."""
    lengths = {place for line in table.lines for place, cell in enumerate(line.cells) if cell.is_length}
    columns = enumerate(table.columns)
    yield [table.head, *(_("%(figure)s, minutes", figure=name) if place in lengths else name for place, name in columns)]
    for line in table.lines:
        yield [line.name, *map(_plain, line.cells)]


def rows_of_all(tables: Sequence[Table]) -> Iterable[Sequence[Any]]:
    """All tables of a page one below the other, each under its title."""
    for number, table in enumerate(tables):
        if number:
            yield []
        yield [table.title]
        yield from table_rows(table)


def _plain(cell: Cell) -> Any:
    if cell.is_length and isinstance(cell.value, (int, float)):
        return round(cell.value / 60, 1)
    return cell.value


def _write(sheet: Any, row: int, column: int, value: Any, looks: Looks, zone: ZoneInfo) -> None:
    if value is None or value == "":
        return
    if isinstance(value, (int, float)):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.astimezone(zone).replace(tzinfo=None), looks.moment)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, looks.day)
    else:
        sheet.write_string(row, column, str(value)[:LONGEST], looks.head if row == 0 else None)


def _names(sheets: Sequence[tuple[str, Any]]) -> Iterable[str]:
    """Names a workbook takes: 31 characters, none of them that a formula would stumble over, each once."""
    used = set[str]()
    for name, _rows in sheets:
        plain = "".join(" " if each in "[]:*?/\\'" else each for each in name).strip()[:31] or "Sheet"
        number, wanted = 2, plain
        while wanted.casefold() in used:
            wanted, number = f"{plain[:27]} {number}", number + 1
        used.add(wanted.casefold())
        yield wanted
