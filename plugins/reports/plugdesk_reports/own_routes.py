"""The pages of own reports: the list, one of them, and the page on which it is made, looked at as one chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from plugdesk.api import Conflict, Invalid
from plugdesk.api import gettext as _
from plugdesk_reports import own_commands, periods
from plugdesk_reports.definition import Definition, groupings_for, metrics_for, read_definition, titled
from plugdesk_reports.fetching import sent_as
from plugdesk_reports.files import CSV, TYPES, csv_lines, rows_of_all, table_rows, xlsx_bytes
from plugdesk_reports.letter_commands import hindered
from plugdesk_reports.letter_routes import letter_urls, shown_letter
from plugdesk_reports.narrowing import LONGEST
from plugdesk_reports.own_commands import may_change, report_for, reports_for
from plugdesk_reports.own_editing import PRIVATE, choices_for, chosen_groups, in_words, stored
from plugdesk_reports.own_making import Made, MadePage, made_of
from plugdesk_reports.own_models import OwnReport
from plugdesk_reports.routes import LETTER, Asked, read_asked, tabs_of
from plugdesk_reports.standard import TITLES
from plugdesk_web.api import (
    FRESH,
    Pages,
    Refused,
    agent_only,
    context,
    db,
    examples,
    me,
    page,
    redirect_after,
    refused,
    version_given,
)

blueprint = Blueprint("own", __name__)
PAGES = [Pages(blueprint, "app")]


@blueprint.get("/own")
@agent_only
def index() -> Response:
    """The reports one reads: own ones, and those that are shared."""
    asked = read_asked()
    metrics, groupings = metrics_for(asked.ctx.db, asked.everything), groupings_for(asked.ctx.db, asked.everything)
    rows = []
    reports = reports_for(db(), me())
    not_sent = hindered(asked.ctx, reports)
    for report in reports:
        definition = read_definition(report.asked)
        metric = titled(metrics, definition.metric)
        what = [str(metric.title) if metric else definition.metric, groupings.get(definition.by, definition.by)]
        if definition.page:
            what = [str(TITLES.get(definition.page, definition.page))]
        words = [dict(periods.choices()).get(definition.period, ""), definition.words]
        may = may_change(me(), report)
        rows.append((report, what, [each for each in words if each], _shared_with(report), may, may and report.id in not_sent))
    return page("reports:own_index.html", rows=rows, tabs=tabs_of(asked, "own"), me=me())


@blueprint.get("/own/new")
@agent_only
def new() -> Response:
    """The page to make one; the address may say what is to be counted, or which page of the standard reports is to be kept."""
    definition = read_definition(request.args)
    named = [str(TITLES[definition.page]), dict(periods.choices())[definition.period]] if definition.page in TITLES else []
    typed = {"sharing": PRIVATE, "name": ", ".join(named), "then": request.args.get("then", "")}
    return _edit(None, definition, typed)


@blueprint.post("/own/preview")
@agent_only
def preview() -> Response:
    """The same page with the figures as they would be; nothing is saved."""
    number = request.form.get("report", "")
    report = report_for(db(), me(), int(number)) if number.isascii() and number.isdigit() and len(number) < 16 else None
    return _edit(report, read_definition(request.form), request.form)


@blueprint.post("/own")
@agent_only
def create() -> Response:
    return _save(None)


@blueprint.get("/own/<int:number>")
@agent_only
def show(number: int) -> Response:
    """A report over its days, or over those the address names, as its reader may see the tickets."""
    report = report_for(db(), me(), number)
    definition = read_definition(report.asked | _other_days())
    asked, made, problems = _made(definition)
    again: dict[str, Any] = {name: value for name, value in definition.plain.items() if name in ("period", "from", "to")}
    may = may_change(me(), report)
    letters: dict[str, Any] = (
        {"letters": shown_letter(report), "letter_urls": letter_urls(report), "zone": asked.ctx.desk.zone} if may else {}
    )
    return page(
        "reports:own.html", report=report, made=made, standard=_standard_url(asked, definition), problems=problems, asked=asked,
        definition=definition, period=asked.period,
        tabs=tabs_of(asked, "own"), may_change=may, shared=_shared_with(report), periods=periods.choices(), **letters,
        form_name=next((form.name for form in asked.reach.forms if form.id == asked.form_id), ""),
        files=[(kind, url_for(".file", number=number, kind=kind, **again)) for kind in TYPES] if made else [],
    )  # fmt: skip


@blueprint.get("/own/<int:number>.<kind>")
@agent_only
def file(number: int, kind: str) -> Response:
    """The report as a file."""
    report = report_for(db(), me(), number)
    asked, made, _problems = _made(read_definition(report.asked | _other_days()))
    if made is None or kind not in TYPES:
        abort(404)
    return sent_as(
        file_of(made, kind, asked.ctx.desk.zone), kind, f"{report.name}-{asked.period.first}-{asked.period.last}.{kind}"
    )


@blueprint.get("/own/<int:number>/edit")
@agent_only
def edit(number: int) -> Response:
    report = _to_change(number)
    return _edit(report, read_definition(report.asked), stored(report))


@blueprint.post("/own/<int:number>")
@agent_only
def change(number: int) -> Response:
    return _save(_to_change(number))


@blueprint.post("/own/<int:number>/copies")
@agent_only
def copy(number: int) -> Response:
    report = report_for(db(), me(), number)
    made = own_commands.copy_report(context("reports"), report, read_definition(report.asked), by=me())
    return redirect_after(url_for(".edit", number=made.id), _("This is your copy. Change what you like, and save."))


@blueprint.post("/own/<int:number>/removal")
@agent_only
def remove(number: int) -> Response:
    report = report_for(db(), me(), number)
    own_commands.remove_report(context("reports"), report, by=me())
    return redirect_after(url_for(".index"), _("“%(report)s” is removed.", report=report.name))


def file_of(made: Made | MadePage, kind: str, zone: str) -> bytes:
    """An own report as the content of a file: its tables one below the other, or a sheet each."""
    if kind == CSV:
        return "".join(csv_lines(rows_of_all(made.tables))).encode()
    return xlsx_bytes([(table.title, table_rows(table)) for table in made.tables], zone)


def _made(definition: Definition) -> tuple[Asked, Made | MadePage | None, Mapping[str, str]]:
    """What is asked for, the report over it, and what is wrong: then nothing is counted."""
    asked = read_asked(definition.plain)
    made, problems = made_of(
        asked.ctx.db, asked.everything, definition, asked.period, period_problem=asked.problem, link=asked.link
    )
    return asked, made, problems


def _save(report: OwnReport | None) -> Response:
    """Keep what was typed; a refusal keeps it on the page."""
    ctx, given = context("reports"), request.form
    definition = read_definition(given)
    asked, _made_of_it, problems = _made(definition)
    try:
        wanted = own_commands.read_input(
            ctx.db, given.get("name", ""), definition, given.get("sharing", PRIVATE), given.getlist("groups"), problems=problems
        )
        if report is None:
            report = own_commands.add_report(ctx, wanted, by=me())
        else:
            own_commands.change_report(ctx, report, wanted, by=me(), version=version_given())
    except (Conflict, Invalid) as refusal:
        said = refused(refusal)
        if report is not None and said.is_conflict:
            offered = choices_for(ctx.db, asked.everything)
            theirs = in_words(offered, read_definition(report.asked), stored(report))
            said = said.compared(in_words(offered, definition, given), theirs)
        return _edit(report, definition, given, said)
    next_page = "reports_letters.show" if given.get("then") == LETTER else ".show"
    return redirect_after(url_for(next_page, number=report.id), _("Saved."))


def _edit(report: OwnReport | None, definition: Definition, typed: Mapping[str, Any], said: Refused = FRESH) -> Response:
    asked, made, problems = _made(definition)
    session = asked.ctx.db
    return page(
        "reports:own_edit.html", fragment="reports:_own_figures.html", status=said.status, report=report, made=made, refused=said,
        problems={**problems, **said.problems}, version=said.version_of(report.version) if report else None, definition=definition,
        typed=typed, chosen_groups=chosen_groups(typed), asked=asked, period=asked.period, longest=LONGEST,
        examples=[each for each in examples(session, me()) if ":" in each[0]], tabs=tabs_of(asked, "own"),
        standard=str(TITLES.get(definition.page, "")), then=typed.get("then", ""), **choices_for(session, asked.everything),
    )  # fmt: skip


def _standard_url(asked: Asked, definition: Definition) -> str:
    """The page of the standard reports that this one keeps, over the same days."""
    return url_for(f"reports_pages.{definition.page}", **asked.arguments()) if definition.page in TITLES else ""


def _other_days() -> dict[str, str]:
    """Other days than the report's own, where the address names some."""
    given = {name: request.args[name] for name in ("period", "from", "to") if request.args.get(name)}
    return {"period": "", "from": "", "to": "", **given} if given else {}


def _to_change(number: int) -> OwnReport:
    report = report_for(db(), me(), number)
    own_commands.only_changers(me(), report)
    return report


def _shared_with(report: OwnReport) -> str:
    """Who reads it, in words."""
    if report.is_public:
        return _("everybody")
    return ", ".join(each.name for each in report.groups) or _("nobody else")
