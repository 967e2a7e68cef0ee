"""A ticket's fields as pages show and ask for them; what was entered, by code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from plugdesk.forms.fields import currency_of, default_values, show_value
from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.i18n import current_zone
from plugdesk.tickets.models import Ticket
from plugdesk.users.queries import agents_of_form, all_groups

PREFIX = "field-"


@dataclass(frozen=True)
class ShownField:
    """A value in words, with the colour of its choice."""

    code: str
    label: str
    words: str
    tone: str = ""


@dataclass(frozen=True)
class EditedField:
    """A field as the component `field` asks for it."""

    code: str
    name: str
    label: str
    kind: str
    value: Any
    help: str
    required: bool
    choices: list[tuple[Any, str]] = field(default_factory=list)
    attrs: dict[str, str] = field(default_factory=dict)


def shown_fields(session: Session, ticket: Ticket) -> list[ShownField]:
    """Every field of the ticket's form with its value in words, in the form's order."""
    return [
        ShownField(
            each.code,
            each.label,
            show_value(each, ticket.values.get(each.code), session),
            _tone(each, ticket.values.get(each.code)),
        )
        for each in ticket.form.fields
    ]


def fields_to_edit(
    session: Session, ticket: Ticket | None, *, form: Form | None = None, given: Mapping[str, Any] | None = None
) -> list[EditedField]:
    """The fields of the ticket's form (or of `form`, for a new ticket), holding the ticket's values or what was `given`.

    Files are put on messages, not into this sheet.
    """
    form = ticket.form if ticket else form
    if form is None:
        return []
    values = dict(ticket.values) if ticket else default_values(form.fields)
    if given:
        values |= {code: raw for code, raw in entered_values(form, given).items() if raw not in (None, "", [])}
    return [_edited(session, form, each, values.get(each.code)) for each in form.fields if each.kind is not FieldKind.FILE]


def entered_values(form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a page sent for the form's fields, by code; a box left empty and a list with nothing chosen count as emptied."""
    raw: dict[str, Any] = {}
    for each in form.fields:
        name = PREFIX + each.code
        if each.kind is FieldKind.FILE or f"{name}-here" not in given:
            continue
        if each.kind is FieldKind.CHOICES:
            raw[each.code] = given.getlist(name) if isinstance(given, MultiDict) else given.get(name) or []
        else:
            raw[each.code] = given.get(name, "")
    return raw


def _edited(session: Session, form: Form, each: Field, value: Any) -> EditedField:
    choices: list[tuple[Any, str]] = []
    if each.kind.has_choices:
        choices = [(choice["code"], choice["label"]) for choice in each.choices]
    elif each.kind is FieldKind.PERSON:
        choices = [(agent.id, agent.name) for agent in agents_of_form(session, form)]
    elif each.kind is FieldKind.GROUP:
        choices = [(group.id, group.name) for group in all_groups(session)]
    return EditedField(
        code=each.code,
        name=PREFIX + each.code,
        label=each.label,
        kind=str(each.kind),
        value=_as_typed(each, value),
        help=each.help or (currency_of(each) if each.kind is FieldKind.MONEY else ""),
        required=each.required,
        choices=choices,
    )


def _as_typed(each: Field, value: Any) -> Any:
    """A stored value as its control holds it; what came back from a refused page stays as it was typed."""
    if each.kind is FieldKind.MONEY and isinstance(value, Mapping):
        return value["amount"]
    if each.kind is FieldKind.DATE_TIME and isinstance(value, str) and value.count(":") >= 2:
        return datetime.fromisoformat(value).astimezone(current_zone()).strftime("%Y-%m-%dT%H:%M")
    return value


def _tone(each: Field, value: Any) -> str:
    choice = each.choice(value) if each.kind is FieldKind.CHOICE else None
    return str(choice.get("tone") or "") if choice else ""
