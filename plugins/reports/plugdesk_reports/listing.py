"""Any list of tickets as rows for a file: of a view or what was searched for, as it is shown or with all its fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from plugdesk.api import Context, Form, Order, User, all_forms, can_work_on
from plugdesk.api import gettext as _
from plugdesk_reports.columns import ListColumn, as_shown, chosen, columns_of_list, rows_of_page
from plugdesk_reports.reading import Reach
from plugdesk_web.api import AskedList, number_in_list, page_of_list, read_list

BATCH = 1_000  # tickets read at once
MOST = 1_000_000  # tickets found by words that are counted
SHOWN, ALL = "shown", "all"
NARROWING = ("form", "group", "q")


class Wish(NamedTuple):
    """A list to be written into a file: its name, the file's, whose tickets it holds, what was asked for, how many, head and rows."""

    name: str
    file: str
    reach: Reach
    asked: Mapping[str, str]
    total: int
    head: Sequence[str]
    batches: Iterable[list[Sequence[Any]]]


def wish_of(ctx: Context, everything: Reach, given: Mapping[str, str]) -> Wish:
    """The list that `given` asks for with the columns it names, of the forms in reach; the latest number first, which nothing moves meanwhile.

    Raises `NotFound` where there is no such list.
    """
    asked = read_list(ctx.db, everything.viewer, given)
    reach = everything.on(asked.narrowed.form_id)
    said = given.get("columns", SHOWN)
    columns = columns_asked(columns_of_list(ctx.db, reach.viewer, reach.forms), said)
    kept = {name: given[name] for name in NARROWING if given.get(name)}
    kept |= {"view": asked.view, "columns": said if said in (SHOWN, ALL) else ",".join(each.code for each in columns)}
    file = "-".join([asked.view, *([given["form"]] if given.get("form") else []), f"{ctx.now:%Y-%m-%d}"])
    total = number_in_list(ctx.db, reach.viewer, asked.on(reach.forms), most=MOST)
    return Wish(
        name_of(asked, reach, given),
        file,
        reach,
        kept,
        total,
        [each.title for each in columns],
        _rows(ctx, reach, asked, columns),
    )


def forms_left_out(session: Session, viewer: User, reach: Reach) -> list[Form]:
    """The forms whose tickets stand in lists of `viewer`, but not in their files: the extension is off there."""
    forms = (form for form in all_forms(session, archived=True) if can_work_on(session, viewer, form.id))
    return [form for form in forms if form.id not in [each.id for each in reach.forms]]


def columns_asked(columns: Sequence[ListColumn], said: str) -> list[ListColumn]:
    """Of `columns` those an address asks for: as the list shows them, all, or by their codes."""
    return as_shown(columns) if said == SHOWN else chosen(columns, [] if said == ALL else said.split(","))


def name_of(asked: AskedList, reach: Reach, given: Mapping[str, str]) -> str:
    """What the list is called, in words."""
    form = [each.name for each in reach.forms if each.id == asked.narrowed.form_id]
    words = [_("found by “%(words)s”", words=given["q"])] if given.get("q") else []
    return ", ".join([asked.title, *form, *words])


def _rows(ctx: Context, reach: Reach, asked: AskedList, columns: Sequence[ListColumn]) -> Iterator[list[Sequence[Any]]]:
    zone, wanted, after = ZoneInfo(ctx.desk.zone), [each.code for each in columns], ""
    while True:
        found = page_of_list(
            ctx.db, reach.viewer, asked, reach.forms, columns=wanted, after=after, limit=BATCH, order=Order.NEWEST
        )  # fmt: skip
        rows = rows_of_page(ctx.db, found, reach.forms, columns, in_words=False)
        yield [[_local(cell, zone) for cell in cells] for _ticket, cells in rows]
        after = found.next
        if not after:
            return


def _local(cell: Any, zone: ZoneInfo) -> Any:
    return cell.astimezone(zone) if isinstance(cell, datetime) else cell
