"""Business hours as people write them: a week of “9:00–13:00, 14:00–18:00”, and exceptions, one a line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from plugdesk.calendars import DAY_MINUTES
from plugdesk.errors import Invalid
from plugdesk.hours.countries import countries
from plugdesk.i18n import gettext as _
from plugdesk.inputs import Problems, needed_line, one_line, read_zone
from plugdesk.users.shifts import DAYS, hours_in_words, hours_of

LONGEST_NAME, MOST_EXCEPTIONS, LONGEST_STRETCH = 80, 200, timedelta(days=400)
_LINE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:\s*(?:\.\.|–|—| - )\s*(\d{4}-\d\d-\d\d))?\s*(?::|\s)\s*(.*)|(\d{4}-\d\d-\d\d)(?:\s*(?:\.\.|–|—| - )\s*(\d{4}-\d\d-\d\d))?"
)
_OFF = ("", "off", "выходной", "-", "–", "—")
READY: Mapping[str, Sequence[str]] = {"weekdays": ("9:00–18:00",) * 5 + ("", ""), "always": ("0:00–24:00",) * 7}
"""Weeks to begin with."""


def read_hours(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as the row stores it. Raises `Invalid` by the control's name: `day-0` is Monday."""
    problems = Problems()
    read: dict[str, Any] = {"zone": None, "country": None, "region": None, "exceptions": []}
    with problems.at("name"):
        read["name"] = needed_line(given.get("name"), _("Give the business hours a name."), most=LONGEST_NAME)
    week: list[list[list[int]]] = []
    for number in range(DAYS):
        with problems.at(f"day-{number}"):
            week.append(_plain(str(given.get(f"day-{number}") or "")))
    read["weekly"] = week
    with problems.at("zone"):
        read["zone"] = read_zone(given.get("zone"))
    with problems.at("country"):
        read["country"] = _country(given.get("country"))
    with problems.at("region"):
        read["region"] = _region(read["country"], given.get("region"))
    with problems.at("exceptions"):
        read["exceptions"] = read_exceptions(str(given.get("exceptions") or ""))
    if not problems.found and not any(week) and not any(each["hours"] for each in read["exceptions"]):
        problems.found["day-0"] = _("There is no working time in these hours. Give at least one day its hours.")
    problems.raise_any()
    return read


def read_exceptions(text: str) -> list[dict[str, Any]]:
    """Lines like “2026-12-31 9:00–15:00”, “2026-01-09 off” or “2026-01-01..2026-01-08 off”, by their first day."""
    found: list[dict[str, Any]] = []
    for line in filter(None, (each.strip() for each in text.splitlines())):
        found.append(_exception(line))
        if len(found) > MOST_EXCEPTIONS:
            raise Invalid(_("At most %(most)s lines. Take out those that are over.", most=MOST_EXCEPTIONS))
    found.sort(key=lambda each: (each["first"], each["last"]))
    for before, after in pairwise(found):
        if after["first"] <= before["last"]:
            raise Invalid(_("%(day)s stands in two lines.", day=after["first"]))
    return found


def exceptions_in_words(stored: Sequence[Mapping[str, Any]]) -> str:
    """Exceptions as `read_exceptions` reads them."""
    lines = []
    for each in stored:
        days = each["first"] if each["first"] == each["last"] else f"{each['first']}..{each['last']}"
        lines.append(" ".join((days, hours_in_words(each["hours"]) or _("off"))))
    return "\n".join(lines)


def hours_typed(weekly: Sequence[Sequence[Sequence[int]]]) -> dict[str, str]:
    """A stored week by the names of its controls."""
    return {f"day-{number}": hours_in_words(day) for number, day in enumerate(weekly)}


def is_around_the_clock(weekly: Sequence[Sequence[Sequence[int]]]) -> bool:
    """Whether the week has no pause."""
    return all([list(each) for each in day] == [[0, DAY_MINUTES]] for day in weekly)


def _plain(text: str) -> list[list[int]]:
    return [[first, last] for first, last in hours_of(text)]


def _exception(line: str) -> dict[str, Any]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise Invalid(
            _(
                "“%(line)s” is not understood. Write like 2026-12-31 9:00–15:00, or 2026-01-01..2026-01-08 off.",
                line=one_line(line, most=60),
            )
        )
    first, last, hours = match[1] or match[4], match[2] or match[5], (match[3] or "").strip()
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise Invalid(_("There is no such day: %(line)s.", line=one_line(line, most=60))) from None
    if end < begin or end - begin > LONGEST_STRETCH:
        raise Invalid(
            _(
                "The last day must not be before the first, or more than %(most)s days after it: %(line)s.",
                most=LONGEST_STRETCH.days,
                line=one_line(line, most=60),
            )
        )
    worked = [] if hours.casefold() in (*_OFF, _("off").casefold()) else _plain(hours)
    return {"first": begin.isoformat(), "last": end.isoformat(), "hours": worked}


def _country(raw: Any) -> str | None:
    code = one_line(raw).upper()
    if code and code not in countries():
        raise Invalid(_("The holidays of this country are not known. Write them down as exceptions."))
    return code or None


def _region(country: str | None, raw: Any) -> str | None:
    region = one_line(raw, most=40)
    if not region:
        return None
    known = {each.casefold(): each for each in countries().get(country or "", ())}
    if not known:
        raise Invalid(_("This country has no regions with holidays of their own. Leave it empty."))
    if region.casefold() not in known:
        raise Invalid(_("There is no such region. Known are: %(codes)s.", codes=", ".join(known.values())))
    return known[region.casefold()]
