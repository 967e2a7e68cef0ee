"""Lists of tickets as files: a short one at once, a long one by a job that shows how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Conflict, Context, NotFound, User, current_language, enqueue, use_language
from plugdesk.api import gettext as _
from plugdesk_reports import behind, periods
from plugdesk_reports.behind import Wanted, read_wanted
from plugdesk_reports.files import XLSX, csv_lines, xlsx_bytes
from plugdesk_reports.models import Export, FileState
from plugdesk_reports.naming import channels
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Reach, reach_of

AT_ONCE = 2_000  # rows a page writes itself
BATCH = 5_000  # rows between two reports of a job
KEPT = timedelta(days=2)
MOST_WAITING = 5  # files of one person


def head(wanted: Wanted) -> list[str]:
    """The columns of a list in a file."""
    measured = [wanted.title] if wanted.metric else []
    return [
        _("Number"), _("Subject"), _("Form"), _("Customer"), _("Channel"), _("Status"), _("Assignee"), _("Opened"),
        _("First response, minutes"), _("Resolution, minutes"), _("Messages from the customer"), _("Answers"),
        *measured,
    ]  # fmt: skip


def rows_behind(session: Session, reach: Reach, period: Period, wanted: Wanted, zone: Any) -> Iterator[list[Sequence[Any]]]:
    """The tickets behind a figure, batch by batch, as rows under its `head`."""
    forms, known, language, before = {form.id: form.name for form in reach.forms}, channels(session), current_language(), ""
    while True:
        rows, before = behind.tickets_behind(session, reach, period, wanted, before=before, limit=BATCH)
        yield [
            [
                row.number, row.subject, forms.get(row.form_id, ""), row.customer, known.get(row.channel, row.channel),
                row.Status.name_in(language), row.assignee or "", row.opened_at.astimezone(zone), _minutes(row.answered_after),
                _minutes(row.closed_after), row.incoming, row.outgoing,
                *([row.value] if wanted.metric else []),
            ]
            for row in rows
        ]  # fmt: skip
        if not before:
            return


def note(ctx: Context, by: User, name: str, total: int) -> None:
    """Customers' names leave the desk with a list of their tickets: who took which stands in the journal."""
    ctx.journal("list_exported", actor=by, said=_("The list “%(name)s” was taken as a file (tickets: %(n)s)", name=name, n=total))


def begin(ctx: Context, reach: Reach, *, name: str, kind: str, asked: Mapping[str, str], total: int) -> Export:
    """Have a long list written by a job, for the viewer of `reach`. Raises `Conflict` when too many of theirs are being written."""
    by = reach.viewer
    waiting = sa.select(sa.func.count()).select_from(Export).where(Export.by_id == by.id, Export.state == FileState.WAITING)
    if (ctx.db.scalar(waiting) or 0) >= MOST_WAITING:
        raise Conflict(_("%(number)d files of yours are being written. Wait for one, or stop it.", number=MOST_WAITING))
    export = Export(
        by_id=by.id, name=name, kind=kind, asked=dict(asked), total=total, language=current_language(), created_at=ctx.now,
        state=FileState.WAITING, whole=list(reach.whole), part=list(reach.part),
    )  # fmt: skip
    ctx.db.add(export)
    ctx.db.flush()  # its number, for the job
    enqueue(ctx.db, f"{ctx.plugin}:export", key=f"export:{export.id}", export_id=export.id)
    return export


def export_of(session: Session, by: User, number: int) -> Export:
    """A file of this person, while they see as much of its forms as when they asked for it; else `NotFound`."""
    found = session.get(Export, number)
    if found is None or found.by_id != by.id or not _still_sees(session, by, found):
        raise NotFound(_("There is no such file. Files are kept for two days."))
    return found


def _still_sees(session: Session, by: User, export: Export) -> bool:
    now = reach_of(session, by)
    return set(export.whole) <= set(now.whole) and set(export.part) <= {*now.whole, *now.part}


def stop(ctx: Context, export: Export) -> None:
    """Write it no further."""
    if export.state is FileState.WAITING:
        export.state = FileState.STOPPED


def write(ctx: Context, export_id: int = 0, **_given: Any) -> None:
    """Job: write the file as its owner may see the tickets at this moment; ends when it was stopped."""
    export = ctx.db.get(Export, export_id)
    if export is None or export.state is not FileState.WAITING:
        return
    export.done = 0  # somebody may have been killed over it
    with use_language(export.language, ctx.desk.zone):
        rows = _reported(ctx, export)
        content = xlsx_bytes([(export.name, rows)], ctx.desk.zone) if export.kind == XLSX else _csv_bytes(rows)
    export = ctx.db.get(Export, export_id)
    if export is not None and export.state is FileState.WAITING:
        export.sha256, export.state, export.done = ctx.keep_bytes(content), FileState.READY, export.total


def forget_old(ctx: Context) -> None:
    """Timer of the desk: files that nobody needs any more."""
    for export in ctx.db.scalars(sa.select(Export).where(Export.created_at < ctx.now - KEPT)).all():
        if export.sha256 is not None:
            ctx.release_bytes(export.sha256)
        ctx.db.delete(export)


def _reported(ctx: Context, export: Export) -> Iterable[Sequence[Any]]:
    """The rows of the file; after each batch the page is told how far it is."""
    asked, number = dict(export.asked), export.id
    owner = ctx.db.get_one(User, export.by_id)
    reach = reach_of(ctx.db, owner)
    form_id = asked.get("form", "")
    reach = reach.on(int(form_id)) if form_id.isdigit() else reach
    period, _problem = periods.read_period(asked, ctx.now.astimezone(ZoneInfo(ctx.desk.zone)).date())
    wanted = read_wanted(ctx.db, reach, asked)
    yield head(wanted)
    for rows in rows_behind(ctx.db, reach, period, wanted, ZoneInfo(ctx.desk.zone)):
        yield from rows
        found = ctx.db.get(Export, number)
        if found is None or found.state is not FileState.WAITING:
            return
        found.done = min(found.total, found.done + len(rows))
        ctx.checkpoint()


def _csv_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    return "".join(csv_lines(rows)).encode()


def _minutes(seconds: int | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)
