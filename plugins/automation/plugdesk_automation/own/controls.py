"""What the page of an automation offers: starts, things to do, and the controls of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from plugdesk.api import (
    Context,
    FieldKind,
    agents_of_form,
    all_groups,
    all_tags,
    current_language,
    format_time,
    lazy_gettext,
    rhythm_choices,
    runtime_of,
    steps_on,
    title_of_step,
    weekday_names,
)
from plugdesk.api import gettext as _
from plugdesk_automation.own.asking import form_of
from plugdesk_automation.own.deeds import GROUP, NOBODY, PERSON, UNSETTABLE, several
from plugdesk_automation.own.editing import DO, Row, Typed
from plugdesk_automation.own.starting import EVENTS, SINCE_WORDS, Kind
from plugdesk_automation.own.writing import LINK, NAME, RECIPIENTS
from plugdesk_automation.rules import UNITS
from plugdesk_web.api import EditedField, edited_field

Choices = list[tuple[str, str]]

KINDS: Mapping[str, Any] = {
    "assign": lazy_gettext("Assign it"), "status": lazy_gettext("Put it into a status"), "tags_on": lazy_gettext("Put on tags"),
    "tags_off": lazy_gettext("Take off tags"), "watch": lazy_gettext("Let people watch it"), "note": lazy_gettext("Write a note"),
    "customer": lazy_gettext("Write to the customer"), "people": lazy_gettext("Write a letter to people"),
    "subtask": lazy_gettext("Ask colleagues in a subtask"), "webhook": lazy_gettext("Call an address (webhook)"),
}  # fmt: skip
STARTS: Mapping[Kind, Any] = {
    Kind.EVENT: lazy_gettext("When something happens to a ticket"), Kind.TIME: lazy_gettext("Some time after something happened"),
    Kind.SCHEDULE: lazy_gettext("By the clock, for all open tickets"),
}  # fmt: skip


def choices_for(ctx: Context, typed: Typed) -> dict[str, Any]:
    """Everything the page's controls offer; what is chosen and no longer there stays visible as that."""
    return {
        "starts": [(str(kind), str(words)) for kind, words in STARTS.items()],
        "events": [(code, str(words)) for code, words in EVENTS.items()],
        "since": [(str(code), str(words)) for code, words in SINCE_WORDS.items()],
        "units": [(str(code), str(words)) for code, words in UNITS], "every": rhythm_choices(),
        "hours": [(str(hour), format_time(time(hour))) for hour in range(24)],
        "weekdays": [(str(number), name) for number, name in enumerate(weekday_names())],
        "kinds": kinds_to_add(ctx), "variables": _variables(ctx),
        "rows": [
            {"kind": row.kind, "title": title_of(ctx, row.kind), "controls": controls_of(ctx, row, f"{DO}-{number}-")}
            for number, row in enumerate(typed.rows)
        ],
    }  # fmt: skip


def kinds_to_add(ctx: Context) -> list[tuple[str, Choices]]:
    """What an automation can do, under headings: itself, set each field, steps of extensions."""
    form = form_of(ctx)
    plain = [(code, str(words)) for code, words in KINDS.items()]
    fields = [
        (f"field:{each.code}", _("Set “%(field)s”", field=each.label)) for each in form.fields if each.kind not in UNSETTABLE
    ]
    steps = [(f"step:{each.code}", each.title) for each in steps_on(ctx.db, form)]
    return [
        (heading, found) for heading, found in (("", plain), (_("Fields of the form"), fields), (_("Extensions"), steps)) if found
    ]


def title_of(ctx: Context, kind: str) -> str:
    """What a thing to do is called."""
    name, _colon, about = kind.partition(":")
    if name == "field":
        field = form_of(ctx).field(about)
        return _("Set “%(field)s”", field=field.label if field is not None else about)
    if name == "step":
        return title_of_step(ctx.db, about)
    return str(KINDS.get(kind, kind))


def controls_of(ctx: Context, row: Row, start: str) -> list[EditedField]:
    """The controls of one thing to do, whose names begin with `start`."""
    name, _colon, about = row.kind.partition(":")
    if name == "field":
        return _field_controls(ctx, row, start, about)
    if name == "step":
        return _step_controls(ctx, row, start, about)
    make = _PLAIN.get(row.kind)
    return make(ctx, row.options, start) if make is not None else []


def _assign(ctx: Context, options: Mapping[str, Any], start: str) -> list[EditedField]:
    known = [(NOBODY, _("Nobody")), *_people_and_groups(ctx)]
    return [_choice(start, "to", _("To"), known, options)]


def _status(ctx: Context, options: Mapping[str, Any], start: str) -> list[EditedField]:
    known = [(each.code, each.name_in(current_language())) for each in form_of(ctx).statuses]
    quietly = _control(start, "quietly", _("When it closes the ticket, send no closing notice"), "check", options.get("quietly"))
    return [_choice(start, "status", _("Status"), known, options), quietly]


def _tags(ctx: Context, options: Mapping[str, Any], start: str) -> list[EditedField]:
    known = _with_lost([(tag.code, tag.name) for tag in all_tags(ctx.db)], *several(options, "tags"))
    return [_control(start, "tags", _("Tags"), "choices", several(options, "tags"), known)]


def _watch(ctx: Context, options: Mapping[str, Any], start: str) -> list[EditedField]:
    people = [(str(each.id), each.name) for each in agents_of_form(ctx.db, form_of(ctx))]
    chosen = several(options, "people")
    return [_control(start, "people", _("People"), "choices", chosen, _with_lost(people, *chosen))]


def _text(ctx: Context, options: Mapping[str, Any], start: str) -> list[EditedField]:
    return [_control(start, "text", _("Text"), "long_text", options.get("text", ""))]


def _letter(ctx: Context, options: Mapping[str, Any], start: str) -> list[EditedField]:
    known = [(str(code), str(words)) for code, words in RECIPIENTS.items()]
    return [
        _control(start, "to", _("To"), "choices", several(options, "to"), known),
        _control(start, "addresses", _("Further addresses, with commas between them"), "text", options.get("addresses", "")),
        _control(start, "subject", _("Subject"), "text", options.get("subject", ""), help=_("Empty means: the ticket's.")),
        *_text(ctx, options, start),
    ]


def _subtask(ctx: Context, options: Mapping[str, Any], start: str) -> list[EditedField]:
    whom = _choice(start, "to", _("Whom"), _people_and_groups(ctx), options)
    return [whom, _control(start, "subject", _("What about"), "text", options.get("subject", "")), *_text(ctx, options, start)]


def _webhook(ctx: Context, options: Mapping[str, Any], start: str) -> list[EditedField]:
    return [
        _control(
            start,
            "url",
            _("Address"),
            "link",
            options.get("url", ""),
            help=_("It gets the ticket as JSON, signed with the key on the page of automations."),
        )
    ]


_PLAIN = {
    "assign": _assign, "status": _status, "tags_on": _tags, "tags_off": _tags, "watch": _watch, "note": _text, "customer": _text,
    "people": _letter, "subtask": _subtask, "webhook": _webhook,
}  # fmt: skip


def _field_controls(ctx: Context, row: Row, start: str, code: str) -> list[EditedField]:
    form = form_of(ctx)
    field = form.field(code)
    if field is None or field.kind in UNSETTABLE:
        return []
    value = several(row.options, "value") if field.kind is FieldKind.CHOICES else row.options.get("value", "")
    found = edited_field(ctx.db, form, field, value, name=f"{start}value")
    if field.kind is not FieldKind.CHECK:
        return [found]
    return [_control(start, "value", field.label, "choice", value, [("yes", _("Yes")), ("no", _("No"))])]


def _step_controls(ctx: Context, row: Row, start: str, code: str) -> list[EditedField]:
    offered = next((each for each in steps_on(ctx.db, form_of(ctx)) if each.code == code), None)
    found = []
    for option in offered.options if offered is not None else ():
        choices = [(str(each), str(label)) for each, label in option.about.get("choices") or ()]
        is_long = (option.about.get("lines") or 1) > 1 or option.type in (list, tuple)
        kind = "choice" if choices else "check" if option.type is bool else "long_text" if is_long else "text"
        value = row.options.get(
            option.name, _(option.default) if isinstance(option.default, str) and option.default else option.default
        )
        help = str(option.about.get("help") or "")
        found.append(_control(start, option.name, str(option.about["label"]), kind, value, choices, help=help))
    return found


def _choice(start: str, name: str, label: str, known: Choices, options: Mapping[str, Any]) -> EditedField:
    chosen = str(options.get(name) or "")
    return _control(start, name, label, "choice", chosen, _with_lost(known, chosen))


def _control(
    start: str, name: str, label: str, kind: str, value: Any, choices: Sequence[tuple[Any, str]] = (), help: str = ""
) -> EditedField:
    return EditedField(
        code=name, name=start + name, label=label, kind=kind, value=value, help=help, required=False, choices=list(choices)
    )


def _people_and_groups(ctx: Context) -> Choices:
    people = [(f"{PERSON}{each.id}", each.name) for each in agents_of_form(ctx.db, form_of(ctx))]
    return [*((f"{GROUP}{each.id}", _("Group: %(name)s", name=each.name)) for each in all_groups(ctx.db)), *people]


def _with_lost(known: Choices, *chosen: str) -> Choices:
    codes = dict(known)
    return [*known, *((each, _("(no longer there)")) for each in chosen if each and each not in codes)]


def _variables(ctx: Context) -> Choices:
    registry, form = runtime_of(ctx.db).registry, form_of(ctx)
    own = [(NAME, _("The name of the automation")), (LINK, _("The ticket's address on this desk, not for customers"))]
    return own + [
        (f"{namespace}:{name}", _(str(about)))
        for namespace, found in registry.variables.items()
        if registry.owner("variables", namespace) in ("core", *form.extensions)
        for name, about in found.names.items()
    ]
