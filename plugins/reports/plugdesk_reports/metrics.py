"""Figures that extensions bring: counted from their own rows, told apart by what the tickets' facts say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import OfferedMetric, format_number, report_metrics_on, runtime_of
from plugdesk_reports import tables
from plugdesk_reports.figures import ASSIGNEE, CHANNEL, GROUP, NOBODY, PLAIN
from plugdesk_reports.models import TicketFacts
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Reach, within_reach
from plugdesk_reports.tables import Cell

FORM = "form"
SORTS = (PLAIN, FORM, CHANNEL, ASSIGNEE, GROUP)


@dataclass(frozen=True)
class Measured:
    """How many there are, and the sum of their values."""

    number: int = 0
    total: float = 0


@dataclass
class Measures:
    """What the metrics of extensions say of some days, told apart by some sorts."""

    offered: Sequence[OfferedMetric] = ()
    found: dict[tuple[str, str, str], Measured] = field(default_factory=lambda: defaultdict(Measured))

    def of(self, metric: OfferedMetric, sort: str = PLAIN, key: str = "") -> Measured:
        """The figure of one metric for one key of a sort."""
        return self.found.get((metric.code, sort, key), Measured())

    def keys(self, sort: str) -> Iterable[str]:
        """What there is of one sort."""
        return dict.fromkeys(key for _code, of, key in self.found if of == sort)

    @property
    def is_empty(self) -> bool:
        return not self.found


def read_measures(session: Session, reach: Reach, period: Period, *, sorts: Collection[str] = ()) -> Measures:
    """The metrics of extensions that the reader may see, over these days: plain, and told apart by `sorts`. A query for each."""
    found = Measures(report_metrics_on(session, reach.forms, reach.viewer))
    wanted = [sort for sort in SORTS if sort == PLAIN or sort in sorts]
    for metric in found.offered:
        for sort, key, number, total in metric.read(session, _tallied(session, reach, period, metric, wanted)):
            found.found[metric.code, sort, key] = Measured(number, float(total or 0))
    return found


def columns_of(rows: sa.Subquery, sort: str) -> Any:
    """What tells rows of a metric, joined with the facts of their tickets, apart by `sort`; None for what does not."""
    own = {ASSIGNEE: "assignee_id", GROUP: "group_id"}
    if sort in own:
        return rows.c[own[sort]] if own[sort] in rows.c else getattr(TicketFacts, own[sort])
    return {FORM: TicketFacts.form_id, CHANNEL: TicketFacts.channel}.get(sort)


def in_days(session: Session, rows: sa.Subquery, period: Period) -> sa.ColumnElement[bool]:
    """The rows of a metric that count in these days, by the desk's clock."""
    midnight = time(tzinfo=ZoneInfo(runtime_of(session).desk(session).zone))
    begins, ends = datetime.combine(period.first, midnight), datetime.combine(period.last + timedelta(days=1), midnight)
    return sa.and_(rows.c.at >= begins, rows.c.at < ends)


def shown(metric: OfferedMetric, measured: Measured, url: str = "", *, faint: bool = False) -> Cell:
    """One figure: a number, an average or a share; of nothing it says nothing."""
    number, total = measured.number, measured.total
    if metric.metric.shown == "number":
        return tables.number(number, url, faint=faint)
    if not number:
        return Cell(None, "–", is_faint=faint)
    if metric.metric.shown == "share":
        return Cell(round(total / number, 4), tables.share(round(total), number).text, url, faint)
    average = round(total / number, 2)
    return Cell(average, format_number(average), url, faint)


def _tallied(
    session: Session, reach: Reach, period: Period, metric: OfferedMetric, sorts: Sequence[str]
) -> sa.CompoundSelect[Any]:
    """Rows of sort, key, number and sum. What is counted is read once, whatever the database."""
    rows = metric.rows.subquery("rows")
    columns = {sort: columns_of(rows, sort) for sort in sorts if sort != PLAIN}
    counted = (
        sa.select(rows.c.value, *(column.label(sort) for sort, column in columns.items()))
        .join_from(rows, TicketFacts, TicketFacts.ticket_id == rows.c.ticket_id)
        .where(in_days(session, rows, period), within_reach(session, reach))
        .cte("counted")
    )
    number, total = sa.func.count(), sa.func.sum(counted.c.value)
    plain = sa.select(sa.literal(PLAIN), sa.literal(""), number, total).select_from(counted).having(number > 0)
    apart = (
        sa.select(sa.literal(sort), sa.func.coalesce(sa.cast(counted.c[sort], sa.Text), NOBODY), number, total)
        .group_by(counted.c[sort])
        for sort in columns
    )  # fmt: skip
    return sa.union_all(plain, *apart)
