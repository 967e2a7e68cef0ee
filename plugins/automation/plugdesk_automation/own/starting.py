"""When an automation runs: at an event, so long after one, or by the clock. Pure, but for words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from plugdesk.api import Every, Invalid, Rhythm, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_automation.models import Unit
from plugdesk_automation.rules import MOST, length_words

EVENTS: Mapping[str, Any] = {
    "ticket_opened": lazy_gettext("a ticket is opened"),
    "message_received": lazy_gettext("the customer writes again"),
    "reply_written": lazy_gettext("an agent answers"),
    "note_added": lazy_gettext("a note is written"),
    "ticket_assigned": lazy_gettext("it is assigned to somebody else"),
    "status_changed": lazy_gettext("its status changes"),
    "fields_changed": lazy_gettext("values of fields change"),
    "ticket_closed": lazy_gettext("it is closed"),
    "ticket_reopened": lazy_gettext("it is opened again"),
    "ticket_moved": lazy_gettext("it comes from another form"),
}
"""The events of tickets an automation can run at: those that are announced."""


class Kind(StrEnum):
    EVENT = "event"
    TIME = "time"
    SCHEDULE = "schedule"


class Since(StrEnum):
    """What time counts from: the ticket's opening, its coming into its status, the last thing said on it."""

    OPENED = "opened"
    STATUS = "status"
    SAID = "said"


SINCE_WORDS: Mapping[Since, Any] = {
    Since.OPENED: lazy_gettext("after the ticket was opened"),
    Since.STATUS: lazy_gettext("after it came into its status"),
    Since.SAID: lazy_gettext("after the last thing said on it"),
}
NINE = Rhythm(Every.DAY, 9)


@dataclass(frozen=True)
class Start:
    """When: at `events`; `amount` of `unit` after `since`, by working time if `in_hours`; or by the clock, in a `rhythm`."""

    kind: Kind = Kind.EVENT
    events: tuple[str, ...] = ()
    since: Since = Since.OPENED
    amount: int = 1
    unit: Unit = Unit.HOURS
    in_hours: bool = False
    rhythm: Rhythm = NINE

    def plain(self) -> dict[str, Any]:
        """The start as JSON, with what belongs to its kind; `read_start` reads it back."""
        if self.kind is Kind.EVENT:
            return {"kind": str(self.kind), "events": list(self.events)}
        if self.kind is Kind.TIME:
            about = {"since": str(self.since), "amount": self.amount, "unit": str(self.unit), "in_hours": self.in_hours}
        else:
            rhythm = self.rhythm
            about = {"every": str(rhythm.every), "hour": rhythm.hour, "weekday": rhythm.weekday, "day": rhythm.day}
        return {"kind": str(self.kind), **about}


def read_start(stored: Mapping[str, Any]) -> Start:
    """The start that `Start.plain` stored."""
    kind = Kind(stored["kind"])
    if kind is Kind.EVENT:
        return Start(kind, tuple(stored["events"]))
    if kind is Kind.TIME:
        return Start(kind, (), Since(stored["since"]), stored["amount"], Unit(stored["unit"]), stored["in_hours"])
    return Start(kind, rhythm=Rhythm(Every(stored["every"]), stored["hour"], stored["weekday"], stored["day"]))


def typed_start(given: Any) -> Start:
    """The start as a page sent it. Raises `Invalid` by control."""
    kind = given.get("starts", "")
    if kind == Kind.EVENT:
        events = tuple(each for each in EVENTS if each in given.getlist("events"))
        if not events:
            raise Invalid(problems={"events": _("Choose what it runs at.")})
        return Start(Kind.EVENT, events)
    if kind == Kind.TIME:
        since, unit, amount = given.get("since", ""), given.get("unit", ""), _number(given.get("amount", ""))
        if since not in tuple(Since) or unit not in tuple(Unit):
            raise Invalid(problems={"amount": _("Choose what the time counts from, and minutes, hours or days.")})
        if not 1 <= amount <= MOST[Unit(unit)]:
            raise Invalid(problems={"amount": _("Write a whole number from 1 to %(most)s.", most=MOST[Unit(unit)])})
        return Start(Kind.TIME, (), Since(since), amount, Unit(unit), given.get("counting") == "hours")
    if kind == Kind.SCHEDULE:
        every, hour = given.get("every", ""), _number(given.get("hour", ""))
        weekday, day = _number(given.get("weekday", "0")), _number(given.get("day", "1"))
        if every not in tuple(Every) or not 0 <= hour <= 23 or not 0 <= weekday <= 6 or not 1 <= day <= 31:
            raise Invalid(problems={"every": _("Choose the days and the hour at which it runs.")})
        return Start(Kind.SCHEDULE, rhythm=Rhythm(Every(every), hour, weekday, day))
    raise Invalid(problems={"starts": _("Choose when it runs.")})


def start_words(start: Start) -> str:
    """When, in words: "a ticket is opened, or an agent answers", "2 hours after the last thing said on it"."""
    if start.kind is Kind.EVENT:
        return _(", or ").join(str(EVENTS[each]) for each in start.events)
    if start.kind is Kind.TIME:
        length = length_words(start.amount, start.unit, start.in_hours)
        return _("%(length)s %(moment)s", length=length, moment=SINCE_WORDS[start.since])
    return start.rhythm.words


def _number(typed: str) -> int:
    typed = typed.strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else -1
