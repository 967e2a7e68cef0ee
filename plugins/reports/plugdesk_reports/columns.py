"""The tickets of a list as a table: which columns it can have, and the rows of a page, as words to read or as values for a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import (
    Attachment,
    Field,
    FieldKind,
    Form,
    Group,
    Listed,
    Order,
    User,
    current_language,
    format_list,
    pgettext,
    show_value,
)
from plugdesk.api import gettext as _
from plugdesk_reports.naming import channels
from plugdesk_web.api import ListedPage, columns_on

FIELD = "field:"
AS_SHOWN = ("number", "subject", "status", "customer", "form", "assignee", "tags", "channel", "spoken")
_FIGURES = (FieldKind.NUMBER, FieldKind.MONEY, FieldKind.DATE, FieldKind.DATE_TIME)
_NAMED = (FieldKind.PERSON, FieldKind.CUSTOMER, FieldKind.GROUP)


class Row(NamedTuple):
    """A ticket with all that stands in its cells: `fields` by code, `cells` of extensions by column."""

    ticket: Listed
    fields: Mapping[str, Any]
    cells: Mapping[str, str]


@dataclass(frozen=True)
class ListColumn:
    """A column: `code` stands in addresses, `kind` says what its cells are. `orders` are those that a list can have by it, up and down."""

    code: str
    title: str
    value: Callable[[Row], Any]
    kind: Literal["text", "number", "moment"] = "text"
    orders: tuple[Order, Order] | None = None

    @property
    def is_extensions(self) -> bool:
        return "-" in self.code and not self.code.startswith(FIELD)


@dataclass(frozen=True)
class Known:
    """The names of the people, groups and files that fields of some tickets name: a query each, however many there are."""

    people: Mapping[Any, str]
    groups: Mapping[Any, str]
    files: Mapping[Any, str]


def columns_of_list(session: Session, viewer: User, forms: Sequence[Form]) -> list[ListColumn]:
    """Every column that a table of tickets on `forms` can have for `viewer`: the list's own, extensions', a column a field."""
    return [*_own(session, forms), *_extensions(session, viewer, forms), *_fields(forms)]


def chosen(columns: Sequence[ListColumn], codes: Sequence[str]) -> list[ListColumn]:
    """Those of `columns` that `codes` name, in their order; where they name none of them, all."""
    known = {each.code: each for each in columns}
    return [known[code] for code in dict.fromkeys(codes) if code in known] or list(columns)


def as_shown(columns: Sequence[ListColumn]) -> list[ListColumn]:
    """Those that the list itself shows."""
    return [each for each in columns if each.code in AS_SHOWN or each.is_extensions]


def rows_of_page(
    session: Session, page: ListedPage, forms: Sequence[Form], columns: Sequence[ListColumn], *, in_words: bool
) -> Iterator[tuple[Listed, list[Any]]]:
    """The tickets of a page, each with its cells under `columns`: fields in words, or as values that a spreadsheet counts with."""
    fields = {
        form.id: [each for each in form.fields if FIELD + each.code in {column.code for column in columns}] for form in forms
    }
    known = _known(session, page, fields)
    for ticket in page.tickets:
        values = page.values.get(ticket.id, {})
        read = {
            each.code: _value(session, each, values.get(each.code), known, in_words) for each in fields.get(ticket.form_id, ())
        }
        cells = {column.id: _text(column.cells.get(ticket.id)) for column in page.columns}
        row = Row(ticket, read, cells)
        yield ticket, [column.value(row) for column in columns]


def _own(session: Session, forms: Sequence[Form]) -> list[ListColumn]:
    names, language, ways = {form.id: form.name for form in forms}, current_language(), channels(session)
    statuses = {status.id: status.name_in(language) for form in forms for status in form.statuses}
    return [
        ListColumn("number", _("No."), lambda row: row.ticket.id, "number", (Order.OLDEST, Order.NEWEST)),
        ListColumn("subject", _("Subject"), lambda row: row.ticket.subject),
        ListColumn("status", _("Status"), lambda row: statuses.get(row.ticket.status_id, "")),
        ListColumn("customer", _("Customer"), lambda row: row.ticket.customer),
        ListColumn("form", _("Form"), lambda row: names.get(row.ticket.form_id, "")),
        ListColumn("assignee", _("Assignee"), lambda row: row.ticket.assignee or ""),
        ListColumn("group", _("Group"), lambda row: row.ticket.group or ""),
        ListColumn("tags", _("Tags"), lambda row: ", ".join(tag.name for tag in row.ticket.tags)),
        ListColumn("channel", _("Channel"), lambda row: ways.get(row.ticket.channel, row.ticket.channel)),
        ListColumn("opened", _("Opened"), lambda row: row.ticket.created_at, "moment", (Order.OLDEST, Order.NEWEST)),
        ListColumn("spoken", _("Last"), lambda row: row.ticket.spoken_at, "moment", (Order.EARLIEST, Order.LATEST)),
        ListColumn("closed", pgettext("column", "Closed"), lambda row: row.ticket.closed_at, "moment"),
    ]


def _extensions(session: Session, viewer: User, forms: Sequence[Form]) -> list[ListColumn]:
    titles = columns_on(session, viewer, forms)
    return [ListColumn(column, title, _cell_of(column)) for column, title in titles.items()]


def _fields(forms: Sequence[Form]) -> list[ListColumn]:
    found: dict[str, ListColumn] = {}
    for form in forms:
        for each in form.fields:
            title = f"{each.label}, {_currency(each)}" if each.kind is FieldKind.MONEY else each.label
            found.setdefault(
                each.code,
                ListColumn(FIELD + each.code, title, _reading(each.code), "number" if each.kind in _FIGURES else "text"),
            )
    return list(found.values())


def _reading(code: str) -> Callable[[Row], Any]:
    return lambda row: row.fields.get(code)


def _cell_of(column: str) -> Callable[[Row], str]:
    return lambda row: row.cells.get(column, "")


def _known(session: Session, page: ListedPage, fields: Mapping[int, Sequence[Field]]) -> Known:
    named: dict[FieldKind, set[Any]] = defaultdict(set)
    for ticket in page.tickets:
        values = page.values.get(ticket.id, {})
        for each in fields.get(ticket.form_id, ()):
            value = values.get(each.code)
            if each.kind is FieldKind.FILE:
                named[each.kind].update(key for key in (value if isinstance(value, list) else ()) if isinstance(key, str))
            elif isinstance(value, int):
                named[each.kind].add(value)
    return Known(
        _names(session, User.id, User.name, named[FieldKind.PERSON] | named[FieldKind.CUSTOMER]),
        _names(session, Group.id, Group.name, named[FieldKind.GROUP]),
        _names(session, Attachment.key, Attachment.name, named[FieldKind.FILE]),
    )


def _names(session: Session, key: Any, name: Any, wanted: Collection[Any]) -> dict[Any, str]:
    return {found: words for found, words in session.execute(sa.select(key, name).where(key.in_(wanted)))} if wanted else {}


def _value(session: Session, each: Field, value: Any, known: Known, in_words: bool) -> Any:
    if each.kind is FieldKind.FILE and isinstance(value, list):
        return format_list(known.files[key] for key in value if key in known.files)
    if each.kind in _NAMED and isinstance(value, int):
        return (known.groups if each.kind is FieldKind.GROUP else known.people).get(value) or _("(no longer there)")
    if not in_words and value is not None:
        with suppress(TypeError, ValueError, KeyError):  # from before the field became of another kind
            return _READERS[each.kind](value)
    return show_value(each, value, session)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(value)
    return value


def _text(cell: Any) -> str:
    return str(cell.text or cell.title or "") if cell is not None else ""


def _currency(each: Field) -> str:
    return str(each.choices[0]["code"]) if each.choices else "EUR"


_READERS: Mapping[FieldKind, Callable[[Any], Any]] = {
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: lambda value: float(value["amount"]),
    FieldKind.DATE: date.fromisoformat,
    FieldKind.DATE_TIME: datetime.fromisoformat,
}
