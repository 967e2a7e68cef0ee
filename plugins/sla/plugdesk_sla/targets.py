"""What a policy promises: targets as rows hold them, how long each is on a calendar, and their words.

A target is {sort, status, amount, unit}: `sort` as in `Sort`, `status` the code of the status a target of that sort is for, else "",
`unit` minutes, hours or days of working time. A day is as long as a usual working day of the calendar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plugdesk.api import Calendar, Form, Invalid, current_language, lazy_gettext, ngettext, row_number
from plugdesk.api import gettext as _
from plugdesk_sla.models import Sort

MINUTES, HOURS, DAYS = "minutes", "hours", "days"
UNITS = ((MINUTES, lazy_gettext("minutes")), (HOURS, lazy_gettext("hours")), (DAYS, lazy_gettext("working days")))
MOST: Mapping[str, int] = {MINUTES: 100_000, HOURS: 10_000, DAYS: 1_000}
TITLES: Mapping[str, Any] = {
    Sort.FIRST: lazy_gettext("First response"),
    Sort.NEXT: lazy_gettext("Next response"),
    Sort.RESOLUTION: lazy_gettext("Resolution"),
    Sort.STATUS: lazy_gettext("Time in a status"),
}
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def seconds_of(target: Mapping[str, Any], calendar: Calendar) -> int:
    """How much working time on `calendar` a target promises."""
    length = {MINUTES: _MINUTE, HOURS: _HOUR}.get(target["unit"]) or usual_day(calendar)
    return int(target["amount"]) * length


def usual_day(calendar: Calendar) -> int:
    """The length in seconds of a usual working day: what a day of the week that is worked has on average."""
    days = [day for day in calendar.weekly if day] or [day for day in calendar.holidays.values() if day]
    minutes = sum(last - first for day in days for first, last in day)
    return round(minutes * _MINUTE / len(days))


def controls_of(form: Form) -> list[tuple[str, str, str, str]]:
    """Every target that can be promised on a form: the name of its control, its sort, the status's code, its title."""
    general = [(str(sort), str(sort), "", str(TITLES[sort])) for sort in (Sort.FIRST, Sort.NEXT, Sort.RESOLUTION)]
    named = [
        (f"status-{each.code}", str(Sort.STATUS), each.code, title_of(form, Sort.STATUS, each.code))
        for each in form.statuses
        if not each.kind.is_final
    ]
    return general + named


def read_targets(form: Form, given: Mapping[str, Any], problems: dict[str, str]) -> list[dict[str, Any]]:
    """The targets that a page sent, an amount and a unit each; `problems` takes what is wrong, by control."""
    found: list[dict[str, Any]] = []
    for control, sort, status, _title in controls_of(form):
        raw, unit = str(given.get(control) or "").strip(), str(given.get(f"unit-{control}") or HOURS)
        if not raw:
            continue
        amount, most = row_number(raw), MOST.get(unit)
        if most is None:
            problems[control] = _("Choose minutes, hours or working days.")
        elif not amount or amount > most:
            problems[control] = _("Write a whole number from 1 to %(most)s.", most=most)
        else:
            found.append({"sort": sort, "status": status, "amount": amount, "unit": unit})
    return found


def title_of(form: Form, sort: str, status: str) -> str:
    """What a clock counts to: "First response", "In “In progress”"."""
    if sort != Sort.STATUS:
        return str(TITLES[sort])
    known = form.status(status)
    return _("In “%(status)s”", status=known.name_in(current_language()) if known else status)


def amount_words(target: Mapping[str, Any]) -> str:
    """How long: "4 hours"."""
    amount = int(target["amount"])
    if target["unit"] == MINUTES:
        return ngettext("%(num)d minute", "%(num)d minutes", amount)
    if target["unit"] == HOURS:
        return ngettext("%(num)d hour", "%(num)d hours", amount)
    return ngettext("%(num)d working day", "%(num)d working days", amount)


def targets_words(form: Form, targets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each target: "First response: 30 minutes"."""
    return [
        _("%(target)s: %(time)s", target=title_of(form, each["sort"], each["status"]), time=amount_words(each))
        for each in targets
    ]


def refuse_none(targets: Sequence[Mapping[str, Any]], problems: dict[str, str]) -> None:
    """A policy without a target promises nothing. Raises `Invalid` with all that is wrong."""
    if not targets and not problems:
        problems[str(Sort.FIRST)] = _("Give at least one target a time.")
    if problems:
        raise Invalid(problems=problems)
