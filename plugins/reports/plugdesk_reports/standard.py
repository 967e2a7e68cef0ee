"""The standard reports as tables: what stands on a page of theirs, in its file, and in a letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from plugdesk.api import format_date, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_reports import asking, behind, charts, making
from plugdesk_reports.figures import (
    ACCEPT_TIME,
    ANSWER_TIME,
    ANSWERED,
    ASSIGNEE,
    CHANNEL,
    CLOSE_TIME,
    CLOSED,
    CUSTOMER,
    GROUP,
    HOUR,
    STATUS,
    TAG,
)
from plugdesk_reports.making import Report
from plugdesk_reports.reading import backlog_before, mark_sorts
from plugdesk_reports.tables import Table

TITLES: Mapping[str, Any] = {
    "overview": lazy_gettext("Overview"), "people": lazy_gettext("People"), "times": lazy_gettext("Times"),
    "topics": lazy_gettext("Customers and topics"),
}  # fmt: skip


def told_apart(page: str, report: Report) -> Report:
    """`report` with everything counted by what one page of `TITLES` tells figures apart by."""
    marks = mark_sorts(report.session, report.reach.forms) if page == "topics" else ()
    return replace(report, sorts=(*_SORTS[page], *marks))


def tables_of(page: str, report: Report) -> Sequence[Table]:
    """All tables of one page of `TITLES`, of the tickets and days of a report that is `told_apart` for it."""
    return _MAKERS[page](report)


def overview_tables(report: Report) -> list[Table]:
    """By form, where there are several, and by channel."""
    return [*([making.by_form(report)] if len(report.reach.forms) > 1 else []), making.by_channel(report)]


def weekdays() -> list[str]:
    """Monday to Sunday, as short as they are said."""
    return [format_date(date(2024, 1, 1 + day), "ccc") for day in range(7)]


def _overview(report: Report) -> Sequence[Table]:
    left = backlog_before(report.session, report.reach, report.period.first)
    series = making.series(report, left, charts.slots(report.period.first, report.period.last))
    return [making.by_time(report, series), making.by_hour(report, weekdays()), making.times(report), *overview_tables(report)]


def _times(report: Report) -> Sequence[Table]:
    """Medians, how they spread, and what statuses took."""
    return [
        making.times(report),
        making.spread(report, ACCEPT_TIME, behind.ACCEPTED, id="spread-accepted", title=_("Acceptance, by time")),
        making.spread(report, ANSWER_TIME, ANSWERED, id="spread-answered", title=_("First response, by time")),
        making.spread(report, CLOSE_TIME, CLOSED, id="spread-closed", title=_("Resolution, by time")),
        making.by_status(report),
    ]  # fmt: skip


def _topics(report: Report) -> Sequence[Table]:
    """Who asked, and about what."""
    return [*asking.by_organization_and_customer(report), *making.by_marks(report)]


_SORTS: Mapping[str, Sequence[str]] = {
    "overview": (CHANNEL, HOUR), "people": (ASSIGNEE, GROUP), "times": (STATUS,), "topics": (TAG, CUSTOMER),
}  # fmt: skip
_MAKERS: Mapping[str, Callable[[Report], Sequence[Table]]] = {
    "overview": _overview, "people": making.people, "times": _times, "topics": _topics,
}  # fmt: skip
