"""A ticket's fields as pages show and ask for them; what was entered, by code."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from plugdesk.forms.entering import values_entered
from plugdesk.forms.facts import values_at_the_door, values_of_ticket
from plugdesk.forms.fields import currency_of, default_values, show_value
from plugdesk.forms.models import OPEN_KINDS, Field, FieldKind, Form, Status
from plugdesk.forms.rules import decide, sections_of, wanted_facts
from plugdesk.i18n import current_zone
from plugdesk.tickets.commands import decision_on, missing_in
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk.users.queries import agents_of_form, all_groups

PREFIX = "field-"


@dataclass(frozen=True)
class ShownField:
    """A value in words, with the colour of its choice; `missing` where it must be filled in and is not."""

    code: str
    label: str
    words: str
    tone: str = ""
    missing: bool = False
    heading: str = ""


@dataclass(frozen=True)
class EditedField:
    """A field as the component `field` asks for it; `heading` begins a section, `readonly` can no longer be changed."""

    code: str
    name: str
    label: str
    kind: str
    value: Any
    help: str
    required: bool
    choices: list[tuple[Any, str]] = field(default_factory=list)
    attrs: dict[str, str] = field(default_factory=dict)
    heading: str = ""
    readonly: bool = False


def shown_fields(session: Session, ticket: Ticket) -> list[ShownField]:
    """The fields of the ticket that its form's rules show, with their values in words, in the form's order."""
    decision = decision_on(session, ticket)
    missing, headings = {each.code for each in decision.missing}, _headings(ticket.form, decision.visible)
    return [
        ShownField(
            each.code,
            each.label,
            show_value(each, ticket.values.get(each.code), session),
            _tone(each, ticket.values.get(each.code)),
            each.code in missing,
            headings.get(each.code, ""),
        )
        for each in _in_sections(ticket.form)
        if each.code in decision.visible
    ]


def fields_to_edit(
    session: Session,
    ticket: Ticket | None,
    *,
    form: Form | None = None,
    given: Mapping[str, Any] | None = None,
    status: Status | None = None,
    customer: User | None = None,
) -> list[EditedField]:
    """The fields of the ticket's form (or of `form`, for a new ticket) that its rules show, with the ticket's values or the `given`.

    With `status`, only those that must be filled in before the ticket can be put there. Files are put on messages, not into
    this sheet.
    """
    form = ticket.form if ticket else form
    if form is None:
        return []
    before = dict(ticket.values) if ticket else default_values(form.fields)
    raw = entered_values(form, given) if given else {}
    values = values_entered(session, form, raw, before=before)
    wanted = wanted_facts(session, form)
    stands = status or (form.status_by_id(ticket.status_id) if ticket else form.first_status(*OPEN_KINDS))
    facts = values_of_ticket(session, ticket, wanted) if ticket else values_at_the_door(session, form, "phone", customer, wanted)
    decision = decide(session, form, values, status=stands.code if stands else None, facts=facts)
    typed = {**before, **{code: each for code, each in raw.items() if ticket or each not in (None, "", [])}}
    asked = {each.code for each in missing_in(session, ticket, status)} | raw.keys() if ticket and status else decision.visible
    visible = [each for each in _in_sections(form) if each.code in decision.visible and each.kind is not FieldKind.FILE]
    headings = _headings(form, [each.code for each in visible])
    return [
        edited_field(
            session, form, each, typed.get(each.code), required=each.code in decision.required,
            readonly=status is None and each.code in decision.readonly, heading=headings.get(each.code, ""),
        )
        for each in visible
        if each.code in asked
    ]  # fmt: skip


def has_rules(form: Form) -> bool:
    """Whether what is asked can depend on what was answered."""
    return any(each.visible_when for each in form.fields) or any(each.get("visible_when") for each in form.sections)


def _in_sections(form: Form) -> list[Field]:
    return [each for _section, fields in sections_of(form) for each in fields]


def _headings(form: Form, codes: Collection[str]) -> dict[str, str]:
    """The title of each section by the first of its fields that is among `codes`."""
    found: dict[str, str] = {}
    for section, fields in sections_of(form):
        first = next((each for each in fields if each.code in codes), None)
        if section is not None and first is not None:
            found[first.code] = str(section["title"])
    return found


def entered_values(form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a page sent for the form's fields, by code; a box left empty and a list with nothing chosen count as emptied."""
    raw: dict[str, Any] = {}
    for each in form.fields:
        code = each.code
        name = PREFIX + code
        if f"{name}-here" not in given:
            continue
        kind = each.kind
        if kind is FieldKind.CHOICES:
            raw[code] = given.getlist(name) if isinstance(given, MultiDict) else given.get(name) or []
        elif kind is not FieldKind.FILE:
            raw[code] = given.get(name, "")
    return raw


def edited_field(
    session: Session,
    form: Form,
    each: Field,
    value: Any,
    *,
    required: bool = False,
    readonly: bool = False,
    heading: str = "",
    name: str = "",
) -> EditedField:
    """`each` as the component `field` asks for it, with a stored value or one that was typed; its control is called `name`."""
    choices: list[tuple[Any, str]] = []
    kind, code = each.kind, each.code
    if kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        choices = [(choice["code"], choice["label"]) for choice in each.choices]
    elif kind is FieldKind.PERSON:
        choices = [(agent.id, agent.name) for agent in agents_of_form(session, form)]
    elif kind is FieldKind.GROUP:
        choices = [(group.id, group.name) for group in all_groups(session)]
    return EditedField(
        code, name or PREFIX + code, each.label, str(kind), _as_typed(kind, value),
        each.help or (currency_of(each) if kind is FieldKind.MONEY else ""), required, choices, heading=heading, readonly=readonly,
    )  # fmt: skip


def _as_typed(kind: FieldKind, value: Any) -> Any:
    """A stored value as its control holds it; what came back from a refused page stays as it was typed."""
    if kind is FieldKind.MONEY and isinstance(value, Mapping):
        return value["amount"]
    if kind is FieldKind.DATE_TIME and isinstance(value, str) and value.count(":") >= 2:
        return datetime.fromisoformat(value).astimezone(current_zone()).strftime("%Y-%m-%dT%H:%M")
    return value


def _tone(each: Field, value: Any) -> str:
    choice = each.choice(value) if each.kind is FieldKind.CHOICE else None
    return str(choice.get("tone") or "") if choice else ""
