"""Reports and lists as files: fetched at once, or from a page that shows how far a long one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from plugdesk.api import content_disposition, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_reports import exporting, listing
from plugdesk_reports.files import CSV, TYPES, XLSX, csv_lines, rows_of_all, table_rows, xlsx_bytes
from plugdesk_reports.models import Export, FileState
from plugdesk_reports.routes import read_asked, report_of
from plugdesk_reports.standard import TITLES, tables_of
from plugdesk_web.api import ListTool, Pages, agent_only, context, me, page, redirect_after

blueprint = Blueprint("fetching", __name__)
PAGES = [Pages(blueprint, "app"), ListTool(lazy_gettext("Export"), "download", "reports_fetching.choose")]
ALL_TICKETS = "all"


@blueprint.get("/<name>.<kind>")
@agent_only
def report(name: str, kind: str) -> Response:
    """All tables of a page of reports as a file: one below the other, or a sheet each."""
    asked = read_asked()
    if name not in TITLES or kind not in TYPES:
        abort(404)
    tables = tables_of(name, report_of(asked, name))
    file = f"{name}-{asked.period.first}-{asked.period.last}.{kind}"
    if kind == CSV:
        return sent_as("".join(csv_lines(rows_of_all(tables))).encode(), CSV, file)
    return sent_as(xlsx_bytes([(table.title, table_rows(table)) for table in tables], asked.ctx.desk.zone), XLSX, file)


@blueprint.get("/export")
@agent_only
def choose() -> Response:
    """What is to stand in the file of a list: before it is made."""
    ctx, given = context("reports"), {"view": ALL_TICKETS, **request.args.to_dict()}
    wish = exporting.wish_of(ctx, me(), given)
    offered = [(listing.SHOWN, _("as the list shows them")), (listing.ALL, _("all, with every field of the form"))]
    chosen = wish.asked["columns"]
    if chosen not in (listing.SHOWN, listing.ALL):
        offered.insert(0, (chosen, _("those of the registry, as chosen")))
    left_out = [form.name for form in listing.forms_left_out(ctx.db, me(), wish.reach)] if not given.get("form") else []
    return page(
        "reports:export.html", wish=wish, columns=offered, chosen=chosen, left_out=left_out, kinds=list(TYPES),
        back=_list_url(wish.asked), in_background=wish.total > exporting.AT_ONCE,
    )  # fmt: skip


@blueprint.post("/files")
@agent_only
def create() -> Response:
    """A list of tickets as a file: at once, or, where they are many, by a job."""
    ctx, kind = context("reports"), request.form.get("kind", XLSX)
    if kind not in TYPES:
        abort(404)
    wish = exporting.wish_of(ctx, me(), request.form)
    if wish.total > exporting.AT_ONCE:
        export = exporting.begin(ctx, wish, me(), kind=kind)
        exporting.tell_journal(ctx, wish, me(), kind=kind)
        return redirect_after(url_for(".show", number=export.id))
    content = exporting.content_of(wish, kind, ctx.desk.zone)
    exporting.tell_journal(ctx, wish, me(), kind=kind)
    return sent_as(content, kind, f"{wish.file}.{kind}")


@blueprint.get("/files/<int:number>")
@agent_only
def show(number: int) -> Response:
    """How far a file is; when it is ready, the way to it."""
    export = exporting.export_of(context("reports").db, me(), number)
    values: Mapping[str, Any] = {
        "export": export, "is_waiting": export.state is FileState.WAITING, "is_ready": export.state is FileState.READY,
        "content": url_for(".content", number=number), "stop": url_for(".stop", number=number), "here": url_for(".show", number=number),
        "back": _back(export),
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
    return redirect_after(_back(export), _("The file is not written any further."))


def sent_as(content: bytes, kind: str, name: str) -> Response:
    """The answer that hands a file over to be kept under this name."""
    response = Response(content, content_type=TYPES[kind])
    response.headers["Content-Disposition"] = content_disposition(name)
    return response


def _plain(export: Export) -> str:
    names = ("view", "form") if "view" in export.asked else ("of", "from", "to")
    return "-".join(str(export.asked[name]) for name in names if export.asked.get(name))


def _back(export: Export) -> str:
    """The list that the file is of."""
    return _list_url(export.asked) if "view" in export.asked else url_for("reports_pages.tickets", **export.asked)


def _list_url(asked: Mapping[str, Any]) -> str:
    if asked["columns"] not in (listing.SHOWN, listing.ALL):
        return url_for("reports_registry.show", **asked)
    narrowed: dict[str, Any] = {name: asked[name] for name in ("form", "group") if name in asked}
    if asked.get("q"):
        return url_for("search.show", q=asked["q"])
    if asked["view"] == ALL_TICKETS:
        return url_for("reports_registry.show", **narrowed)
    return url_for("tickets.view", slug=asked["view"], **narrowed)
