"""The clocks of one ticket: started, paused, ended, reckoned by a calendar. They change rows in memory and ask the database nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from plugdesk.api import Calendar, Invalid, Ticket
from plugdesk_sla.models import Clock, Promise, Sort
from plugdesk_sla.reckoning import Pause, deadline, worked

RUNNING, PAUSED, DONE = "running", "paused", "done"
ANSWERS = (Sort.FIRST, Sort.NEXT)


class Keeper:
    """Keeps the clocks of a ticket. `calendar()` is asked for when something has to be reckoned."""

    def __init__(self, promise: Promise, calendar: Callable[[], Calendar], now: datetime) -> None:
        self.promise = promise
        self._calendar = calendar
        self._now = now

    def left(self, *sorts: Sort) -> list[Clock]:
        """The clocks that are not over, of these sorts, or all."""
        return [each for each in self.promise.clocks if each.ended_at is None and (not sorts or each.sort in sorts)]

    def seconds_for(self, sort: str, status: str = "") -> int | None:
        """What is promised of this sort."""
        targets = self.promise.terms["targets"]
        return next((each["seconds"] for each in targets if each["sort"] == sort and each["status"] == status), None)

    def start(self, sort: Sort, at: datetime, *, status: str = "") -> None:
        """Start a clock, where such a target is promised and none of its sort is running."""
        seconds = self.seconds_for(sort, status)
        if seconds is None or any(each.status == status for each in self.left(sort)):
            return
        clock = Clock(
            sort=sort,
            status=status,
            seconds=seconds,
            started_at=at,
            pauses=[],
            left=None,
            ended_at=None,
            warned_at=None,
            breached_at=None,
        )
        self.promise.clocks.append(clock)
        self.reckon(clock)

    def end(self, *sorts: Sort, at: datetime, reply_id: int | None = None) -> None:
        """What was promised is done; `reply_id` is the answer that did it."""
        for clock in self.left(*sorts):
            clock.ended_at, clock.reply_id = at, reply_id
            if clock.is_paused:
                clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], at.isoformat()]]
            self.reckon(clock)

    def reopen(self, clock: Clock) -> None:
        """It was not done after all: the time since then does not count."""
        assert clock.ended_at is not None
        clock.pauses = [*clock.pauses, [clock.ended_at.isoformat(), self._now.isoformat()]]
        clock.ended_at = clock.reply_id = None
        self.reckon(clock)

    def unanswer(self, reply_id: int) -> None:
        """The answer that ended a clock was taken back: it goes on as if that had never been."""
        for clock in self.promise.clocks:
            if clock.reply_id == reply_id:
                clock.ended_at = clock.reply_id = None
                self.reckon(clock)

    def stand(self, still: bool) -> None:
        """Have every clock but those of a status stand still, or go on."""
        for clock in self.left():
            if clock.sort is Sort.STATUS or clock.is_paused == still:
                continue
            if still:
                clock.pauses = [*clock.pauses, [self._now.isoformat(), None]]
            else:
                clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], self._now.isoformat()]]
            self.reckon(clock)

    def reckon(self, clock: Clock) -> None:
        """Reckon the deadline and the warning anew. A clock that is over keeps both."""
        terms = self.promise.terms
        try:
            calendar = self._calendar()
            due, warn, left = moments_of(clock, terms, calendar, self._now)
            self.promise.problem = ""
        except Invalid as refusal:
            due = warn = left = None
            self.promise.problem = str(refusal)
        clock.due_at, clock.warn_at, clock.left = due, warn, left
        if clock.ended_at is not None:
            clock.breached_at = due if due is not None and due < clock.ended_at else None
        elif due is None or due > self._now:
            clock.breached_at = None
            clock.warned_at = clock.warned_at if warn is not None and warn <= self._now else None
        clock.next_at = next_of(clock)

    def sum_up(self) -> None:
        """What lists show of the ticket: the nearest deadline."""
        left, promise = self.left(), self.promise
        due = min((each for each in left if each.due_at is not None), key=lambda each: each.due_at or self._now, default=None)
        promise.due_at, promise.due_sort = (due.due_at, str(due.sort)) if due is not None else (None, None)
        promise.state = DONE if not left else RUNNING if any(not each.is_paused for each in left) else PAUSED
        promise.breached = any(each.breached_at is not None for each in left)


def moments_of(
    clock: Clock, terms: dict[str, Any], calendar: Calendar, now: datetime
) -> tuple[datetime | None, datetime | None, int | None]:
    """The deadline of a clock, when to warn of it, and, while it stands still, the seconds it has left."""
    pauses = stretches(clock)
    due = deadline(calendar, clock.started_at, pauses, clock.seconds)
    ahead = []
    if terms["warn_percent"]:
        ahead.append(clock.seconds * terms["warn_percent"] / 100)
    if terms["warn_minutes"]:
        ahead.append(max(0, clock.seconds - terms["warn_minutes"] * 60))
    warn = deadline(calendar, clock.started_at, pauses, min(ahead)) if ahead else None
    left = round(max(0, clock.seconds - worked(calendar, clock.started_at, pauses, now))) if clock.is_paused else None
    return due, warn, left


def next_of(clock: Clock) -> datetime | None:
    """When something is to be told of a clock."""
    if clock.ended_at is not None or clock.breached_at is not None or clock.due_at is None:
        return None
    if clock.warn_at is not None and clock.warned_at is None and clock.warn_at < clock.due_at:
        return clock.warn_at
    return clock.due_at


def stretches(clock: Clock) -> list[Pause]:
    """The pauses of a clock as moments."""
    return [(datetime.fromisoformat(first), datetime.fromisoformat(last) if last else None) for first, last in clock.pauses]


def stands_still(ticket: Ticket, pauses: Collection[str]) -> bool:
    """Whether the clocks of a ticket stand still: by its status, or because it lies in the bin or was merged away."""
    return str(ticket.status_kind) in pauses or ticket.deleted_at is not None or ticket.merged_into_id is not None


SOON = timedelta(hours=1)  # before its end a clock of which nobody is warned looks urgent
