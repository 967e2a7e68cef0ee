"""What of a ticket's values goes along to another form, and into which of its fields; what none of them takes stays in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.errors import Invalid
from plugdesk.forms.field_commands import kinds_after
from plugdesk.forms.fields import read_value, show_value
from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.i18n import gettext as _
from plugdesk.i18n import use_language
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket


@dataclass(frozen=True)
class Carried:
    """A value of a ticket that is moved: its `field`, its `words`, and the fields of the other form that would take it, as what.

    `there` is the one it goes into; None: it does not go along. `noted`: it is kept in a note then.
    """

    field: Field
    words: str
    takers: Mapping[str, Any]
    there: Field | None
    noted: bool

    @property
    def value(self) -> Any:
        """The value as it is stored in `there`."""
        return self.takers[self.there.code] if self.there is not None else None


def carried(session: Session, ticket: Ticket, form: Form, fields: Mapping[str, str] | None = None) -> list[Carried]:
    """What becomes of each value of the ticket on `form`, in the order of its fields.

    `fields` says for codes of its form into which of `form`'s they go, "" for none. Those it does not name, and those it names
    a field for that is not there or does not take the value, go into the field of their code, if it is of their kind.
    """
    fields, found = fields or {}, list[Carried]()
    named, taken = set(fields.values()), set[str]()
    with use_language(form.language or runtime_of(session).desk(session).language):
        for field in ticket.form.fields:
            value = ticket.values.get(field.code)
            if not (words := show_value(field, value, session)):
                continue
            takers = {
                each.code: fits for each in form.fields if (fits := _as_taken(session, field, value, each, words)) is not None
            }
            wanted = fields.get(field.code)
            there = form.field(wanted) if wanted in takers and wanted not in taken else None
            if there is None and wanted != "":
                same = form.field(field.code) if field.code in takers and field.code not in named | taken else None
                there = same if same is not None and same.kind is field.kind else None
            if there is not None:
                taken.add(there.code)
            found.append(Carried(field, words, takers, there, there is None and (wanted == "" or value != field.default)))
    return found


def check_fields(rows: Sequence[Carried], fields: Mapping[str, str]) -> None:
    """Raise `Invalid`, by code, where `fields` names what does not take the value, or one field for two values."""
    problems: dict[str, str] = {}
    given = {row.field.code: code for row in rows if (code := fields.get(row.field.code))}
    for row in rows:
        code = given.get(row.field.code)
        if code is not None and code not in row.takers:
            problems[row.field.code] = _("That form has no field any more that takes this value. Choose again.")
        elif code is not None and list(given.values()).count(code) > 1:
            problems[row.field.code] = _("Another value goes into the same field. Choose a field for each.")
    if problems:
        raise Invalid(problems=problems)


def takers_of(field: Field, form: Form) -> list[Field]:
    """The fields of `form` that values of `field` can go into, as far as kinds can tell."""
    kinds = kinds_after(field.kind)
    return [each for each in form.fields if each.kind in kinds]


def _as_taken(session: Session, field: Field, value: Any, there: Field, words: str) -> Any:
    """The value as the field `there` of another form stores it; None when it does not take it."""
    if there.kind not in kinds_after(field.kind):
        return None
    if there.kind.has_choices:
        return _chosen(field, value, there)
    if there.kind is field.kind and there.kind is not FieldKind.MONEY:
        return value
    try:
        return read_value(there, value if there.kind is FieldKind.MONEY else words, session)
    except Invalid:
        return None


def _chosen(field: Field, value: Any, there: Field) -> Any:
    """The choices of `there` with the same codes, or else the same words; None when one is missing or there are too many."""
    codes = value if isinstance(value, list) else [value]
    by_label = {str(each["label"]).strip().casefold(): each["code"] for each in there.choices}
    found = []
    for code in codes:
        known = field.choice(code)
        label = str(known["label"] if known else code).strip().casefold()
        found.append(code if there.choice(code) is not None else by_label.get(label))
    if None in found or (there.kind is FieldKind.CHOICE and len(found) != 1):
        return None
    return found[0] if there.kind is FieldKind.CHOICE else list(dict.fromkeys(found))
