"""Reports as tables: what a page shows, a file holds and a screen reader reads are the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plugdesk.api import format_duration, format_number, format_percent

Value = int | float | str | None
Link = Callable[..., str]
"""`link(of, sort, key)`: the address of the tickets behind a figure."""


@dataclass(frozen=True)
class Cell:
    """One figure: its plain `value` (seconds where it `is_length`, a length of time), the `text` to read, the tickets behind it."""

    value: Value
    text: str
    url: str = ""
    is_faint: bool = False
    is_length: bool = False


@dataclass(frozen=True)
class Line:
    """One row: whose figures these are."""

    name: str
    cells: Sequence[Cell]
    share: float | None = None


@dataclass(frozen=True)
class Table:
    """A table of a report. `id` is stable; `head` names the rows, `columns` the figures."""

    id: str
    title: str
    head: str
    columns: Sequence[str]
    lines: Sequence[Line]
    note: str = ""


def number(value: int, url: str = "", *, faint: bool = False) -> Cell:
    """How many; with its tickets where there are any."""
    return Cell(value, format_number(value) if value else "–", url if value else "", faint)


def length(seconds: int | None, url: str = "", *, faint: bool = False) -> Cell:
    """How long."""
    text = "–" if seconds is None else format_duration(seconds)
    return Cell(seconds, text, url if seconds is not None else "", faint, is_length=True)


def share(part: int, whole: int) -> Cell:
    """How many of how many; of none it says nothing."""
    value = part / whole if whole else None
    return Cell(None if value is None else round(value, 4), "–" if value is None else format_percent(value))
