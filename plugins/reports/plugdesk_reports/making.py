"""The standard reports: what each page counts, as figures, tables and charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.api import format_date, format_duration, format_number, pgettext
from plugdesk.api import gettext as _
from plugdesk_reports import behind, tables
from plugdesk_reports.figures import (
    ACCEPT_TIME,
    ANSWER_TIME,
    ANSWERED,
    ASSIGNEE,
    BEGUN,
    CHANNEL,
    CLOSE_TIME,
    CLOSED,
    ENDED,
    GROUP,
    HOUR,
    NOBODY,
    PLAIN,
    RECEIVED,
    REOPENED,
    SPENT,
    STATUS,
    TAG,
)
from plugdesk_reports.grains import DAY as A_DAY
from plugdesk_reports.grains import HOUR as AN_HOUR
from plugdesk_reports.grains import MINUTE
from plugdesk_reports.metrics import FORM, Measures, read_measures, shown
from plugdesk_reports.naming import names_of, nobody
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Figures, Reach, mark_sorts, read_days, read_figures
from plugdesk_reports.tables import Cell, Line, Link, Table

MOST_LINES = 200
STEPS = (15 * MINUTE, AN_HOUR, 4 * AN_HOUR, 8 * AN_HOUR, A_DAY, 3 * A_DAY, 7 * A_DAY)


@dataclass(frozen=True)
class Report:
    """What one page of reports is about: for whom, which days, compared with which, and where its figures lead; `worked`: in working time."""

    session: Session
    reach: Reach
    period: Period
    link: Link
    sorts: Sequence[str]
    worked: bool = False

    @cached_property
    def now(self) -> Figures:
        return read_figures(self.session, self.reach, self.period, sorts=(PLAIN, *self.sorts), worked=self.worked)

    @cached_property
    def before(self) -> Figures:
        """Plain figures; told apart by something else only what came in, which is all that stands beside it."""
        found = read_figures(self.session, self.reach, self.period.before, sorts=(PLAIN,), worked=self.worked)
        return read_figures(self.session, self.reach, self.period.before, sorts=self.sorts, figures=(RECEIVED,), found=found)

    @cached_property
    def measures(self) -> Measures:
        """What extensions measure in these days."""
        return read_measures(self.session, self.reach, self.period, sorts=(FORM, *self.sorts))

    @cached_property
    def measures_before(self) -> Measures:
        return read_measures(self.session, self.reach, self.period.before)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all happened in these days."""
        return self.measures.is_empty and not any(n for counts in self.now.counts.values() for n in counts.values())

    def url(self, of: str, sort: str = "", key: str = "", **narrowed: Any) -> str:
        return self.link(of, sort, key, **narrowed)

    def measured(self, sort: str, key: str, **narrowed: Any) -> list[Cell]:
        """The cells of the extensions' metrics for one key of a sort."""
        by = () if narrowed else (sort, key)
        return [
            shown(each, self.measures.of(each, sort, key), self.url(each.code, *by, **narrowed)) for each in self.measures.offered
        ]

    @property
    def titles_measured(self) -> list[str]:
        return [str(each.metric.title) for each in self.measures.offered]

    @property
    def notes_measured(self) -> str:
        """What the extensions say about how they count."""
        return " ".join(str(each.metric.note) for each in self.measures.offered if each.metric.note)


def by_sort(report: Report, sort: str, *, id: str, title: str, head: str, note: str = "") -> Table:
    """Figures told apart by channel, assignee or group, most received first."""
    now, before = report.now, report.before
    keys = list(dict.fromkeys([*now.keys(sort), *report.measures.keys(sort)]))
    names = names_of(report.session, report.reach.forms, sort, keys)

    def cells(key: str) -> list[Cell]:
        received, answered = now.number(RECEIVED, sort, key), now.number(ANSWERED, sort, key)
        closed = now.number(CLOSED, sort, key)
        return [
            tables.number(received, report.url(RECEIVED, sort, key)),
            tables.number(before.number(RECEIVED, sort, key), faint=True),
            tables.number(answered, report.url(ANSWERED, sort, key)),
            tables.number(received - answered, report.url(behind.UNANSWERED, sort, key)),
            tables.number(closed, report.url(CLOSED, sort, key)),
            tables.number(now.number(REOPENED, sort, key), report.url(REOPENED, sort, key)),
            tables.length(now.length(ACCEPT_TIME, 0.5, sort, key), report.url(behind.ACCEPTED, sort, key)),
            tables.length(now.length(ANSWER_TIME, 0.5, sort, key), report.url(ANSWERED, sort, key)),
            tables.length(now.length(CLOSE_TIME, 0.5, sort, key), report.url(CLOSED, sort, key)),
            *report.measured(sort, key),
        ]

    lines = [Line(names.get(key, nobody(sort) if key == NOBODY else key), cells(key)) for key in keys]
    notes = " ".join(each for each in (note, report.notes_measured) if each)
    return Table(id, title, head, full_columns(report), _by_number(lines), notes)


def by_form(report: Report) -> Table:
    """The same figures of each form, those without tickets, too."""
    now, before, lines = report.now, report.before, []
    for form in report.reach.forms:
        received, answered = now.number(RECEIVED, form_id=form.id), now.number(ANSWERED, form_id=form.id)
        here: dict[str, Any] = {"form": form.id}
        lines.append(Line(form.name, [
            tables.number(received, report.url(RECEIVED, **here)),
            tables.number(before.number(RECEIVED, form_id=form.id), faint=True),
            tables.number(answered, report.url(ANSWERED, **here)),
            tables.number(received - answered, report.url(behind.UNANSWERED, **here)),
            tables.number(now.number(CLOSED, form_id=form.id), report.url(CLOSED, **here)),
            tables.number(now.number(REOPENED, form_id=form.id), report.url(REOPENED, **here)),
            tables.length(now.length(ACCEPT_TIME, form_id=form.id), report.url(behind.ACCEPTED, **here)),
            tables.length(now.length(ANSWER_TIME, form_id=form.id), report.url(ANSWERED, **here)),
            tables.length(now.length(CLOSE_TIME, form_id=form.id), report.url(CLOSED, **here)),
            *report.measured(FORM, str(form.id), **here),
        ]))  # fmt: skip
    return Table("by-form", _("By form"), _("Form"), full_columns(report), _by_number(lines))


def full_columns(report: Report) -> list[str]:
    """The columns of the tables that tell everything apart by something."""
    return [
        _("Received"), _("Before"), _("Answered"), _("Never answered"), pgettext("figure", "Closed"), _("Reopened"), _("Acceptance"),
        _("First response"), _("Resolution"), *report.titles_measured,
    ]  # fmt: skip


def by_mark(report: Report, sort: str, *, id: str, title: str) -> Table:
    """Received, answered and closed by tag, or by the values of a field."""
    now, before = report.now, report.before
    keys = now.keys(sort)
    names = names_of(report.session, report.reach.forms, sort, keys)
    lines = [
        Line(names[key], [
            tables.number(now.number(RECEIVED, sort, key), report.url(RECEIVED, sort, key)),
            tables.number(before.number(RECEIVED, sort, key), faint=True),
            tables.share(now.number(RECEIVED, sort, key), now.number(RECEIVED)),
            tables.number(now.number(ANSWERED, sort, key), report.url(ANSWERED, sort, key)),
            tables.number(now.number(CLOSED, sort, key), report.url(CLOSED, sort, key)),
        ])
        for key in keys
        if key in names
    ]  # fmt: skip
    columns = [_("Received"), _("Before"), _("Share"), _("Answered"), pgettext("figure", "Closed")]
    return Table(id, title, _("Tag") if sort == TAG else _("Value"), columns, _by_number(lines))


def by_marks(report: Report) -> list[Table]:
    """A table of the tags, and one of each field whose values are told apart."""
    labels = {TAG: _("By tag")} | mark_sorts(report.session, report.reach.forms)
    made = [by_mark(report, sort, id="by-" + sort.replace(":", "-"), title=title) for sort, title in labels.items()]
    return [table for table in made if table.lines]


def by_status(report: Report) -> Table:
    """What tickets spent in each status they left."""
    now = report.now
    keys = now.keys(STATUS)
    names = names_of(report.session, report.reach.forms, STATUS, keys)
    lines = [
        Line(names.get(key, key), [
            tables.number(now.number(SPENT, STATUS, key), report.url(SPENT, STATUS, key)),
            tables.length(now.length(SPENT, 0.5, STATUS, key), report.url(SPENT, STATUS, key)),
            tables.length(now.length(SPENT, 0.9, STATUS, key), report.url(SPENT, STATUS, key)),
        ])
        for key in keys
    ]  # fmt: skip
    columns = [_("Stays"), _("Median"), _("9 of 10 within")]
    note = _("Counted on the day the status was left.")
    return Table("by-status", _("Time in each status"), _("Status"), columns, _by_number(lines), note)


def times(report: Report) -> Table:
    """To acceptance, first response and resolution: median and ninth decile, now and before."""
    now, before = report.now, report.before
    rows = (
        (_("Acceptance"), ACCEPT_TIME, behind.ACCEPTED), (_("First response"), ANSWER_TIME, ANSWERED), (_("Resolution"), CLOSE_TIME, CLOSED),
    )  # fmt: skip
    lines = [
        Line(name, [
            tables.number(now.number(figure), report.url(of)),
            tables.length(now.length(figure), report.url(of)),
            tables.length(before.length(figure)),
            tables.length(now.length(figure, 0.9), report.url(of)),
            tables.length(before.length(figure, 0.9)),
        ])
        for name, figure, of in rows
    ]  # fmt: skip
    columns = [_("Tickets"), _("Median"), _("Before"), _("9 of 10 within"), _("Before")]
    by_clock = _("From the opening of the ticket, by the clock: nights and days off count. Lengths are rounded down.")
    by_hours = _("From the opening of the ticket, in the working time of its form. Lengths are rounded down.")
    note = by_hours if report.worked else by_clock
    return Table("times", _("How long it took"), _("Until"), columns, lines, note)


def spread(report: Report, figure: str, of: str, *, id: str, title: str) -> Table:
    """How many were within a quarter of an hour, an hour, and so on."""
    lengths = report.now.lengths(figure)
    total, lines, low = sum(lengths.values()), [], 0
    for high in (*STEPS, None):
        here = sum(n for each, n in lengths.items() if each >= low and (high is None or each < high))
        edges: dict[str, Any] = {"least": low} if high is None else {"least": low, "below": high}
        name = _("longer") if high is None else _("less than %(time)s", time=format_duration(high))
        share = here / total if total else 0
        lines.append(Line(name, [tables.number(here, report.url(of, **edges)), tables.share(here, total)], share))
        low = high or low
    return Table(id, title, _("Within"), [_("Tickets"), _("Share")], lines)


def heat_lines(report: Report) -> list[tuple[int, list[int]]]:
    """How many came in on each weekday (0 is Monday) in each hour."""
    return [(day, [report.now.number(RECEIVED, HOUR, f"{day}-{hour}") for hour in range(24)]) for day in range(7)]


def series(
    report: Report, left_before: int, steps: Sequence[tuple[date, date, str]]
) -> list[tuple[date, date, str, int, int, int]]:
    """For each step its days and name, what was received, what was closed, and how many were open at its end.

    `left_before` is how many were open when the first one began.
    """
    days = read_days(report.session, report.reach, report.period, (RECEIVED, CLOSED, BEGUN, ENDED))
    open_now, found = left_before, []
    for first, last, name in steps:
        received = closed = 0
        for day in range(first.toordinal(), last.toordinal() + 1):
            counts = days.get(day) or Counter()
            received, closed = received + counts.get(RECEIVED, 0), closed + counts.get(CLOSED, 0)
            open_now += counts.get(BEGUN, 0) - counts.get(ENDED, 0)
        found.append((first, last, name, received, closed, open_now))
    return found


def by_time(report: Report, steps: Sequence[tuple[date, date, str, int, int, int]]) -> Table:
    """The chart as a table: received, closed and backlog, step by step."""
    lines = []
    for first, last, _name, received, closed, left in steps:
        days: dict[str, Any] = {"first": first, "last": last}
        name = format_date(first) if first == last else f"{format_date(first)} – {format_date(last)}"
        lines.append(Line(name, [
            tables.number(received, report.url(RECEIVED, **days)), tables.number(closed, report.url(CLOSED, **days)),
            tables.number(left, report.url(behind.BACKLOG, **days)),
        ]))  # fmt: skip
    columns = [_("Received"), pgettext("figure", "Closed"), _("Open at the end")]
    return Table("by-time", _("Day by day"), _("Days"), columns, lines)


def by_hour(report: Report, weekdays: Sequence[str]) -> Table:
    """The heat map as a table."""
    lines = [
        Line(weekdays[day], [tables.number(n, report.url(RECEIVED, HOUR, f"{day}-{hour}")) for hour, n in enumerate(hours)])
        for day, hours in heat_lines(report)
    ]
    return Table("by-hour", _("When tickets come in"), _("Weekday"), [format_number(hour) for hour in range(24)], lines)


def people(report: Report) -> list[Table]:
    """Agents and groups."""
    return [
        by_sort(report, ASSIGNEE, id="by-agent", title=_("By agent"), head=_("Agent"), note=_("A ticket counts for whoever has it now.")),
        by_sort(report, GROUP, id="by-group", title=_("By group"), head=_("Group")),
    ]  # fmt: skip


def by_channel(report: Report) -> Table:
    return by_sort(report, CHANNEL, id="by-channel", title=_("By channel"), head=_("Channel"))


def _by_number(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-int(line.cells[0].value or 0), line.name.casefold()))[:MOST_LINES]
