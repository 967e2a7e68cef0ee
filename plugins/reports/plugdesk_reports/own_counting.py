"""Counting an own report from the facts of tickets, under its reader's rights: the conditions are those of the tickets behind it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
        return self._read(period, sa.literal("")).get("", Figure())

    def apart(self, period: Period, by: str, slots: Slots, *, keys: Collection[str] | None = None) -> Mapping[str, Figure]:
        """The same told apart: those with most first, as many as a page shows, or these `keys`. Times are known by their place in
        `slots`."""
        if by == TIME and self.wanted.of == BACKLOG:
            return self._open_at_the_end(slots)
        return self._read(period, by, slots, keys=keys)

    def _read(self, period: Period, by: Any, slots: Slots = (), *, keys: Collection[str] | None = None) -> Mapping[str, Figure]:
        rows = self._rows(period, by, slots)
        number = sa.func.count()
        query = sa.select(rows.c.key, number, sa.func.sum(rows.c.value)).group_by(rows.c.key)
        query = (
            query.order_by(number.desc(), rows.c.key).limit(MOST_LINES)
            if keys is None
            else query.where(rows.c.key.in_(list(keys)))
        )
        found = {str(key): Figure(n, float(total or 0)) for key, n, total in self._execute(query)}
        if self.metric.share is None or not found:
            return found
        lengths: dict[str, Counter[int]] = defaultdict(Counter)
        spread = sa.select(rows.c.key, rows.c.grain, number).where(rows.c.key.in_(list(found))).group_by(rows.c.key, rows.c.grain)
        for key, grain, n in self.session.execute(spread):
            lengths[str(key)][grain] += n
        return {key: replace(each, length=quantile(lengths[key], self.metric.share)) for key, each in found.items()}

    def _execute(self, query: sa.Select[Any]) -> Sequence[Any]:
        """The rows; where an extension's SQL fails, none, and the failure is the extension's."""
        offered = self.metric.offered
        return self.session.execute(query).all() if offered is None else offered.read(self.session, query)

    def _rows(self, period: Period, by: Any, slots: Slots) -> sa.CTE:
        """A row for each that is counted: its key, how long it took, what the metric says of it."""
        key, join = self._key(by, slots) if isinstance(by, str) else (by, None)
        length, rows = behind.length_of(self.wanted), self.wanted.rows
        grain: Any = sa.literal(0) if length is None or self.metric.share is None else grain_sql(length)
        value: Any = sa.literal(0) if rows is None else rows.c.value
        columns = (sa.func.coalesce(sa.cast(key, sa.Text), NOBODY).label("key"), grain.label("grain"), value.label("value"))
        query = behind.from_facts(sa.select(*columns), self.wanted)
        query = query if join is None else query.join(*join)
        found: sa.CTE = query.where(*behind.conditions(self.session, self.reach, period, self.wanted)).cte("counted")
        return found

    def _key(self, by: str, slots: Slots) -> tuple[Any, tuple[Any, Any] | None]:
        """What tells rows apart, and what has to be joined for it."""
        if by == TIME:
            return self._place(slots), None
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

    def _place(self, slots: Slots) -> Any:
        """In which of the slots a row counts."""
        if self.wanted.rows is None:
            day = TicketFacts.closed_day if self.wanted.of in (CLOSED, REOPENED) else TicketFacts.opened_day
            return place_of(day, [last.toordinal() + 1 for _first, last, _name in slots])
        midnight = time(tzinfo=ZoneInfo(runtime_of(self.session).desk(self.session).zone))
        ends = [datetime.combine(last + timedelta(days=1), midnight) for _first, last, _name in slots]
        return place_of(self.wanted.rows.c.at, ends)

    def _open_at_the_end(self, slots: Slots) -> Mapping[str, Figure]:
        """How many tickets were open when each of the slots ended."""
        ends = [slots[0][0].toordinal(), *(last.toordinal() + 1 for _first, last, _name in slots)]
        change = Counter[int]()
        for column, sign in ((Stretch.began_day, 1), (Stretch.ended_day, -1)):
            query = behind.from_facts(sa.select(place_of(column, ends).label("place")), self.wanted)
            query = query.join(Stretch, Stretch.ticket_id == TicketFacts.ticket_id).where(Stretch.status == "", column < ends[-1])
            rows = query.where(*behind.seen(self.session, self.reach, self.wanted)).cte("moved")
            for place, n in self.session.execute(sa.select(rows.c.place, sa.func.count()).group_by(rows.c.place)):
                change[place] += sign * n
        found, left = {}, change[0]
        for place in range(len(slots)):
            left += change[place + 1]
            found[str(place)] = Figure(left)
        return found


def place_of(column: Any, ends: Sequence[Any]) -> Any:
    """Which of the stretches that end before these values the column lies in, the first one being 0."""
    return (
        sa.case(*((column < end, place) for place, end in enumerate(ends[:-1])), else_=len(ends) - 1)
        if len(ends) > 1
        else sa.literal(0)
    )
