"""Lists of tickets as files, the one behind a figure or any other: a short one at once, a long one by a job that shows how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import (
    Conflict,
    Context,
    NotFound,
    User,
    current_language,
    enqueue,
    format_number,
    ngettext,
    row_number,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_reports import behind, listing, periods
from plugdesk_reports.behind import Wanted, is_worked, read_wanted
from plugdesk_reports.files import XLSX, csv_lines, xlsx_bytes
from plugdesk_reports.listing import Wish
from plugdesk_reports.models import Export, FileState
from plugdesk_reports.naming import channels
from plugdesk_reports.periods import Period
from plugdesk_reports.reading import Reach, reach_of

AT_ONCE = 2_000  # rows a page writes itself
BATCH = 5_000  # rows between two reports of a job
KEPT = timedelta(days=1)
MOST_WAITING = 5  # files of one person


def wish_of(ctx: Context, viewer: User, given: Mapping[str, str]) -> Wish:
    """What `given`, as an address says it, asks to be written for `viewer`: a list by its `view`, else the tickets behind a figure.

    Raises `NotFound` where there is no form to report on, or no such list.
    """
    everything = reach_of(ctx.db, viewer, archived="view" in given)
    if not everything.forms:
        raise NotFound(_("There is nothing to report on here."))
    return listing.wish_of(ctx, everything, given) if "view" in given else _behind_a_figure(ctx, everything, given)


def content_of(wish: Wish, kind: str, zone: str) -> bytes:
    """The whole file. Rows go into it one by one."""
    rows = _rows(wish)
    return xlsx_bytes([(wish.name, rows)], zone) if kind == XLSX else _csv_bytes(rows)


def begin(ctx: Context, wish: Wish, by: User, *, kind: str) -> Export:
    """Have a long list written by a job, for `by`. Raises `Conflict` when too many of theirs are being written."""
    waiting = sa.select(sa.func.count()).select_from(Export).where(Export.by_id == by.id, Export.state == FileState.WAITING)
    if (ctx.db.scalar(waiting) or 0) >= MOST_WAITING:
        raise Conflict(_("%(number)d files of yours are being written. Wait for one, or stop it.", number=MOST_WAITING))
    export = Export(
        by_id=by.id, name=wish.name, kind=kind, asked=dict(wish.asked), total=wish.total, language=current_language(),
        created_at=ctx.now, state=FileState.WAITING, whole=list(wish.reach.whole), part=list(wish.reach.part),
    )  # fmt: skip
    ctx.db.add(export)
    ctx.db.flush()  # its number, for the job
    enqueue(ctx.db, f"{ctx.plugin}:export", key=f"export:{export.id}", export_id=export.id)
    return export


def tell_journal(ctx: Context, wish: Wish, by: User, *, kind: str) -> None:
    """Record that somebody takes tickets out of the desk: which, how many, as what."""
    tickets = ngettext("%(num)s ticket", "%(num)s tickets", wish.total, num=format_number(wish.total))
    said = _("Wrote “%(list)s” into a file, %(kind)s: %(tickets)s", list=wish.name, kind=kind.upper(), tickets=tickets)
    ctx.journal("list_exported", actor=by, said=said, asked=dict(wish.asked), total=wish.total)


def export_of(session: Session, by: User, number: int) -> Export:
    """A file of this person, while they see as much of its forms as when they asked for it; else `NotFound`."""
    found = session.get(Export, number)
    if found is None or found.by_id != by.id or not _still_sees(session, by, found):
        raise NotFound(_("There is no such file. Files are kept for a day."))
    return found


def _still_sees(session: Session, by: User, export: Export) -> bool:
    now = reach_of(session, by, archived=True)
    return set(export.whole) <= set(now.whole) and set(export.part) <= {*now.whole, *now.part}


def stop(ctx: Context, export: Export) -> None:
    """Write it no further."""
    if export.state is FileState.WAITING:
        export.state = FileState.STOPPED


def write(ctx: Context, export_id: int = 0, **_given: Any) -> None:
    """Job: write the file as its owner may see the tickets at this moment; ends when it was stopped, or there is nothing left to see."""
    export = ctx.db.get(Export, export_id)
    if export is None or export.state is not FileState.WAITING:
        return
    export.done = 0  # somebody may have been killed over it
    with use_language(export.language, ctx.desk.zone):
        try:
            wish = wish_of(ctx, ctx.db.get_one(User, export.by_id), export.asked)
        except NotFound:
            export.state = FileState.STOPPED
            return
        content = content_of(wish._replace(batches=_reported(ctx, wish.batches, export_id)), export.kind, ctx.desk.zone)
    export = ctx.db.get(Export, export_id)
    if export is not None and export.state is FileState.WAITING:
        export.sha256, export.state = ctx.keep_bytes(content), FileState.READY
        export.total = export.done


def forget_old(ctx: Context) -> None:
    """Timer of the desk: files that nobody needs any more."""
    for export in ctx.db.scalars(sa.select(Export).where(Export.created_at < ctx.now - KEPT)).all():
        if export.sha256 is not None:
            ctx.release_bytes(export.sha256)
        ctx.db.delete(export)


def _rows(wish: Wish) -> Iterator[Sequence[Any]]:
    yield wish.head
    for rows in wish.batches:
        yield from rows


def _reported(ctx: Context, batches: Iterable[list[Sequence[Any]]], number: int) -> Iterator[list[Sequence[Any]]]:
    """The same; after each batch the page is told how far it is."""
    for rows in batches:
        yield rows
        found = ctx.db.get(Export, number)
        if found is None or found.state is not FileState.WAITING:
            return
        found.done += len(rows)
        found.total = max(found.total, found.done)
        ctx.checkpoint()


def _behind_a_figure(ctx: Context, everything: Reach, given: Mapping[str, str]) -> Wish:
    zone = ZoneInfo(ctx.desk.zone)
    period, _problem = periods.read_period(given, ctx.now.astimezone(zone).date())
    form_id = row_number(given.get("form", ""))
    reach = everything.on(form_id if form_id in [form.id for form in everything.forms] else None)
    wanted = read_wanted(ctx.db, reach, given)
    said = {
        "from": period.first.isoformat(), "to": period.last.isoformat(), "form": given.get("form"), **wanted.arguments,
        "hours": "business" if is_worked(given) else None,
    }  # fmt: skip
    asked = {name: str(value) for name, value in said.items() if value not in (None, "")}
    total = behind.number_behind(ctx.db, reach, period, wanted)
    batches = _rows_behind(ctx.db, reach, period, wanted, zone)
    return Wish(wanted.title, f"{wanted.of}-{period.first}-{period.last}", reach, asked, total, _head(wanted), batches)


def _head(wanted: Wanted) -> list[str]:
    measured = [wanted.title] if wanted.metric else []
    return [
        _("Number"), _("Subject"), _("Form"), _("Customer"), _("Channel"), _("Status"), _("Assignee"), _("Opened"),
        _("First response, minutes"), _("Resolution, minutes"), _("Messages from the customer"), _("Answers"),
        *measured,
    ]  # fmt: skip


def _rows_behind(session: Session, reach: Reach, period: Period, wanted: Wanted, zone: ZoneInfo) -> Iterator[list[Sequence[Any]]]:
    """The tickets behind a figure, batch by batch, as rows under its head."""
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


def _csv_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    written = BytesIO()
    for line in csv_lines(rows):
        written.write(line.encode())
    return written.getvalue()


def _minutes(seconds: int | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)
