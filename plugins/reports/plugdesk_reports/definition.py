"""What an own report counts: a metric, told apart by something, narrowed by words, over days, drawn in one way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.api import Invalid, OfferedMetric, lazy_gettext, lazy_pgettext, report_metrics_on, row_number
from plugdesk.api import gettext as _
from plugdesk_reports import behind, periods
from plugdesk_reports.figures import ANSWERED, ASSIGNEE, CHANNEL, CLOSED, CUSTOMER, GROUP, RECEIVED, REOPENED, STATUS, TAG
from plugdesk_reports.metrics import FORM
from plugdesk_reports.naming import ORGANIZATION
from plugdesk_reports.narrowing import read_words
from plugdesk_reports.reading import Reach, mark_sorts
from plugdesk_reports.standard import TITLES

TIME = "time"
BARS, LINE, TABLE = "bars", "line", "table"
CHARTS: Mapping[str, Any] = {
    BARS: lazy_gettext("Bars"), LINE: lazy_gettext("Line, for what is told apart by time"), TABLE: lazy_gettext("Table"),
}  # fmt: skip
_FIGURE = ("metric", "by", "words", "chart")  # what a page of the standard reports has by itself
_NAMES = (*_FIGURE, "period", "from", "to", "form", "hours", "page")
_LONGEST = 100  # characters of a code; words are cut by themselves


@dataclass(frozen=True)
class Metric:
    """What can be counted: rows of the kind `of`, or how long `share` of them took at most; or an extension's figure, `offered`."""

    code: str
    title: Any
    of: str
    share: float | None = None
    offered: OfferedMetric | None = None

    @property
    def is_number(self) -> bool:
        """Whether it says how many there are, so that parts of it can be compared with the whole."""
        return self.share is None and (self.offered is None or self.offered.metric.shown == "number")


BUILT_IN = (
    Metric(RECEIVED, lazy_gettext("Received"), RECEIVED),
    Metric(ANSWERED, lazy_gettext("Answered"), ANSWERED),
    Metric(behind.UNANSWERED, lazy_gettext("Never answered"), behind.UNANSWERED),
    Metric(CLOSED, lazy_pgettext("figure", "Closed"), CLOSED),
    Metric(REOPENED, lazy_gettext("Reopened"), REOPENED),
    Metric(behind.BACKLOG, lazy_gettext("Open at the end"), behind.BACKLOG),
    Metric("accept_time", lazy_gettext("Acceptance, median"), behind.ACCEPTED, 0.5),
    Metric("accept_time_most", lazy_gettext("Acceptance, 9 of 10 within"), behind.ACCEPTED, 0.9),
    Metric("answer_time", lazy_gettext("First response, median"), ANSWERED, 0.5),
    Metric("answer_time_most", lazy_gettext("First response, 9 of 10 within"), ANSWERED, 0.9),
    Metric("close_time", lazy_gettext("Resolution, median"), CLOSED, 0.5),
    Metric("close_time_most", lazy_gettext("Resolution, 9 of 10 within"), CLOSED, 0.9),
)


@dataclass(frozen=True)
class Definition:
    """An own report as an address spells it. What is no longer offered stays readable; `check` says so.

    With a `page` it is that page of the standard reports: then `metric`, `by`, `words` and `chart` mean nothing.
    """

    metric: str = RECEIVED
    by: str = TIME
    words: str = ""
    chart: str = BARS
    period: str = periods.USUAL
    first: str = ""
    last: str = ""
    form: str = ""
    hours: str = ""
    page: str = ""

    @property
    def plain(self) -> dict[str, str]:
        """The part of an address that asks for it; as it is stored, too."""
        days = (self.first, self.last) if self.period == "days" else ("", "")
        figure = (self.metric, self.by, self.words, self.chart)
        said = dict(zip(_NAMES, (*figure, self.period, *days, self.form, self.hours, self.page), strict=True))
        return {name: value for name, value in said.items() if value and not (self.page and name in _FIGURE)}


def read_definition(given: Mapping[str, Any]) -> Definition:
    """What an address, a page or a stored report asks for."""
    said = {name: str(given.get(name) or "").replace("\0", "").strip() for name in _NAMES}
    said |= {name: value[:_LONGEST] for name, value in said.items() if name != "words"}
    return Definition(
        said["metric"] or RECEIVED, said["by"] or TIME, said["words"], said["chart"] or BARS, periods.chosen(said), said["from"], said["to"],
        said["form"], said["hours"], said["page"],
    )  # fmt: skip


def metrics_for(session: Session, reach: Reach) -> list[Metric]:
    """What this reader can have counted: the desk's own figures, and those of extensions."""
    offered = report_metrics_on(session, reach.forms, reach.viewer)
    return [*BUILT_IN, *(Metric(each.code, each.metric.title, each.code, offered=each) for each in offered)]


def groupings_for(session: Session, reach: Reach) -> dict[str, str]:
    """By what figures can be told apart, code to title: also tags, fields with choices, and facts of extensions."""
    return {
        TIME: _("By time"), FORM: _("By form"), CHANNEL: _("By channel"), STATUS: _("By status, as it is now"), ASSIGNEE: _("By agent"),
        GROUP: _("By group"), CUSTOMER: _("By customer"), ORGANIZATION: _("By organization"), TAG: _("By tag"),
        **mark_sorts(session, reach.forms),
    }  # fmt: skip


def check(session: Session, everything: Reach, definition: Definition, *, period_problem: str) -> dict[str, str]:
    """What is wrong with it for this reader, by field. `everything` is all they may count."""
    problems = {} if definition.page else _of_figures(session, everything, definition)
    if definition.page and definition.page not in TITLES:
        problems["metric"] = _("There is no such page of reports any more. Make another report.")
    if definition.form and row_number(definition.form) not in {form.id for form in everything.forms}:
        problems["form"] = _("The form of this report is not among those you work on. Choose another.")
    if period_problem:
        problems["from"] = period_problem
    return problems


def refuse(problems: Mapping[str, str]) -> None:
    """Raise `Invalid` when there are some."""
    if problems:
        raise Invalid(problems=dict(problems))


def titled(metrics: Sequence[Metric], code: str) -> Metric | None:
    """The metric with this code."""
    return next((each for each in metrics if each.code == code), None)


def _of_figures(session: Session, everything: Reach, definition: Definition) -> dict[str, str]:
    problems: dict[str, str] = {}
    if definition.metric not in {each.code for each in metrics_for(session, everything)}:
        problems["metric"] = _("This figure is not offered to you any more. Choose another.")
    if definition.by not in groupings_for(session, everything):
        problems["by"] = _("Figures are not told apart by this any more. Choose something else.")
    if problem := read_words(session, everything.viewer, definition.words).problem:
        problems["words"] = problem
    if definition.chart not in CHARTS:
        problems["chart"] = _("Choose one of the charts offered.")
    elif definition.chart == LINE and definition.by != TIME:
        problems["chart"] = _("A line goes through days. Choose bars or a table, or tell figures apart by time.")
    return problems
