"""The pages of the standard reports, the tickets behind their figures, and both as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Blueprint, Response, abort, request, url_for

from plugdesk.api import (
    Context,
    OfferedMetric,
    format_duration,
    format_number,
    format_percent,
    lazy_gettext,
    pgettext,
    row_number,
)
from plugdesk.api import gettext as _
from plugdesk_reports import behind, charts, making, periods
from plugdesk_reports.behind import Wanted, is_worked, read_wanted
from plugdesk_reports.counting import basis_of
from plugdesk_reports.figures import (
    ANSWER_TIME,
    ANSWERED,
    CLOSE_TIME,
    CLOSED,
    HOUR,
    INCOMING,
    NOBODY,
    OUTGOING,
    RECEIVED,
    SPENT,
    STATUS,
)
from plugdesk_reports.files import TYPES
from plugdesk_reports.making import Report
from plugdesk_reports.metrics import shown
from plugdesk_reports.models import Standing
from plugdesk_reports.naming import names_of, nobody
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Reach, backlog_before, reach_of
from plugdesk_reports.standard import TITLES, overview_tables, tables_of, told_apart, weekdays
from plugdesk_web.api import NavItem, Pages, agent_only, context, me, page

LETTER = "letter"  # where somebody goes on to who keeps a page of these under a name
blueprint = Blueprint("pages", __name__)
PAGES = [
    Pages(blueprint, "app"),
    NavItem(lazy_gettext("Reports"), "chart", "reports_pages.overview"),
]


@dataclass(frozen=True)
class Asked:
    """What an address of a report asks for."""

    ctx: Context
    reach: Reach
    everything: Reach
    period: Period
    problem: str
    form_id: int | None
    worked: bool

    @property
    def has_hours(self) -> bool:
        """Whether a form works by other hours than around the clock."""
        return any(form.hours_id is not None for form in self.everything.forms)

    def arguments(self, **other: Any) -> dict[str, Any]:
        """The part of an address that asks for the same again."""
        said = {"from": self.period.first.isoformat(), "to": self.period.last.isoformat(), "form": self.form_id}
        said |= {"hours": "business" if self.worked else "", **other}
        return {name: value for name, value in said.items() if value not in (None, "")}

    def link(self, of: str, sort: str = "", key: str = "", **narrowed: Any) -> str:
        """The address of the tickets behind a figure; `first` and `last` are other days, `form` another form."""
        days = {"from": narrowed.pop("first", self.period.first), "to": narrowed.pop("last", self.period.last)}
        said = self.arguments(**{name: day.isoformat() for name, day in days.items()}, **narrowed)
        told_apart: dict[str, Any] = {"by": sort, "key": key} if sort else {}
        return url_for("reports_pages.tickets", **said, of=of, **told_apart)


@blueprint.get("/")
@agent_only
def overview() -> Response:
    """The figures of the period beside those before, day by day, by hour, form and channel."""
    asked = read_asked()
    report = report_of(asked, "overview")
    left_before = backlog_before(asked.ctx.db, asked.reach, asked.period.first)
    series = making.series(report, left_before, charts.slots(asked.period.first, asked.period.last))
    steps = [charts.Slot(first, last, name, (received, closed)) for first, last, name, received, closed, _left in series]
    heat = making.heat_lines(report)
    return _page(
        "overview", asked, report, kpis=_kpis(report, series[-1][5], left_before), bars=charts.paired_bars(steps),
        line=charts.line([charts.Slot(first, last, name, (left,)) for first, last, name, _r, _c, left in series]), heat=heat,
        heat_level=charts.heat, most=max(max(hours) for _day, hours in heat), weekdays=weekdays(), by_time=making.by_time(report, series),
        by_hour=making.by_hour(report, weekdays()), left=series[-1][5], tables=overview_tables(report),
        messages=(report.now.number(INCOMING), report.now.number(OUTGOING)),
    )  # fmt: skip


@blueprint.get("/people")
@agent_only
def people() -> Response:
    """Agents and groups."""
    return _tables("people")


@blueprint.get("/times")
@agent_only
def times() -> Response:
    """How long it took until acceptance, first response and resolution, and in each status."""
    return _tables("times")


@blueprint.get("/topics")
@agent_only
def topics() -> Response:
    """Customers, organizations, tags and values of fields."""
    return _tables("topics")


@blueprint.get("/tickets")
@agent_only
def tickets() -> Response:
    """The tickets behind one figure: exactly as many."""
    asked = read_asked()
    wanted = read_wanted(asked.ctx.db, asked.reach, request.args)
    before = request.args.get("before", "")
    rows, older = behind.tickets_behind(asked.ctx.db, asked.reach, asked.period, wanted, before=before)
    number = behind.number_behind(asked.ctx.db, asked.reach, asked.period, wanted)
    again = asked.arguments(**wanted.arguments)
    return page(
        "reports:tickets.html", rows=rows, number=number, title=wanted.title, metric=wanted.metric,
        words=narrowed_words(asked, wanted, number), back=url_for(".overview", **asked.arguments()),
        older=url_for(".tickets", **again, before=older) if older else "", newest=url_for(".tickets", **again) if before else "",
        period=asked.period, duration=format_duration, again=again, kinds=list(TYPES),
    )  # fmt: skip


def read_asked(given: Mapping[str, str] | None = None) -> Asked:
    """What this address asks for; without any form to report on there is no such page."""
    given = request.args if given is None else given
    ctx = context("reports")
    everything = reach_of(ctx.db, me())
    if not everything.forms:
        abort(404)
    today = ctx.now.astimezone(ZoneInfo(ctx.desk.zone)).date()
    period, problem = periods.read_period(given, today)
    form_id = row_number(given.get("form", ""))
    if form_id not in [form.id for form in everything.forms]:
        form_id = None
    return Asked(ctx, everything.on(form_id), everything, period, problem, form_id, is_worked(given))


def report_of(asked: Asked, name: str) -> Report:
    return told_apart(name, Report(asked.ctx.db, asked.reach, asked.period, asked.link, (), asked.worked))


def narrowed_words(asked: Asked, wanted: Wanted, number: int) -> list[str]:
    """To what a list of `number` tickets is narrowed, in words."""
    found = [form.name for form in asked.reach.forms if form.id == asked.form_id]
    sort = STATUS if wanted.of == SPENT else wanted.sort
    if sort == HOUR:
        found.append(_hour_in_words(wanted.key))
    elif sort:
        # Whom none of the reader's tickets are of has no name here: numbers in addresses can be guessed.
        names = names_of(asked.ctx.db, asked.reach.forms, sort, [wanted.key]) if number else {}
        found.append(names.get(wanted.key, nobody(sort) if wanted.key == NOBODY else wanted.key))
    if wanted.words:
        found.append(wanted.words)
    if wanted.least:
        found.append(_("from %(time)s", time=format_duration(wanted.least)))
    if wanted.below is not None:
        found.append(_("less than %(time)s", time=format_duration(wanted.below)))
    return found


def _hour_in_words(key: str) -> str:
    day, hour = map(row_number, key.split("-", 1)) if "-" in key else (None, None)
    return key if day is None or hour is None else f"{weekdays()[day % 7]} {hour}:00"


def _tables(name: str) -> Response:
    """A page of tables alone."""
    asked = read_asked()
    report = report_of(asked, name)
    return _page(name, asked, report, tables=tables_of(name, report))


def _page(name: str, asked: Asked, report: Report, **values: Any) -> Response:
    again = asked.arguments()
    return page(
        f"reports:{name if name == 'overview' else 'figures'}.html", title=str(TITLES[name]), tabs=tabs_of(asked, name), report=report, period=asked.period,
        problem=asked.problem, asked=asked, here=url_for("." + name), form_id=str(asked.form_id or ""),
        forms=[(str(form.id), form.name) for form in asked.everything.forms], periods=periods.choices(),
        chosen=periods.chosen(request.args), counting=_still_counted(asked),
        files=[(kind, url_for("reports_fetching.report", name=name, kind=kind, **again)) for kind in TYPES],
        by_letter=url_for("reports_own.new", page=name, then=LETTER, **_as_chosen(again)), **values,
    )  # fmt: skip


def _as_chosen(again: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the period as the address names it: what is kept of "last month" is last month whenever it is looked at."""
    code = periods.chosen(request.args)
    if code == "days":
        return dict(again)
    return {"period": code} | {name: each for name, each in again.items() if name not in ("from", "to")}


def tabs_of(asked: Asked, current: str) -> list[dict[str, Any]]:
    """The pages of reports, each over what is asked for; own ones have days of their own."""
    again = asked.arguments()
    standard = [
        {"title": str(title), "url": url_for("reports_pages." + name, **again), "current": name == current}
        for name, title in TITLES.items()
    ]
    return [*standard, {"title": _("Own reports"), "url": url_for("reports_own.index"), "current": current == "own"}]


def _still_counted(asked: Asked) -> list[tuple[str, int, int]]:
    """The forms whose past is looked through at this moment, or about to be: name, done, total."""
    session = asked.ctx.db
    here = Standing.form_id.in_([form.id for form in asked.reach.forms])
    standing, found = {each.form_id: each for each in session.scalars(sa.select(Standing).where(here))}, []
    for form in asked.reach.forms:
        each = standing.get(form.id)
        if each is None or (each.zone, each.basis) != basis_of(session, form):
            found.append((form.name, 0, each.total if each else 0))
        elif each.ready_at is None:
            found.append((form.name, each.done, each.total))
    return found


def _kpis(report: Report, left: int, before_left: int) -> list[dict[str, Any]]:
    now, before = report.now, report.before
    received, was = now.number(RECEIVED), before.number(RECEIVED)
    answered, closed = now.number(ANSWERED), now.number(CLOSED)
    return [
        _kpi(_("Received"), received, report.url(RECEIVED), _against(received, was)),
        _kpi(_("Answered"), answered, report.url(ANSWERED), _of_received(answered, received)),
        _kpi(_("Never answered"), received - answered, report.url(behind.UNANSWERED), _of_received(received - answered, received)),
        _kpi(pgettext("figure", "Closed"), closed, report.url(CLOSED), _of_received(closed, received)),
        _kpi(_("Open at the end"), left, report.url(behind.BACKLOG), _("%(number)s at the beginning", number=format_number(before_left))),
        _time_kpi(_("First response, median"), now.length(ANSWER_TIME), before.length(ANSWER_TIME), report.url(ANSWERED)),
        _time_kpi(_("Resolution, median"), now.length(CLOSE_TIME), before.length(CLOSE_TIME), report.url(CLOSED)),
        *(_measured_kpi(report, each) for each in report.measures.offered),
    ]  # fmt: skip


def _kpi(title: str, number: int, url: str, note: str) -> dict[str, Any]:
    return {"title": title, "value": format_number(number), "url": url, "note": note}


def _time_kpi(title: str, now: int | None, before: int | None, url: str) -> dict[str, Any]:
    if now is None:
        return {"title": title, "value": "–", "note": _("nothing to measure")}
    found: dict[str, Any] = {"title": title, "value": format_duration(now), "url": url}
    if before is None:
        return found | {"note": _("nothing to compare with")}
    if now == before:
        return found | {"note": _("as before")}
    faster = now < before
    words = (
        _("%(time)s faster", time=format_duration(before - now))
        if faster
        else _("%(time)s slower", time=format_duration(now - before))
    )
    return found | {"note": words, "note_tone": "green" if faster else "red"}


def _measured_kpi(report: Report, metric: OfferedMetric) -> dict[str, Any]:
    now, before = (shown(metric, measures.of(metric)) for measures in (report.measures, report.measures_before))
    found: dict[str, Any] = {"title": str(metric.metric.title), "value": now.text}
    if now.value is None:
        return found | {"note": _("nothing to measure")}
    note = _("before: %(value)s", value=before.text) if before.value is not None else _("nothing to compare with")
    return found | {"url": report.url(metric.code), "note": note}


def _against(now: int, before: int) -> str:
    if not before:
        return _("none in the period before") if not now else _("the period before: none")
    if now == before:
        return _("as many as in the period before")
    if now > 10 * before:
        return _("%(number)s in the period before", number=format_number(before))
    change = (now - before) / before
    return _("%(change)s on the period before", change=("+" if change > 0 else "−") + format_percent(abs(change)))


def _of_received(part: int, received: int) -> str:
    return _("%(share)s of received", share=format_percent(part / received)) if received else ""
