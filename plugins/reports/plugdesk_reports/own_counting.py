"""Counting an own report from the facts of tickets, under its reader's rights: the conditions are those of the tickets behind it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from plugdesk.api import Status, Ticket, User, runtime_of
from plugdesk_reports import behind
from plugdesk_reports.behind import BACKLOG, Wanted
from plugdesk_reports.definition import TIME, Metric
from plugdesk_reports.figures import ASSIGNEE, CHANNEL, CLOSED, CUSTOMER, GROUP, NOBODY, REOPENED, STATUS
from plugdesk_reports.grains import grain_sql, quantile
from plugdesk_reports.metrics import FORM
from plugdesk_reports.models import Mark, Stretch, TicketFacts
from plugdesk_reports.naming import ORGANIZATION
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Reach

MOST_LINES = 200
WHOLE = ""  # told apart by nothing
Slots = Sequence[tuple[date, date, str]]


@dataclass(frozen=True)
class Figure:
    """How many are counted, the sum of what a metric says of them, and how long the wanted share of them took at most."""

    number: int = 0
    total: float = 0
    length: int | None = None


@dataclass(frozen=True)
class Asking:
    """What is counted for whom: a metric, and what narrows it."""

    session: Session
    reach: Reach
    metric: Metric
    wanted: Wanted

    def total(self, period: Period) -> Figure:
        """All of it in these days."""
        return self._read(period, WHOLE, keys=[WHOLE]).get(WHOLE, Figure())

    def apart(self, period: Period, by: str, slots: Slots, *, keys: Collection[str] | None = None) -> Mapping[str, Figure]:
        """The same told apart: those with most first, as many as a page shows, or these `keys`. Times are known by their place in
        `slots`."""
        if by == TIME and self.wanted.of == BACKLOG:
            return self._open_at_the_end(slots)
        return self._read(period, by, slots, keys=keys)

    def _read(self, period: Period, by: str, slots: Slots = (), *, keys: Collection[str] | None = None) -> Mapping[str, Figure]:
        if self.metric.share is not None and keys is not None:
            return self._lengths(period, by, slots, self.metric.share, keys)
        rows = self._rows(period, by, slots)
        number = sa.func.sum(rows.c.n)
        query = sa.select(rows.c.key, number, sa.func.sum(rows.c.value)).group_by(rows.c.key)
        query = (
            query.order_by(number.desc(), rows.c.key).limit(MOST_LINES)
            if keys is None
            else query.where(rows.c.key.in_(list(keys)))
        )
        found = {str(key): Figure(int(n), float(total or 0)) for key, n, total in self._execute(query)}
        if self.metric.share is None or not found:
            return found
        lengths = self._lengths(period, by, slots, self.metric.share, found)
        return {key: lengths.get(key, each) for key, each in found.items()}

    def _lengths(self, period: Period, by: str, slots: Slots, share: float, keys: Collection[str]) -> Mapping[str, Figure]:
        """How many have each of these keys, and how long the `share` of them took at most."""
        rows, lengths = self._rows(period, by, slots, by_length=True), defaultdict[str, Counter[int]](Counter)
        spread = sa.select(rows.c.key, rows.c.grain, sa.func.sum(rows.c.n)).where(rows.c.key.in_(list(keys)))
        for key, grain, n in self.session.execute(spread.group_by(rows.c.key, rows.c.grain)):
            lengths[str(key)][grain] += int(n)
        return {key: Figure(sum(each.values()), length=quantile(each, share)) for key, each in lengths.items()}

    def _execute(self, query: sa.Select[Any]) -> Sequence[Any]:
        """The rows; where an extension's SQL fails, none, and the failure is the extension's."""
        offered = self.metric.offered
        return self.session.execute(query).all() if offered is None else offered.read(self.session, query)

    def _rows(self, period: Period, by: str, slots: Slots, *, by_length: bool = False) -> sa.CTE:
        """How many (`n`) are counted of a key, what the metric says of them, and with `by_length` of each length of time (`grain`)."""
        key, join = self._key(by, slots)
        tickets = behind.looks_at_tickets(self.reach, self.wanted, by)
        length, rows = behind.length_of(self.wanted), self.wanted.rows
        grain: Any = sa.literal(0) if length is None or not by_length else grain_sql(length)
        value: Any = sa.literal(0) if rows is None else rows.c.value
        query = sa.select(key.label("key"), grain.label("grain"), value.label("value"))
        query = behind.from_facts(query, self.wanted, tickets=tickets)
        query = query if join is None else query.join(*join)
        one = query.where(*behind.conditions(self.session, self.reach, period, self.wanted, tickets=tickets)).subquery().c
        many = sa.select(one.key, one.grain, sa.func.count().label("n"), sa.func.sum(one.value).label("value"))
        found = many.group_by(one.key, one.grain).subquery().c
        # In which of dozens of steps a day lies is asked once for all of its tickets.
        last: Any = place_of(found.key, _ends(slots)) if by == TIME and rows is None else found.key
        named = sa.func.coalesce(sa.cast(last, sa.Text), NOBODY).label("key")
        return sa.select(named, found.grain, found.n, found.value).cte("counted")

    def _key(self, by: str, slots: Slots) -> tuple[Any, tuple[Any, Any] | None]:
        """What tells rows apart, and what has to be joined for it."""
        if by == WHOLE:
            return sa.literal(WHOLE), None
        if by == TIME:
            return self._moment(slots), None
        if by in (ASSIGNEE, GROUP, CUSTOMER):
            return behind.column_of(self.wanted, by), None
        if by in (FORM, CHANNEL):
            return {FORM: TicketFacts.form_id, CHANNEL: TicketFacts.channel}[by], None
        if by == ORGANIZATION:
            customer = aliased(User)
            return customer.organization_id, (customer, customer.id == TicketFacts.customer_id)
        if by == STATUS:
            status = aliased(Status)
            return status.code, (status, status.id == Ticket.status_id)
        return Mark.key, (Mark, sa.and_(Mark.ticket_id == TicketFacts.ticket_id, Mark.sort == by))

    def _moment(self, slots: Slots) -> Any:
        """The day on which a row counts; of an extension's row, which has a moment, in which of the slots."""
        if self.wanted.rows is None:
            return TicketFacts.closed_day if self.wanted.of in (CLOSED, REOPENED) else TicketFacts.opened_day
        midnight = time(tzinfo=ZoneInfo(runtime_of(self.session).desk(self.session).zone))
        ends = [datetime.combine(last + timedelta(days=1), midnight) for _first, last, _name in slots]
        return place_of(self.wanted.rows.c.at, ends)

    def _open_at_the_end(self, slots: Slots) -> Mapping[str, Figure]:
        """How many tickets were open when each of the slots ended."""
        ends, change = [slots[0][0].toordinal(), *_ends(slots)], Counter[int]()
        for column, sign in ((Stretch.began_day, 1), (Stretch.ended_day, -1)):
            for day, n in self.session.execute(self._moved(column).where(column < ends[-1])):
                change[bisect_right(ends, day)] += sign * n
        found, left = {}, change[0]
        for place in range(len(slots)):
            left += change[place + 1]
            found[str(place)] = Figure(left)
        return found

    def _moved(self, day: Any) -> sa.Select[Any]:
        """How many began to be open, or ended, on each day."""
        query = sa.select(day, sa.func.count()).where(Stretch.status == "").group_by(day)
        if not behind.looks_at_tickets(self.reach, self.wanted):
            return query.where(Stretch.form_id.in_([form.id for form in self.reach.forms]))
        found: sa.Select[Any] = behind.from_facts(query, self.wanted).join(Stretch, Stretch.ticket_id == TicketFacts.ticket_id)
        return found.where(*behind.seen(self.session, self.reach, self.wanted))


def _ends(slots: Slots) -> list[int]:
    """The days after each of the slots."""
    return [last.toordinal() + 1 for _first, last, _name in slots]


def place_of(column: Any, ends: Sequence[Any]) -> Any:
    """Which of the stretches that end before these values the column lies in, the first one being 0."""
    return (
        sa.case(*((column < end, place) for place, end in enumerate(ends[:-1])), else_=len(ends) - 1)
        if len(ends) > 1
        else sa.literal(0)
    )
