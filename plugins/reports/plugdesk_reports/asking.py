"""Who asked most: customers, and the organizations they belong to now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import User, pgettext
from plugdesk.api import gettext as _
from plugdesk_reports import behind, tables
from plugdesk_reports.figures import ANSWERED, CLOSED, CUSTOMER, NOBODY, RECEIVED
from plugdesk_reports.making import Report
from plugdesk_reports.naming import ORGANIZATION, names_of, nobody
from plugdesk_reports.tables import Line, Table

MOST = 20
Counts = Mapping[int, int]
"""How many are of which customer or organization; 0 stands for those without an organization."""


def by_organization_and_customer(report: Report) -> list[Table]:
    """The twenty organizations, and the twenty customers, with most tickets."""
    of_customers = {figure: report.now.customers(figure) for figure in (RECEIVED, ANSWERED, CLOSED)}
    before = report.before.customers(RECEIVED)
    belongs = _organizations(report.session)
    of_organizations = {figure: _added_up(counts, belongs) for figure, counts in of_customers.items()}
    return [
        _table(report, ORGANIZATION, of_organizations, _added_up(before, belongs), title=_("By organization"), head=_("Organization")),
        _table(report, CUSTOMER, of_customers, before, title=_("By customer"), head=_("Customer")),
    ]  # fmt: skip


def _table(report: Report, sort: str, counts: Mapping[str, Counts], before: Counts, *, title: str, head: str) -> Table:
    numbers = sorted(counts[RECEIVED].items(), key=lambda item: (-item[1], item[0]))[:MOST]
    names = names_of(report.session, report.reach.forms, sort, [str(number) for number, _n in numbers])
    lines = []
    for number, received in numbers:
        key = str(number) if number else NOBODY
        answered, closed = (counts[figure].get(number, 0) for figure in (ANSWERED, CLOSED))
        lines.append(Line(names.get(key, nobody(sort)), [
            tables.number(received, report.url(RECEIVED, sort, key)), tables.number(before.get(number, 0), faint=True),
            tables.number(answered, report.url(ANSWERED, sort, key)),
            tables.number(received - answered, report.url(behind.UNANSWERED, sort, key)),
            tables.number(closed, report.url(CLOSED, sort, key)),
        ]))  # fmt: skip
    columns = [_("Received"), _("Before"), _("Answered"), _("Never answered"), pgettext("figure", "Closed")]
    note = _("The %(number)d with most tickets.", number=MOST) if len(lines) == MOST else ""
    return Table(f"by-{sort}", title, head, columns, lines, note)


def _organizations(session: Session) -> Counts:
    """The organization of each customer who belongs to one."""
    query = sa.select(User.id, User.organization_id).where(User.organization_id.is_not(None))
    return {customer: organization or 0 for customer, organization in session.execute(query)}


def _added_up(counts: Counts, belongs: Counts) -> Counts:
    found: Counter[int] = Counter()
    for customer, n in counts.items():
        found[belongs.get(customer, 0)] += n
    return found
