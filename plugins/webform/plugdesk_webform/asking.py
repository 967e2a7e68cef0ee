"""What a request form asks for: the parts of a request and fields of the form, as far as the form's rules show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plugdesk.api import (
    OPEN_KINDS,
    Context,
    Decision,
    Field,
    FieldKind,
    Form,
    NewFile,
    User,
    decide,
    default_values,
    lazy_gettext,
    values_at_the_door,
    values_entered,
    wanted_facts,
)
from plugdesk_web.api import FIELD_PREFIX, EditedField, edited_field, entered_values
from plugdesk_webform.models import RequestForm

CHANNEL = "webform"
NAME, EMAIL, SUBJECT, TEXT = "@name", "@email", "@subject", "@text"
# A request's own parts: what each is called, its kind, what browsers fill it in with, and how long it may be.
PARTS: Mapping[str, tuple[Any, FieldKind, str, int]] = {
    NAME: (lazy_gettext("Your name"), FieldKind.TEXT, "name", 100),
    EMAIL: (lazy_gettext("Your e-mail address"), FieldKind.EMAIL, "email", 254),
    SUBJECT: (lazy_gettext("Subject"), FieldKind.TEXT, "off", 300),
    TEXT: (lazy_gettext("Your message"), FieldKind.LONG_TEXT, "off", 50_000),
}
ABOUT_PEOPLE = (NAME, EMAIL)


@dataclass(frozen=True)
class Asked:
    """What the page asks for now: `questions` in order, the codes of those that must be filled in, and the `facts` they went by."""

    questions: Sequence[EditedField]
    must: frozenset[str]
    facts: Mapping[str, Any]

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(each.code for each in self.questions)


def choosable(form: Form) -> list[Field]:
    """The fields an admin may put on a request form."""
    return [each for each in form.fields if each.for_customers]


def control_of(code: str) -> str:
    """The name of the control of a part or field."""
    return code.removeprefix("@") if code in PARTS else FIELD_PREFIX + code


def raw_values(form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a page sent for the fields customers fill in; others are never taken."""
    theirs = {each.code for each in choosable(form)}
    return {code: value for code, value in entered_values(form, given).items() if code in theirs}


def asked_on(
    ctx: Context,
    row: RequestForm,
    given: Mapping[str, Any],
    files: Mapping[str, Sequence[NewFile]] | None = None,
    customer: User | None = None,
) -> Asked:
    """The questions for what was `given` so far: a page's controls, or a link's values with their markers (`prefilled`).

    A `customer` who is signed in is not asked who they are.
    """
    form, facts = form_of(ctx), facts_of(ctx, customer)
    listed = {str(each["code"]): bool(each.get("must")) for each in row.fields}
    if row.anonymous or customer is not None:
        listed = {code: must for code, must in listed.items() if code not in ABOUT_PEOPLE}
    raw, before = raw_values(form, given), default_values(form.fields)
    values = values_entered(ctx.db, form, raw, before=before)
    sent = {code: [file.name for file in each] for code, each in (files or {}).items()}
    decision = decide_for(ctx, values | sent, facts)
    known = {each.code for each in choosable(form)}
    shown = [code for code in listed if code in PARTS or (code in known and code in decision.visible)]
    # What the form itself requires is asked for wherever it was not chosen, or nothing could ever be sent.
    shown += _also_required(ctx, before, values, listed, facts)
    must = frozenset(code for code in shown if listed.get(code) or code in decision.required)
    typed = {**before, **raw}
    questions, section = list[EditedField](), ""
    for code in shown:
        if code in PARTS:
            questions.append(_part(code, given, required=code in must))
            section = ""
            continue
        field = form.field(code)
        assert field is not None
        asked = edited_field(ctx.db, form, field, typed.get(code), required=code in must)
        title = form.section(field.section)
        heading = str(title["title"]) if title and field.section != section else ""
        section = field.section
        questions.append(replace(asked, heading=heading))
    return Asked(questions, must, facts)


def decide_for(ctx: Context, values: Mapping[str, Any], facts: Mapping[str, Any]) -> Decision:
    """What the form's rules say where these `facts` are known."""
    form = form_of(ctx)
    return decide(ctx.db, form, values, status=status_of(form), facts=facts, by_agent=False)


def facts_of(ctx: Context, customer: User | None) -> dict[str, Any]:
    """What the rules go by: what is known of a customer who is signed in; of others nothing, whoever they say they are."""
    form = form_of(ctx)
    return values_at_the_door(ctx.db, form, CHANNEL, customer, wanted_facts(ctx.db, form))


def status_of(form: Form) -> str | None:
    """The status a request will come into."""
    status = form.first_status(*OPEN_KINDS)
    return status.code if status else None


def prefilled(ctx: Context, row: RequestForm, arguments: Mapping[str, str]) -> dict[str, Any]:
    """What a link fills in, as a page would send it: only what the request form asks for, never agents' own fields.

    Parts are named `name`, `email`, `subject` and `text`, fields by their codes; several choices are apart by commas.
    """
    form, given = form_of(ctx), dict[str, Any]()
    listed = {str(each["code"]) for each in row.fields}
    for code in PARTS:
        if code in listed and arguments.get(control_of(code)):
            given[control_of(code)] = arguments[control_of(code)][: PARTS[code][3]]
    for field in choosable(form):
        value = arguments.get(field.code)
        if field.code in listed and value and field.kind is not FieldKind.FILE and field.code not in given:
            name = control_of(field.code)
            given[f"{name}-here"] = "1"
            given[name] = value.split(",") if field.kind is FieldKind.CHOICES else value[:50_000]
    return given


def form_of(ctx: Context) -> Form:
    """The form whose request forms these are."""
    assert ctx.form is not None, "Request forms are switched on for forms."
    return ctx.form


def _also_required(
    ctx: Context, before: Mapping[str, Any], values: Mapping[str, Any], listed: Collection[str], facts: Mapping[str, Any]
) -> list[str]:
    """The codes of fields that must be filled in though they were not chosen; an answer to one may bring the next."""
    more: list[str] = []
    while True:
        known = decide_for(ctx, {**before, **_only(values, {*listed, *more})}, facts)
        found = [each.code for each in known.missing if each.code not in listed and each.code not in more]
        if not found:
            return more
        more += found


def _only(values: Mapping[str, Any], codes: Collection[str]) -> dict[str, Any]:
    return {code: value for code, value in values.items() if code in codes}


def _part(code: str, given: Mapping[str, Any], *, required: bool) -> EditedField:
    label, kind, filled_with, most = PARTS[code]
    name = control_of(code)
    attrs = {"autocomplete": filled_with, "maxlength": str(most)}
    return EditedField(code, name, str(label), str(kind), given.get(name, ""), "", required, attrs=attrs)
