"""A field as the form builder edits and previews it, before anything of it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from plugdesk.condition_words import OfferedFact
from plugdesk.database import row_number
from plugdesk.errors import Invalid
from plugdesk.forms.entering import values_entered
from plugdesk.forms.facts import FIELD, offered_facts
from plugdesk.forms.fields import currency_of, default_values
from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.forms.rules import decide, sections_of
from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext
from plugdesk.users.queries import agents_of_form, all_groups
from plugdesk_web.conditions import EditedCondition, edit_condition, typed_condition

EMPTY_ROWS = 3
KINDS: Mapping[FieldKind, Any] = {
    FieldKind.TEXT: lazy_gettext("Text"),
    FieldKind.LONG_TEXT: lazy_gettext("Long text"),
    FieldKind.NUMBER: lazy_gettext("Number"),
    FieldKind.MONEY: lazy_gettext("Money"),
    FieldKind.DATE: lazy_gettext("Date"),
    FieldKind.DATE_TIME: lazy_gettext("Date and time"),
    FieldKind.CHOICE: lazy_gettext("Choice"),
    FieldKind.CHOICES: lazy_gettext("Several choices"),
    FieldKind.CHECK: lazy_gettext("Check-mark"),
    FieldKind.EMAIL: lazy_gettext("E-mail address"),
    FieldKind.PHONE: lazy_gettext("Telephone number"),
    FieldKind.LINK: lazy_gettext("Link"),
    FieldKind.FILE: lazy_gettext("Files"),
    FieldKind.PERSON: lazy_gettext("Agent"),
    FieldKind.GROUP: lazy_gettext("Group"),
    FieldKind.CUSTOMER: lazy_gettext("Customer"),
}
TONES = (
    ("", lazy_gettext("no colour")),
    ("green", lazy_gettext("green")),
    ("amber", lazy_gettext("amber")),
    ("red", lazy_gettext("red")),
)
NEW = "_new"  # the code of a field that has none yet, in the preview alone
WITHOUT_DEFAULT = (FieldKind.FILE, FieldKind.CUSTOMER)


@dataclass(frozen=True)
class Row:
    """A choice: its code (empty for a new one), its label, its colour."""

    code: str = ""
    label: str = ""
    tone: str = ""


@dataclass(frozen=True)
class FieldDraft:
    """What stands in the editor of one field. `code` is empty for a field that is being added."""

    kind: FieldKind
    code: str = ""
    label: str = ""
    help: str = ""
    required: bool = False
    agent_only: bool = False
    rows: Sequence[Row] = ()
    default: Any = None
    currency: str = ""
    section: str = ""
    required_from: str = ""
    readonly_from: str = ""
    when: EditedCondition | None = None

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What the default can be chosen from: the choices that have a code."""
        return [(row.code, row.label) for row in self.rows if row.code and row.label]

    @property
    def takes_default(self) -> bool:
        return self.kind not in WITHOUT_DEFAULT and not (self.kind.has_choices and not self.choices)

    def given(self) -> dict[str, Any]:
        """The arguments of `add_field` and `change_field`."""
        found: dict[str, Any] = {"label": self.label, "help": self.help, "required": self.required, "agent_only": self.agent_only}
        found |= {"section": self.section, "required_from": self.required_from, "readonly_from": self.readonly_from}
        if self.when is not None:
            found["visible_when"] = self.when.read()
        if self.code:
            found["kind"] = self.kind
        if self.kind.has_choices:
            found["choices"] = [{"code": row.code or None, "label": row.label, "tone": row.tone} for row in self.rows]
        if self.takes_default:
            found["default"] = self.default
        if self.kind is FieldKind.MONEY:
            found["currency"] = self.currency
        return found

    def with_rows(self, wish: str) -> FieldDraft:
        """The same with more empty rows ("more"), with one moved up ("up-2"), or with rows for another kind ("kind")."""
        rows = list(self.rows)
        name, _sign, number = wish.partition("-")
        at = row_number(number) or 0
        if name == "up" and 0 < at < len(rows):
            rows.insert(at - 1, rows.pop(at))
        elif name == "more" or (name == "kind" and self.kind.has_choices and not rows):
            rows += [Row()] * EMPTY_ROWS
        return replace(self, rows=rows)


@dataclass(frozen=True)
class PreviewField:
    """A field as whoever fills the form in sees it; `heading` begins a section."""

    name: str
    label: str
    kind: str
    help: str
    required: bool
    choices: list[tuple[Any, str]]
    value: Any
    currency: str
    is_open: bool
    heading: str = ""


def draft_of(field: Field, facts: Mapping[str, OfferedFact] | None = None) -> FieldDraft:
    """The editor's content for a stored field; with `facts` (those it may depend on) also its condition."""
    rows = [Row(each["code"], each["label"], each.get("tone") or "") for each in field.choices] if field.kind.has_choices else []
    default = field.default
    if field.kind is FieldKind.MONEY and default:
        default = str(Decimal(default["amount"]))
    elif field.kind is FieldKind.DATE_TIME and default:
        default = str(default)[:16]
    return FieldDraft(
        field.kind, field.code, field.label, field.help or "", field.required, field.agent_only, rows, default,
        currency_of(field) if field.kind is FieldKind.MONEY else "", field.section, field.required_from or "", field.readonly_from or "",
        edit_condition("visible_when", facts, field.visible_when) if facts is not None else None,
    )  # fmt: skip


def facts_for(session: Session, form: Form, code: str) -> dict[str, OfferedFact]:
    """What the field `code` may depend on: everything but itself."""
    return {name: fact for name, fact in offered_facts(session, form).items() if name != FIELD + code}


def draft_typed(kind: FieldKind, code: str, given: MultiDict[str, str], facts: Mapping[str, OfferedFact]) -> FieldDraft:
    """The editor's content as a page sent it."""
    columns = (given.getlist(name) for name in ("choice-code", "choice-label", "choice-tone"))
    rows = [Row(row_code, label, tone) for row_code, label, tone in zip(*columns, strict=False)]
    default: Any = given.get("default", "")
    if kind is FieldKind.CHOICES:
        default = given.getlist("default")
    elif kind is FieldKind.CHECK:
        default = bool(default)
    return FieldDraft(
        kind, code, given.get("label", ""), given.get("help", ""), bool(given.get("required")), bool(given.get("agent_only")), rows,
        default, given.get("currency", ""), given.get("section", ""), given.get("required_from", ""), given.get("readonly_from", ""),
        typed_condition("visible_when", facts, given),
    )  # fmt: skip


def preview_of(
    session: Session, form: Form, draft: FieldDraft | None, *, as_agent: bool, given: Mapping[str, str] | None = None
) -> list[PreviewField]:
    """The form as a customer (or an agent) meets it, with `draft` in place of the field it is about.

    `given` is what was typed into the preview itself (`v-CODE`): what is shown follows it.
    """
    drafts = [replace(draft, code=field.code) if draft and draft.code == field.code else draft_of(field) for field in form.fields]
    if draft is not None and not draft.code:
        drafts.append(replace(draft, code=NEW))
    tried = _tried(form, drafts, draft)
    typed = {each.code: given[f"v-{each.code}"] for each in tried.fields if given and f"v-{each.code}" in given}
    values = values_entered(session, tried, typed, before=default_values(each for each in tried.fields if each.code not in typed))
    channel = {"ticket.channel": "phone"} if as_agent else {}
    visible = decide(session, tried, values, status=None, facts=channel, by_agent=as_agent).visible
    people = [(agent.id, agent.name) for agent in agents_of_form(session, form)]
    groups = [(group.id, group.name) for group in all_groups(session)]
    by_code, found = {each.code: each for each in drafts}, list[PreviewField]()
    for section, fields in sections_of(tried):
        heading = str(section["title"]) if section else ""
        for field in fields:
            if field.code in visible:
                each = by_code[field.code]
                is_open = draft is not None and each.code in (draft.code, NEW)
                found.append(_previewed(each, people, groups, is_open=is_open, typed=typed.get(each.code), heading=heading))
                heading = ""
    return found


def _tried(form: Form, drafts: Sequence[FieldDraft], draft: FieldDraft | None) -> Form:
    """A form that belongs to no session, with the fields as drafted: the rules decide on it as on any other."""
    stored = {field.code: field for field in form.fields}
    fields = []
    for each in drafts:
        old = stored.get(each.code)
        visible_when = old.visible_when if old else None
        if each.when is not None:
            try:
                visible_when = each.when.read()
            except Invalid:  # a line that is not finished yet
                visible_when = None
        choices = [
            {"code": row.code or row.label, "label": row.label, "tone": row.tone} for row in each.rows if row.label.strip()
        ]
        default = old.default if old and (draft is None or each.code != draft.code) else None
        fields.append(
            Field(
                code=each.code, kind=each.kind, label=each.label, agent_only=each.agent_only, required=each.required, section=each.section,
                visible_when=visible_when, choices=choices or (old.choices if old else []), default=default,
            )
        )  # fmt: skip
    tried = Form(sections=form.sections, extensions=form.extensions)
    tried.fields = fields
    return tried


def _previewed(
    draft: FieldDraft,
    people: list[tuple[Any, str]],
    groups: list[tuple[Any, str]],
    *,
    is_open: bool,
    typed: str | None,
    heading: str,
) -> PreviewField:
    choices: list[tuple[Any, str]] = [(row.code or row.label, row.label) for row in draft.rows if row.label.strip()]
    if draft.kind is FieldKind.PERSON:
        choices = people
    elif draft.kind is FieldKind.GROUP:
        choices = groups
    return PreviewField(
        draft.code,
        draft.label or _("(no question yet)"),
        str(draft.kind),
        draft.help,
        draft.required,
        choices,
        draft.default if typed is None else typed,
        draft.currency,
        is_open,
        heading,
    )
