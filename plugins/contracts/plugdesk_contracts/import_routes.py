"""The pages of imports of customers: a file is chosen, looked through, stored in the background, and taken back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import joinedload

from plugdesk.api import Invalid, NotFound, PlugdeskError, row_number
from plugdesk.api import gettext as _
from plugdesk_contracts import importing
from plugdesk_contracts.columns import LABELS
from plugdesk_contracts.import_models import Import, ImportLine, ImportState, Outcome
from plugdesk_contracts.models import Contract, ContractFolder
from plugdesk_contracts.queries import PAGE, contract_with, folder_with
from plugdesk_contracts.rights import PLUGIN
from plugdesk_contracts.sheets import MOST_BYTES, MOST_ROWS
from plugdesk_web.api import Pages, admin_only, context, db, me, page, redirect_after

blueprint = Blueprint("imports", __name__)
PAGES = [Pages(blueprint, "app")]
SAMPLES = 3  # rows shown beside each column
LISTED = 100


@blueprint.get("/imports")
@admin_only
def index() -> Response:
    """A file to choose, and what was imported before."""
    importing.only_importers(me())
    return _index()


@blueprint.post("/imports")
@admin_only
def create() -> Response:
    """Look a file through; nothing of it is stored yet."""
    importing.only_importers(me())
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(problems={"file": _("Choose a file.")})
        contract, folder = _place()
        content = sent.stream.read(MOST_BYTES + 1)
        found = importing.start_import(context(PLUGIN), sent.filename, content, contract=contract, folder=folder, by=me())
    except Invalid as refusal:
        db().rollback()
        return _index(refusal)
    return redirect_after(url_for(".show", import_id=found.id))


@blueprint.get("/imports/<int:import_id>")
@admin_only
def show(import_id: int) -> Response:
    """What is to come of its rows, how far it is, and what came of it."""
    return _show(_here(import_id))


@blueprint.post("/imports/<int:import_id>/columns")
@admin_only
def set_columns(import_id: int) -> Response:
    """Say what stands in each column; all rows are looked through again."""
    found, given = _here(import_id), request.form
    columns = [given.get(f"column-{number}", "") for number in range(len(found.columns))]
    try:
        importing.set_columns(context(PLUGIN), found, columns, has_header=bool(given.get("has_header")), by=me())
    except Invalid as refusal:
        db().rollback()
        return _show(_here(import_id), refusal, columns, has_header=bool(given.get("has_header")))
    return redirect_after(url_for(".show", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/run")
@admin_only
def run(import_id: int) -> Response:
    """Store them, or go on where it was stopped."""
    importing.run_import(context(PLUGIN), _here(import_id), by=me())
    return redirect_after(url_for(".show", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/stop")
@admin_only
def stop(import_id: int) -> Response:
    """Leave the rest as it is."""
    importing.stop_import(context(PLUGIN), _here(import_id), by=me())
    return redirect_after(url_for(".show", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/undoing")
@admin_only
def undo(import_id: int) -> Response:
    """Take back what it made, as long as nobody has touched it."""
    importing.undo_import(context(PLUGIN), _here(import_id), by=me())
    return redirect_after(url_for(".show", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/deletion")
@admin_only
def forget(import_id: int) -> Response:
    """Drop the rows; nobody who was imported goes."""
    found = _here(import_id)
    importing.forget_import(context(PLUGIN), found, by=me())
    return redirect_after(url_for(".index"), _("The rows of the file are deleted."))


def _here(import_id: int) -> Import:
    importing.only_importers(me())
    found = db().get(Import, import_id)
    if found is None:
        raise NotFound(_("This import is not kept any more. The customers are there."))
    return found


def _place() -> tuple[Contract | None, ContractFolder | None]:
    """The contract they go into, if any; a folder only with its contract."""
    contract, folder = (row_number(request.values.get(name, "")) for name in ("contract", "folder"))
    if contract is None:
        return None, None
    chosen = folder_with(db(), folder) if folder is not None else None
    return contract_with(db(), contract), chosen if chosen is not None and chosen.contract_id == contract else None


def _index(refusal: PlugdeskError | None = None) -> Response:
    contract, folder = _place()
    contracts = db().execute(sa.select(Contract.id, Contract.name).order_by(Contract.rating.desc(), Contract.folded)).all()
    rows = db().scalars(
        sa.select(Import).options(joinedload(Import.by), joinedload(Import.contract)).order_by(Import.id.desc()).limit(LISTED)
    )
    problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
    if refusal is not None and not problems:
        problems = {"file": str(refusal)}
    return page(
        "contracts:imports.html", status=refusal.status if refusal else 200, rows=rows.all(), states=_states(), contract=contract,
        folder=folder, contracts=[(number, name) for number, name in contracts], problems=problems, most=MOST_ROWS, megabytes=MOST_BYTES // 1_000_000,
        days=importing.KEPT.days,
    )  # fmt: skip


def _show(
    found: Import, refusal: PlugdeskError | None = None, columns: list[str] | None = None, *, has_header: bool | None = None
) -> Response:
    shown, after = request.args.get("show", ""), row_number(request.args.get("after", "")) or 0
    own = (ImportLine.import_id == found.id, ImportLine.number > int(found.has_header))
    counted = sa.select(ImportLine.outcome, sa.func.count()).where(*own).group_by(ImportLine.outcome)
    counts = {outcome: number for outcome, number in db().execute(counted)}
    outcome = next((each for each in Outcome if each.value == shown), None) or _first(counts)
    lines = sa.select(ImportLine).options(joinedload(ImportLine.user)).where(*own, ImportLine.number > after)
    lines = lines.where(ImportLine.outcome == outcome if outcome else ImportLine.outcome.is_(None))
    rows = db().scalars(lines.order_by(ImportLine.number).limit(PAGE + 1)).all() if not found.goes_on else []
    older = url_for(".show", import_id=found.id, show=outcome or None, after=rows[PAGE - 1].number) if len(rows) > PAGE else ""
    return page(
        "contracts:import.html", fragment="contracts:_import.html", status=refusal.status if refusal else 200, found=found,
        words=str(refusal) if refusal else "", counts=counts, outcome=outcome, outcomes=_outcomes(found), rows=rows[:PAGE],
        older=older, first=url_for(".show", import_id=found.id, show=shown or None) if after else "",
        columns=columns or found.columns, has_header=found.has_header if has_header is None else has_header, labels=list(LABELS.items()),
        samples=_samples(found), states=_states(), taken_back=bool(counts.get(Outcome.UNDONE) or counts.get(Outcome.STAYS)),
        done=found.total - found.at if found.state is ImportState.UNDOING else found.at, days=importing.KEPT.days,
    )  # fmt: skip


def _first(counts: dict[Any, int]) -> Outcome | None:
    """What is looked at first: what is to be mended."""
    order = (Outcome.PROBLEM, Outcome.STAYS, Outcome.NEW, Outcome.KNOWN, Outcome.UNDONE, Outcome.EMPTY)
    return next((each for each in order if counts.get(each)), None)


def _samples(found: Import) -> list[list[str]]:
    """Of each column its first cells, the first row among them."""
    rows = db().scalars(
        sa.select(ImportLine.cells).where(ImportLine.import_id == found.id).order_by(ImportLine.number).limit(SAMPLES)
    )
    cells = [list(each) for each in rows]
    return [[row[at] if at < len(row) else "" for row in cells] for at in range(len(found.columns))]


def _states() -> dict[str, tuple[str, str]]:
    return {
        ImportState.CHECKING: (_("being looked through"), "grey"), ImportState.CHECKED: (_("not stored yet"), "amber"),
        ImportState.RUNNING: (_("goes on"), "accent"), ImportState.STOPPED: (_("stopped"), "amber"), ImportState.DONE: (_("imported"), "green"),
        ImportState.UNDOING: (_("being taken back"), "accent"), ImportState.UNDONE: (_("taken back"), "grey"),
    }  # fmt: skip


def _outcomes(found: Import) -> list[tuple[Outcome, str]]:
    """What rows can have come to, in the order in which they are told."""
    new = _("Imported") if found.has_begun else _("New")
    return [
        (Outcome.PROBLEM, _("With problems")), (Outcome.STAYS, _("Stay")), (Outcome.NEW, new), (Outcome.KNOWN, _("Known")),
        (Outcome.UNDONE, _("Taken back")), (Outcome.EMPTY, _("Empty rows")),
    ]  # fmt: skip
