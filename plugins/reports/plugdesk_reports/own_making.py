"""An own report made: its figures beside those of the period before, as a table, and as the chart its owner chose; or a page of the
standard reports that somebody keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy.orm import Session

from plugdesk.api import format_date, format_duration, format_number, format_percent, row_number
from plugdesk.api import gettext as _
from plugdesk_reports import charts, tables
from plugdesk_reports.behind import Wanted
from plugdesk_reports.charts import Drawn, Slot
from plugdesk_reports.definition import BARS, LINE, TIME, Definition, Metric, check, groupings_for, metrics_for, titled
from plugdesk_reports.figures import NOBODY
from plugdesk_reports.grains import DAY, HOUR, MINUTE
from plugdesk_reports.making import Report
from plugdesk_reports.metrics import FORM, Measured, shown
from plugdesk_reports.naming import names_of, nobody
from plugdesk_reports.narrowing import Words, read_words
from plugdesk_reports.own_counting import MOST_LINES, Asking, Figure
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Reach
from plugdesk_reports.standard import TITLES, tables_of, told_apart
from plugdesk_reports.tables import Cell, Line, Link, Table


@dataclass(frozen=True)
class Made:
    """An own report over some days for one reader; `link` leads to the tickets behind a figure. Counted when it is asked for."""

    session: Session
    reach: Reach
    definition: Definition
    metric: Metric
    words: Words
    period: Period
    link: Link

    @cached_property
    def asking(self) -> Asking:
        offered = None if self.metric.offered is None else self.metric.offered
        wanted = Wanted(
            self.metric.of,
            metric=offered,
            worked=self.definition.hours == "business",
            words=self.words.typed,
            filters=self.words.conditions,
        )
        return Asking(self.session, self.reach, self.metric, wanted)

    @cached_property
    def table(self) -> Table:
        """The figures line by line: by time as the days go, else those with most first."""
        found, before = self._found
        names = self._names(found)
        most = max((self._height(each) for each in found.values()), default=0)
        lines = [
            Line(names.get(key, key), self._cells(key, each, before.get(key, Figure())), self._share(each, most))
            for key, each in found.items()
        ]
        note = (
            _("The %(number)d with most tickets.", number=MOST_LINES) if len(found) == MOST_LINES and not self.is_by_time else ""
        )
        return Table("own", self.title, self._head, self._columns, lines, note)

    @cached_property
    def total(self) -> tuple[Cell, Cell]:
        """The figure as a whole, now and before. What is open is open at the end."""
        now, before = self.asking.total(self.period), self.asking.total(self.period.before)
        return self._cell(now, self.link(self.metric.of, **self._narrowed())), self._cell(before)

    @property
    def tables(self) -> Sequence[Table]:
        return [self.table]

    @property
    def title(self) -> str:
        return str(self.metric.title)

    @property
    def what(self) -> str:
        """What is counted, in words."""
        return f"{self.title}, {self.grouping}."

    @property
    def grouping(self) -> str:
        """By what it is told apart, in words."""
        return groupings_for(self.session, self.reach).get(self.definition.by, self.definition.by)

    @property
    def is_by_time(self) -> bool:
        return self.definition.by == TIME

    @property
    def is_empty(self) -> bool:
        return not any(each.number for each in self._found[0].values())

    @cached_property
    def drawn(self) -> Drawn | None:
        """The chart of what is told apart by time; None for a table, and for bars that stand in its lines."""
        if not self.is_by_time or self.definition.chart not in (BARS, LINE):
            return None
        found, before = self._found
        per = self._per
        heights = {key: (self._height(found[key]) / per, self._height(before.get(key, Figure())) / per) for key in self._slots}
        if self.definition.chart == LINE:
            return charts.line([Slot(first, last, name, heights[key]) for key, (first, last, name) in self._slots.items()])
        # Time goes to the right, in each step, too.
        return charts.paired_bars(
            [Slot(first, last, name, heights[key][::-1]) for key, (first, last, name) in self._slots.items()]
        )

    @property
    def grid(self) -> list[tuple[float, str]]:
        """The lines of the chart's grid with what they mean."""
        if self.drawn is None:
            return []
        return [(y, self._scale(value)) for y, value in self.drawn.grid if not self._is_share or value <= 100]

    # What is counted

    @cached_property
    def _slots(self) -> Mapping[str, tuple[date, date, str]]:
        return {str(place): slot for place, slot in enumerate(charts.slots(self.period.first, self.period.last))}

    @cached_property
    def _found(self) -> tuple[Mapping[str, Figure], Mapping[str, Figure]]:
        """The figures by key, now and before."""
        by, was = self.definition.by, self.period.before
        if self.is_by_time:
            now = self.asking.apart(self.period, by, list(self._slots.values()), keys=list(self._slots))
            slots = charts.slots(was.first, was.last)
            before = self.asking.apart(was, by, slots, keys=[str(place) for place in range(len(slots))])
            return {key: now.get(key, Figure()) for key in self._slots}, before
        now = self.asking.apart(self.period, by, ())
        now = dict(sorted(now.items(), key=lambda item: -self._height(item[1])))
        return now, self.asking.apart(was, by, (), keys=list(now)) if now else {}

    # How it is shown

    def _names(self, keys: Mapping[str, Figure]) -> Mapping[str, str]:
        by = self.definition.by
        if self.is_by_time:
            return {key: _days(first, last) for key, (first, last, _name) in self._slots.items()}
        if by == FORM:
            return {str(form.id): form.name for form in self.reach.forms}
        return {NOBODY: nobody(by)} | names_of(self.session, self.reach.forms, by, keys)

    @property
    def _head(self) -> str:
        return _("Days") if self.is_by_time else self.grouping

    @property
    def _columns(self) -> list[str]:
        return [self.title, _("Before"), *([] if self.metric.is_number else [_("Counted")])]

    def _cells(self, key: str, now: Figure, before: Figure) -> list[Cell]:
        url = self._url(key)
        counted = [] if self.metric.is_number else [tables.number(now.number, url)]
        return [self._cell(now, url), self._cell(before, faint=True), *counted]

    def _cell(self, figure: Figure, url: str = "", *, faint: bool = False) -> Cell:
        if self.metric.offered is not None:
            return shown(self.metric.offered, Measured(figure.number, figure.total), url, faint=faint)
        if self.metric.share is not None:
            return tables.length(figure.length, url, faint=faint)
        return tables.number(figure.number, url, faint=faint)

    def _url(self, key: str) -> str:
        if self.is_by_time:
            first, last, _name = self._slots[key]
            return self.link(self.metric.of, **self._narrowed(), first=first, last=last)
        if self.definition.by == FORM:
            return self.link(self.metric.of, **self._narrowed(), form=key)
        return self.link(self.metric.of, self.definition.by, key, **self._narrowed())

    def _narrowed(self) -> dict[str, str]:
        return {"words": self.words.typed}

    def _share(self, figure: Figure, most: float) -> float | None:
        """How long the bar of a line is; None where there are none."""
        if self.is_by_time or self.definition.chart != BARS:
            return None
        return self._height(figure) / most if most else 0.0

    # How high a figure is drawn

    @property
    def _is_share(self) -> bool:
        return self.metric.offered is not None and self.metric.offered.metric.shown == "share"

    def _height(self, figure: Figure) -> float:
        if self.metric.is_number:
            return figure.number
        if self.metric.share is not None:
            return figure.length or 0
        return figure.total / figure.number if figure.number else 0

    @cached_property
    def _per(self) -> float:
        """What one on the scale of the chart stands for: a minute, an hour or a day where lengths are drawn, a hundredth of shares."""
        if self.metric.share is not None:
            most = max(self._height(each) for found in self._found for each in (*found.values(), Figure()))
            return next((unit for unit in (DAY, HOUR) if most >= 3 * unit), MINUTE)
        return 0.01 if self._is_share else 1

    def _scale(self, value: int) -> str:
        if self.metric.share is not None:
            return format_duration(value * self._per)
        return format_percent(value / 100) if self._is_share else format_number(value)


@dataclass(frozen=True)
class MadePage:
    """A page of the standard reports over some days for one reader: all its tables. Counted when they are asked for."""

    page: str
    report: Report

    total = None
    drawn = None

    @cached_property
    def tables(self) -> Sequence[Table]:
        return tables_of(self.page, self.report)

    @property
    def reach(self) -> Reach:
        return self.report.reach

    @property
    def title(self) -> str:
        return str(TITLES[self.page])

    @property
    def what(self) -> str:
        """What is counted, in words."""
        return _("Standard report “%(page)s”.", page=self.title)

    @property
    def is_empty(self) -> bool:
        return self.report.is_empty


def made_of(
    session: Session, everything: Reach, definition: Definition, period: Period, *, period_problem: str, link: Link
) -> tuple[Made | MadePage | None, Mapping[str, str]]:
    """The report over these days for the viewer of `everything`, and what is wrong with it: then there is none, and nothing is counted."""
    problems = check(session, everything, definition, period_problem=period_problem)
    reach = everything.on(row_number(definition.form))
    if definition.page and not problems:
        return MadePage(
            definition.page, told_apart(definition.page, Report(session, reach, period, link, (), definition.hours == "business"))
        ), {}
    metric = titled(metrics_for(session, everything), definition.metric)
    if problems or metric is None:
        return None, problems
    words = read_words(session, everything.viewer, definition.words)
    return Made(session, reach, definition, metric, words, period, link), {}


def _days(first: date, last: date) -> str:
    return format_date(first) if first == last else f"{format_date(first)} – {format_date(last)}"
