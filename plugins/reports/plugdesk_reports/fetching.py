"""Reports and lists as files: fetched at once, or from a page that shows how far a long one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, request, url_for

from plugdesk.api import content_disposition
from plugdesk.api import gettext as _
from plugdesk_reports import behind, charts, exporting, making
from plugdesk_reports.behind import read_wanted
from plugdesk_reports.figures import ASSIGNEE, CHANNEL, GROUP, HOUR, STATUS, TAG
from plugdesk_reports.files import CSV, TYPES, XLSX, csv_lines, rows_of_all, table_rows, xlsx_bytes
from plugdesk_reports.models import Export, FileState
from plugdesk_reports.reading import backlog_before, mark_sorts
from plugdesk_reports.routes import Asked, overview_tables, read_asked, report_of, time_tables, topic_tables, weekdays
from plugdesk_reports.tables import Table
from plugdesk_web.api import Pages, agent_only, context, me, page, redirect_after

blueprint = Blueprint("fetching", __name__)
PAGES = [Pages(blueprint, "app")]


@blueprint.get("/<name>.<kind>")
@agent_only
def report(name: str, kind: str) -> Response:
    """All tables of a page of reports as a file: one below the other, or a sheet each."""
    asked = read_asked()
    if name not in MAKERS or kind not in TYPES:
        abort(404)
    tables = MAKERS[name](asked)
    file = f"{name}-{asked.period.first}-{asked.period.last}.{kind}"
    if kind == CSV:
        return sent_as("".join(csv_lines(rows_of_all(tables))).encode(), CSV, file)
    return sent_as(xlsx_bytes([(table.title, table_rows(table)) for table in tables], asked.ctx.desk.zone), XLSX, file)


@blueprint.post("/files")
@agent_only
def create() -> Response:
    """The tickets behind a figure as a file: at once, or, where they are many, by a job."""
    asked = read_asked(request.form)
    wanted = read_wanted(asked.ctx.db, asked.reach, request.form)
    kind = request.form.get("kind", XLSX)
    if kind not in TYPES:
        abort(404)
    total = behind.number_behind(asked.ctx.db, asked.reach, asked.period, wanted)
    name = wanted.title
    if total <= exporting.AT_ONCE:
        rows = [exporting.head(wanted)]
        for part in exporting.rows_behind(asked.ctx.db, asked.reach, asked.period, wanted, ZoneInfo(asked.ctx.desk.zone)):
            rows += [list(row) for row in part]
        content = "".join(csv_lines(rows)).encode() if kind == CSV else xlsx_bytes([(name, rows)], asked.ctx.desk.zone)
        return sent_as(content, kind, f"{wanted.of}-{asked.period.first}-{asked.period.last}.{kind}")
    kept = {name: str(value) for name, value in asked.arguments(**wanted.arguments).items()}
    export = exporting.begin(asked.ctx, asked.reach, name=name, kind=kind, asked=kept, total=total)
    return redirect_after(url_for(".show", number=export.id))


@blueprint.get("/files/<int:number>")
@agent_only
def show(number: int) -> Response:
    """How far a file is; when it is ready, the way to it."""
    export = exporting.export_of(context("reports").db, me(), number)
    values: Mapping[str, Any] = {
        "export": export, "is_waiting": export.state is FileState.WAITING, "is_ready": export.state is FileState.READY,
        "content": url_for(".content", number=number), "stop": url_for(".stop", number=number), "here": url_for(".show", number=number),
        "back": url_for("reports_pages.tickets", **export.asked),
    }  # fmt: skip
    return page("reports:file.html", fragment="reports:_file.html", **values)


@blueprint.get("/files/<int:number>/content")
@agent_only
def content(number: int) -> Response:
    """The file."""
    ctx = context("reports")
    export = exporting.export_of(ctx.db, me(), number)
    if export.sha256 is None:
        abort(404)
    return sent_as(ctx.read_bytes(export.sha256), export.kind, f"{_plain(export)}.{export.kind}")


@blueprint.post("/files/<int:number>/stop")
@agent_only
def stop(number: int) -> Response:
    """Write it no further."""
    ctx = context("reports")
    export = exporting.export_of(ctx.db, me(), number)
    exporting.stop(ctx, export)
    return redirect_after(url_for("reports_pages.tickets", **export.asked), _("The file is not written any further."))


def sent_as(content: bytes, kind: str, name: str) -> Response:
    """The answer that hands a file over to be kept under this name."""
    response = Response(content, content_type=TYPES[kind])
    response.headers["Content-Disposition"] = content_disposition(name)
    return response


def _overview(asked: Asked) -> Sequence[Table]:
    made = report_of(asked, (CHANNEL, HOUR))
    steps = charts.slots(asked.period.first, asked.period.last)
    series = making.series(made, backlog_before(asked.ctx.db, asked.reach, asked.period.first), steps)
    return [making.by_time(made, series), making.by_hour(made, weekdays()), making.times(made), *overview_tables(made)]


def _topics(asked: Asked) -> Sequence[Table]:
    return topic_tables(report_of(asked, (TAG, *mark_sorts(asked.ctx.db, asked.reach.forms))))


MAKERS: Mapping[str, Callable[[Asked], Sequence[Table]]] = {
    "overview": _overview,
    "people": lambda asked: making.people(report_of(asked, (ASSIGNEE, GROUP))),
    "times": lambda asked: time_tables(report_of(asked, (STATUS,))),
    "topics": _topics,
}


def _plain(export: Export) -> str:
    return "-".join(str(export.asked.get(name, "")) for name in ("of", "from", "to"))
