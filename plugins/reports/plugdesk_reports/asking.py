"""Who asked most: customers and organizations, counted from the facts, because there are as many of them as there are tickets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import User, pgettext
from plugdesk.api import gettext as _
from plugdesk_reports import behind, tables
from plugdesk_reports.figures import ANSWERED, CLOSED, NOBODY, RECEIVED
from plugdesk_reports.making import Report
from plugdesk_reports.models import TicketFacts
from plugdesk_reports.naming import CUSTOMER, ORGANIZATION, names_of, nobody
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Reach, within_reach
from plugdesk_reports.tables import Line, Table

MOST = 20


def by_customer(report: Report) -> Table:
    """The twenty customers with most tickets."""
    return _table(report, CUSTOMER, id="by-customer", title=_("By customer"), head=_("Customer"))


def by_organization(report: Report) -> Table:
    """The twenty organizations with most tickets."""
    return _table(report, ORGANIZATION, id="by-organization", title=_("By organization"), head=_("Organization"))


def _table(report: Report, sort: str, *, id: str, title: str, head: str) -> Table:
    now = _received(report.session, report.reach, report.period, sort)
    keys = [key for key, _n, _answered in now]
    before = {key: n for key, n, _answered in _received(report.session, report.reach, report.period.before, sort, keys)}
    closed = _closed(report.session, report.reach, report.period, sort, keys)
    names = names_of(report.session, report.reach.forms, sort, [str(key) for key in keys])
    lines = []
    for number, received, answered in now:
        key = NOBODY if number is None else str(number)
        lines.append(Line(names.get(key, nobody(sort)), [
            tables.number(received, report.url(RECEIVED, sort, key)), tables.number(before.get(number, 0), faint=True),
            tables.number(answered, report.url(ANSWERED, sort, key)),
            tables.number(received - answered, report.url(behind.UNANSWERED, sort, key)),
            tables.number(closed.get(number, 0), report.url(CLOSED, sort, key)),
        ]))  # fmt: skip
    columns = [_("Received"), _("Before"), _("Answered"), _("Never answered"), pgettext("figure", "Closed")]
    note = _("The %(number)d with most tickets.", number=MOST) if len(now) == MOST else ""
    return Table(id, title, head, columns, lines, note)


def _received(
    session: Session, reach: Reach, period: Period, sort: str, keys: list[Any] | None = None
) -> list[tuple[Any, int, int]]:
    number = sa.func.count()
    query = _from(reach, session, sort, number, sa.func.count(TicketFacts.answered_after))
    query = query.where(TicketFacts.opened_day.between(period.first.toordinal(), period.last.toordinal()))
    query = query.order_by(number.desc(), _column(sort)).limit(MOST) if keys is None else query.where(_among(sort, keys))
    return [(key, n, answered) for key, n, answered in session.execute(query)]


def _closed(session: Session, reach: Reach, period: Period, sort: str, keys: list[Any]) -> dict[Any, int]:
    query = _from(reach, session, sort, sa.func.count()).where(_among(sort, keys))
    query = query.where(TicketFacts.closed_day.between(period.first.toordinal(), period.last.toordinal()))
    return {key: n for key, n in session.execute(query)}


def _from(reach: Reach, session: Session, sort: str, *columns: Any) -> sa.Select[Any]:
    column = _column(sort)
    query = sa.select(column, *columns).select_from(TicketFacts).group_by(column)
    if sort == ORGANIZATION:
        query = query.join(User, User.id == TicketFacts.customer_id)
    return query.where(within_reach(session, reach))


def _column(sort: str) -> Any:
    return TicketFacts.customer_id if sort == CUSTOMER else User.organization_id


def _among(sort: str, keys: list[Any]) -> sa.ColumnElement[bool]:
    column = _column(sort)
    known = column.in_([key for key in keys if key is not None])
    return sa.or_(known, column.is_(None)) if None in keys else known
