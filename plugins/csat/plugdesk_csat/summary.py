"""The page of figures: how customers rated, by whom, where and when, with the tickets behind each figure; the same as a file."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, request, url_for

from plugdesk.api import Context, Form, lazy_gettext, row_number
from plugdesk.api import gettext as _
from plugdesk_csat import figures
from plugdesk_csat.figures import ASKED, DIMENSIONS, NOBODY, RATED, UNANSWERED, Count, Wanted
from plugdesk_csat.letters import names
from plugdesk_csat.models import BEST, WORST
from plugdesk_csat.seeing import sees_some
from plugdesk_web.api import NavItem, Pages, agent_only, context, me, page

blueprint = Blueprint("figures", __name__)
PAGES = [
    Pages(blueprint, "app"),
    NavItem(lazy_gettext("Ratings"), "smile", "csat_figures.show", shown=sees_some),
]
TITLES = {
    "assignee": lazy_gettext("By specialist"), "group": lazy_gettext("By group"), "form": lazy_gettext("By form"),
    "channel": lazy_gettext("By channel"),
}  # fmt: skip
HEADS = {
    "assignee": lazy_gettext("Agent"), "group": lazy_gettext("Group"), "form": lazy_gettext("Form"), "channel": lazy_gettext("Channel"),
}  # fmt: skip
KINDS = {RATED: lazy_gettext("Rated"), ASKED: lazy_gettext("Asked"), UNANSWERED: lazy_gettext("Asked, not answered")}
USUAL = "30"
BY = "by-"  # before the name of what an extension tells tickets apart by, in addresses
LONGEST = 3_660  # days


@blueprint.get("/")
@agent_only
def show() -> Response:
    """Average, marks, response, and the tables."""
    ctx, forms, wanted, problem = _opened()
    summary = figures.summary_of(ctx, me(), forms, wanted)
    people, groups = figures.people_asked_about(ctx, forms)
    apart = {name: each.fact.title for name, each in figures.groupings_of(ctx, forms).items()}
    return page(
        "csat:summary.html", summary=summary, wanted=wanted, problem=problem, forms=[(str(form.id), form.name) for _c, form in forms],
        people=people, groups=groups, channels=figures.channels_of(ctx), periods=_periods(), period=_period(request.args),
        names=names(), titles={**TITLES, **apart}, heads={**HEADS, **apart}, link=_link(wanted), export=url_for(".export", **_arguments(wanted)),
        parts={**{each: each for each in DIMENSIONS}, **{name: BY + name for name in apart}}, most=max(summary.now.marks.values()),
    )  # fmt: skip


@blueprint.get("/tickets")
@agent_only
def tickets() -> Response:
    """The tickets behind one figure, each with what its customer said."""
    ctx, forms, wanted, _problem = _opened()
    of = request.args.get("of", RATED)
    of = of if of in KINDS else RATED
    rows, older = figures.behind(ctx, me(), forms, wanted, of, before=row_number(request.args.get("before", "")))
    again: dict[str, Any] = {**_arguments(wanted), "of": of}
    return page(
        "csat:behind.html", rows=rows, wanted=wanted, of=of, kinds=KINDS, narrowed=_narrowed_words(ctx, forms, wanted), names=names(),
        back=url_for(".show", **_arguments(replace(wanted, mark=""))), marks=[str(each) for each in range(BEST, WORST - 1, -1)],
        older=url_for(".tickets", **again, before=older) if older else "",
        newer=url_for(".tickets", **again) if request.args.get("before") else "", arguments=_arguments(replace(wanted, mark="")),
    )  # fmt: skip


@blueprint.get("/summary.csv")
@agent_only
def export() -> Response:
    """The tables as a file for spreadsheets."""
    ctx, forms, wanted, _problem = _opened()
    summary = figures.summary_of(ctx, me(), forms, wanted)
    made = StringIO()
    made.write("\ufeff")  # spreadsheets read it as UTF-8 then
    write = csv.writer(made)
    marks = [names()[mark] for mark in range(BEST, WORST - 1, -1)]
    head = [_("Table"), _("Name"), _("Ratings"), _("Average"), *marks, _("Asked"), _("Answered"), _("Average before")]
    write.writerow(_safe(each) for each in head)
    write.writerow(_row(_("All"), f"{wanted.first} – {wanted.last}", summary.now, summary.before))
    titles = {**TITLES, **{name: each.fact.title for name, each in figures.groupings_of(ctx, forms).items()}}
    for dimension, lines in summary.lines.items():
        for line in lines:
            write.writerow(_row(str(titles[dimension]), line.name, line.now, line.before))
    response = Response(made.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="ratings-{wanted.first}-{wanted.last}.csv"'
    return response


def _opened() -> tuple[Context, list[tuple[Context, Form]], Wanted, str]:
    """The forms whose ratings are for whoever asks, what is asked for, and what is wrong with that. For anybody else there is no such page."""
    ctx = context("csat")
    forms = figures.seen_forms(ctx, me())
    if not forms:
        abort(404)
    wanted, problem = _wanted(ctx, request.args)
    apart = {name: request.args.get(BY + name, "") for name in figures.groupings_of(ctx, forms)}
    return ctx, forms, replace(wanted, apart=tuple((name, value) for name, value in apart.items() if value)), problem


def _periods() -> list[tuple[str, str]]:
    return [
        ("7", _("The last 7 days")), (USUAL, _("The last 30 days")), ("90", _("The last 90 days")), ("month", _("This month")),
        ("last_month", _("Last month")), ("year", _("This year")), ("days", _("The days below")),
    ]  # fmt: skip


def _period(given: Mapping[str, str]) -> str:
    if given.get("period") in dict(_periods()):
        return given["period"]
    return "days" if given.get("from") or given.get("to") else USUAL


def _wanted(ctx: Context, given: Mapping[str, str]) -> tuple[Wanted, str]:
    """What the address asks for, and what of it could not be understood, in a sentence."""
    today, problem = ctx.now.astimezone(ZoneInfo(ctx.desk.zone)).date(), ""
    period = _period(given)
    first, last = _preset(USUAL if period == "days" else period, today)
    if period == "days":
        try:
            last = date.fromisoformat(given.get("to", "") or today.isoformat())
            first = date.fromisoformat(given.get("from", "") or (last - timedelta(days=29)).isoformat())
            if not (date(2000, 1, 1) <= first <= last <= date(2200, 1, 1)) or (last - first).days > LONGEST:
                raise ValueError
        except (ValueError, OverflowError):
            problem = _("The first day must be before the last one, like 2026-03-01 and 2026-03-31, at most ten years apart.")
            first, last = _preset(USUAL, today)
    mark = given.get("mark", "")
    form, assignee, group = (_number(given.get(name, "")) for name in ("form", "assignee", "group"))
    channel = given.get("channel", "")
    return Wanted(
        first, last, channel=channel if channel in dict(figures.channels_of(ctx)) else "",
        mark=mark if mark in ("1", "2", "3", "4", "5") else "",
        form=form, assignee=assignee, group=group,
    ), problem  # fmt: skip


def _preset(period: str, today: date) -> tuple[date, date]:
    if period == "month":
        return today.replace(day=1), today
    if period == "last_month":
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    if period == "year":
        return today.replace(month=1, day=1), today
    return today - timedelta(days=int(period) - 1), today


def _number(given: str) -> str:
    number = row_number(given)
    return NOBODY if given == NOBODY else "" if number is None else str(number)


def _arguments(wanted: Wanted) -> dict[str, Any]:
    """The address's part that asks for the same again."""
    narrowed = {name: getattr(wanted, name) for name in ("form", "assignee", "group", "channel", "mark")}
    narrowed |= {BY + name: value for name, value in wanted.apart}
    return {"from": wanted.first.isoformat(), "to": wanted.last.isoformat(), **{k: v for k, v in narrowed.items() if v}}


def _link(wanted: Wanted) -> Any:
    """For templates: the address of the tickets behind a figure: `link("rated", mark=5, assignee="7")`."""

    def link(of: str, **narrowed: Any) -> str:
        return url_for(".tickets", **{**_arguments(wanted), **{name: str(value) for name, value in narrowed.items()}}, of=of)

    return link


def _narrowed_words(ctx: Context, forms: list[tuple[Context, Form]], wanted: Wanted) -> list[str]:
    """To what the list is narrowed, in words."""
    people, groups = figures.people_asked_about(ctx, forms)
    known = {
        "form": {str(form.id): form.name for _c, form in forms}, "assignee": dict(people), "group": dict(groups),
        "channel": dict(figures.channels_of(ctx)),
    }  # fmt: skip
    words = [known[name].get(getattr(wanted, name), getattr(wanted, name)) for name in known if getattr(wanted, name)]
    groupings = figures.groupings_of(ctx, forms)
    for name, value in wanted.apart:
        called = figures.names_in(ctx, groupings[name]).get(value, _("None") if value == NOBODY else value)
        words.append(f"{groupings[name].fact.title}: {called}")
    return words


def _row(table: str, name: str, now: Count, before: Count) -> list[str]:
    def average(count: Count) -> str:
        return "" if count.average is None else f"{count.average:.2f}"

    marks = [now.marks[mark] for mark in range(BEST, WORST - 1, -1)]
    return [_safe(each) for each in (table, name, now.number, average(now), *marks, now.asked, now.answered, average(before))]


def _safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
