"""What is done to the fields of a form. `by` and `version` as in `commands.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from babel.numbers import list_currencies
from sqlalchemy.orm import Session

from plugdesk.changes import apply
from plugdesk.errors import Invalid
from plugdesk.events import record
from plugdesk.forms.codes import code_of, free_code
from plugdesk.forms.defaults import CURRENCY, PRIORITY_LABEL
from plugdesk.forms.editing import codes_ever, has_changed, open_for_change, renumber
from plugdesk.forms.fields import read_default
from plugdesk.forms.models import PRIORITY, Field, FieldKind, Form
from plugdesk.forms.rules import refuse_circles, used_in
from plugdesk.forms.section_commands import arrange, read_visible_when
from plugdesk.i18n import gettext as _
from plugdesk.i18n import known_language
from plugdesk.inputs import Problems, needed_line, one_line, only_known
from plugdesk.runtime import runtime_of
from plugdesk.users.models import User

MOST_FIELDS = 100
MOST_CHOICES = 500
TONES = ("", "green", "amber", "red")
FIELD_CHANGES = frozenset({
    "label", "kind", "help", "required", "agent_only", "choices", "default", "currency", "section", "visible_when", "required_from", "readonly_from",
})  # fmt: skip


_WORDS = (FieldKind.TEXT, FieldKind.LONG_TEXT)
_WRITTEN = (FieldKind.EMAIL, FieldKind.PHONE, FieldKind.LINK, FieldKind.NUMBER, FieldKind.DATE, FieldKind.CHOICE)


def kinds_after(kind: FieldKind) -> list[FieldKind]:
    """The kinds a field of `kind` can become, its own first; values put in before stay, and are shown as they were."""
    others: tuple[FieldKind, ...] = () if kind is FieldKind.FILE else _WORDS
    if kind in (*_WORDS, *_WRITTEN):
        others += _WRITTEN
    if kind.has_choices:
        others += (FieldKind.CHOICE, FieldKind.CHOICES)
    return list(dict.fromkeys((kind, *others)))


def add_field(
    session: Session,
    form: Form,
    *,
    label: str,
    kind: FieldKind | str,
    by: User | None,
    help: str | None = None,
    required: bool = False,
    agent_only: bool = False,
    choices: Sequence[Mapping[str, Any] | str] = (),
    default: Any = None,
    currency: str | None = None,
    section: str = "",
    visible_when: Mapping[str, Any] | None = None,
    required_from: str | None = None,
    readonly_from: str | None = None,
    version: int | None = None,
) -> Field:
    """Ask a further question. Its code is made from the label and stays when the label changes.

    `choices` are labels, or mappings of label, tone and (for known ones) code. A choice field called Priority, where
    there is none, gets the reserved code. `section`, `visible_when`, `required_from` and `readonly_from` as in `Field`. A code that a deleted field had is not used again: its values would come back.
    """
    open_for_change(session, form, by, version)
    if len(form.fields) >= MOST_FIELDS:
        raise Invalid(_("At most %(most)s fields.", most=MOST_FIELDS))
    if kind not in tuple(FieldKind):
        raise Invalid(problems={"kind": _("Choose what kind of field it is.")})
    field = Field(form_id=form.id, kind=FieldKind(kind), choices=[], default=None, position=len(form.fields))
    given: dict[str, Any] = {"label": label, "help": help, "required": required, "agent_only": agent_only, "choices": choices}
    if field.kind is FieldKind.MONEY:
        given["currency"] = currency or CURRENCY[known_language(form.language, runtime_of(session).desk(session).language)]
    given |= {"section": section, "visible_when": visible_when, "required_from": required_from, "readonly_from": readonly_from}
    _set_field(session, form, field, {**given, "default": default})
    field.code = _field_code(session, form, field)
    form.fields.append(field)
    arrange(form, form.fields)
    has_changed(session, form)
    record(session, "field_added", form=form, actor=by, code=field.code, label=field.label, field_kind=str(field.kind))
    return field


def change_field(
    session: Session, form: Form, field: Field, changes: Mapping[str, Any], *, by: User | None, version: int | None = None
) -> None:
    """Change what `FIELD_CHANGES` names. The code stays; the kind becomes one of `kinds_after`, and old values stay readable."""
    open_for_change(session, form, by, version, field)
    only_known(changes, FIELD_CHANGES)
    changed = _set_field(session, form, field, changes)
    if changed:
        try:
            refuse_circles(session, form)
        except Invalid:
            apply(field, {name: before for name, (before, _after) in changed.items()})
            raise
        arrange(form, form.fields)
        has_changed(session, form)
        record(session, "field_changed", form=form, actor=by, code=field.code, label=field.label, changes=changed)


def delete_field(session: Session, form: Form, field: Field, *, by: User | None, version: int | None = None) -> None:
    """Ask the question no longer. Values put in so far stay with their tickets, unshown. Refused while a condition asks for it."""
    open_for_change(session, form, by, version, field)
    if places := used_in(session, form, field.code):
        raise Invalid(
            _(
                "Whether these are shown depends on “%(label)s”: %(places)s. Change that first.",
                label=field.label,
                places=", ".join(places),
            )
        )
    record(session, "field_deleted", form=form, actor=by, code=field.code, label=field.label)
    session.delete(field)
    has_changed(session, form)
    renumber(form.fields)


def move_field(
    session: Session,
    form: Form,
    field: Field,
    *,
    to: int,
    by: User | None,
    section: str | None = None,
    version: int | None = None,
) -> None:
    """Put the field at place `to`, counted from 0 among all fields; with `section` (empty: in none) among those of the section."""
    open_for_change(session, form, by, version, field)
    before = [(each.code, each.section) for each in form.fields]
    order = [each for each in form.fields if each is not field]
    if section is not None:
        there = [each for each in order if each.section == _section(form, section)]
        to = order.index(there[to]) if to < len(there) else len(order)
        stored, field.section = field.section, section
        try:
            refuse_circles(session, form)
        except Invalid:
            field.section = stored
            raise
    order.insert(max(0, to), field)
    arrange(form, order)
    if before != [(each.code, each.section) for each in sorted(form.fields, key=lambda each: each.position)]:
        has_changed(session, form)
        record(session, "fields_moved", form=form, actor=by, order=[each.code for each in form.fields])


def _field_code(session: Session, form: Form, field: Field) -> str:
    asks_priority = field.kind is FieldKind.CHOICE and code_of(field.label) in (PRIORITY, code_of(PRIORITY_LABEL["ru"]))
    if asks_priority and form.field(PRIORITY) is None:
        return PRIORITY
    return free_code(field.label, {*codes_ever(session, form, "field", form.fields), PRIORITY}, otherwise="field")


def _other_kind(field: Field, raw: Any) -> FieldKind:
    if raw not in kinds_after(field.kind):
        raise Invalid(_("What old tickets hold could not be read as that. Ask a new question instead."))
    if field.code == PRIORITY:
        raise Invalid(_("The priority stays a choice: lists and extensions go by it."))
    return FieldKind(raw)


def _section(form: Form, code: Any) -> str:
    if code and form.section(str(code)) is None:
        raise Invalid(_("This form has no such section any more. Reload the page."))
    return str(code or "")


def _status(form: Form, code: Any) -> str | None:
    if code and form.status(str(code)) is None:
        raise Invalid(_("This form has no such status any more. Reload the page."))
    return str(code) if code else None


def _set_field(session: Session, form: Form, field: Field, changes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set what `changes` names; returns name → [before, after]. Raises `Invalid` before anything is set."""
    problems, read = Problems(), dict[str, Any]()
    draft = Field(kind=field.kind, label=field.label, choices=field.choices, default=field.default)
    if "kind" in changes and changes["kind"] != field.kind:
        with problems.at("kind"):
            read["kind"] = draft.kind = _other_kind(field, changes["kind"])
            read["default"] = draft.default = None
    if "label" in changes:
        with problems.at("label"):
            read["label"] = draft.label = needed_line(changes["label"], _("Write the question."))
    if "help" in changes:
        read["help"] = one_line(changes["help"], most=500) or None
    read |= {name: bool(changes[name]) for name in ("required", "agent_only") if name in changes}
    if "choices" in changes and draft.kind.has_choices:
        with problems.at("choices"):
            read["choices"] = draft.choices = _read_choices(field, changes["choices"])
    if "currency" in changes and field.kind is FieldKind.MONEY:
        with problems.at("currency"):
            read["choices"] = draft.choices = _read_currency(changes["currency"])
    if "section" in changes:
        with problems.at("section"):
            read["section"] = _section(form, changes["section"])
    for name in ("required_from", "readonly_from"):
        if name in changes:
            with problems.at(name):
                read[name] = _status(form, changes[name])
    if "visible_when" in changes:
        with problems.at("visible_when"):
            read["visible_when"] = read_visible_when(session, form, changes["visible_when"])
    if "default" in changes:
        with problems.at("default"):
            read["default"] = read_default(draft, changes["default"], session)
    elif "choices" in read:
        read["default"] = _surviving_default(draft)
    problems.raise_any()
    return apply(field, read)


def _read_choices(field: Field, raw: Sequence[Mapping[str, Any] | str]) -> list[dict[str, str]]:
    """Choices as stored: a known code, or a known label, keeps its code; a new one gets one made from its label."""
    named = {each.get("code") for each in raw if not isinstance(each, str)}
    known = {each["label"].lower(): each["code"] for each in field.choices if each["code"] not in named}
    read: list[dict[str, str]] = []
    for each in raw:
        given = {"label": each} if isinstance(each, str) else each
        label = one_line(given.get("label"))
        if not label:
            continue
        if label.lower() in {other["label"].lower() for other in read}:
            raise Invalid(_("“%(label)s” is there twice.", label=label))
        tone = given.get("tone") or ""
        if tone not in TONES:
            raise Invalid(_("Choose one of the colours offered."))
        code = given.get("code")
        if field.choice(code) is None:
            code = known.get(label.lower())
        read.append({"code": str(code or ""), "label": label, "tone": tone})
    if not read:
        raise Invalid(_("Write at least one choice."))
    if len(read) > MOST_CHOICES:
        raise Invalid(_("At most %(most)s choices.", most=MOST_CHOICES))
    codes = [each["code"] for each in read if each["code"]]
    if len(codes) != len(set(codes)):
        raise Invalid(_("One of the choices is there twice."))
    taken = {*codes, *(each["code"] for each in field.choices)}
    for choice in read:
        choice["code"] = choice["code"] or free_code(choice["label"], taken, otherwise="choice")
        taken.add(choice["code"])
    return read


def _read_currency(raw: Any) -> list[dict[str, str]]:
    code = one_line(raw).upper()
    if code not in list_currencies():
        raise Invalid(_("Write the currency as three letters, like EUR."))
    return [{"code": code, "label": code, "tone": ""}]


def _surviving_default(draft: Field) -> Any:
    """The default as far as the new choices still offer it."""
    if draft.kind is FieldKind.CHOICES:
        return [code for code in draft.default or () if draft.choice(code)] or None
    return draft.default if draft.choice(draft.default) else None
