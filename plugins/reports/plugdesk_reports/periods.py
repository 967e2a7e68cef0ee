"""The days a report is about, as its address says them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from plugdesk.api import gettext as _

USUAL = "30"
LONGEST = 3_660  # days
FIRST, LAST = date(2000, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True)
class Period:
    """Days, the first and the last one included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days right before them; before a whole month, the month before."""
        if self.first.day == 1 and (self.last + timedelta(days=1)).day == 1:
            months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
            year, month = divmod(self.first.year * 12 + self.first.month - 1 - months, 12)
            return Period(date(year, month + 1, 1), self.first - timedelta(days=1))
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def choices() -> Sequence[tuple[str, str]]:
    """The periods to choose from, by their code in the address."""
    return [
        ("7", _("The last 7 days")), (USUAL, _("The last 30 days")), ("90", _("The last 90 days")), ("month", _("This month")),
        ("last_month", _("Last month")), ("year", _("This year")), ("last_year", _("Last year")), ("days", _("The days below")),
    ]  # fmt: skip


def chosen(given: Mapping[str, str]) -> str:
    """Which of them an address asks for."""
    if given.get("period") in dict(choices()):
        return given["period"]
    return "days" if given.get("from") or given.get("to") else USUAL


def read_period(given: Mapping[str, str], today: date) -> tuple[Period, str]:
    """The days an address asks for, and what of it could not be understood, in a sentence."""
    code = chosen(given)
    if code != "days":
        return preset(code, today), ""
    try:
        last = date.fromisoformat(given.get("to", "") or today.isoformat())
        first = date.fromisoformat(given.get("from", "") or (last - timedelta(days=29)).isoformat())
        if FIRST <= first <= last <= LAST and (last - first).days <= LONGEST:
            return Period(first, last), ""
    except (ValueError, OverflowError):
        pass
    words = _("The first day must be before the last one, like 2026-03-01 and 2026-03-31, at most ten years apart.")
    return preset(USUAL, today), words


def preset(code: str, today: date) -> Period:
    """The days of one of the named periods."""
    if code == "month":
        return Period(today.replace(day=1), today)
    if code == "last_month":
        last = today.replace(day=1) - timedelta(days=1)
        return Period(last.replace(day=1), last)
    if code == "year":
        return Period(today.replace(month=1, day=1), today)
    if code == "last_year":
        return Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    return Period(today - timedelta(days=int(code) - 1), today)
