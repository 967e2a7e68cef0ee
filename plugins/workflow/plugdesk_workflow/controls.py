"""What the page of an action offers to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plugdesk.api import (
    Context,
    FieldKind,
    Form,
    agents_of_form,
    all_business_hours,
    all_groups,
    all_tags,
    current_language,
    lazy_gettext,
    steps_on,
)
from plugdesk.api import gettext as _
from plugdesk_web.api import EditedField, edited_field
from plugdesk_workflow.asked import yes_or_no
from plugdesk_workflow.definition import DATES, AskKind, How, Since, Unit
from plugdesk_workflow.editing import LINK, UNSETTABLE, Typed
from plugdesk_workflow.words import Wording, variables_for

Choices = list[tuple[str, str]]

ICONS = {
    "": lazy_gettext("None"), "check": lazy_gettext("Check-mark"), "x": lazy_gettext("Cross"), "play": lazy_gettext("Start"),
    "pause": lazy_gettext("Pause"), "bolt": lazy_gettext("Bolt"), "forward": lazy_gettext("Forward"), "reply": lazy_gettext("Answer"),
    "send": lazy_gettext("Send"), "mail": lazy_gettext("Letter"), "money": lazy_gettext("Money"), "contract": lazy_gettext("Contract"),
    "device": lazy_gettext("Device"), "package": lazy_gettext("Parcel"), "user": lazy_gettext("Person"), "users": lazy_gettext("People"),
    "subtask": lazy_gettext("Subtask"), "help": lazy_gettext("Question"), "flag": lazy_gettext("Flag"), "star": lazy_gettext("Star"),
    "clock": lazy_gettext("Clock"), "archive": lazy_gettext("Archive"), "trash": lazy_gettext("Bin"),
}  # fmt: skip
OWN_KINDS = {
    FieldKind.TEXT: lazy_gettext("Line of text"), FieldKind.LONG_TEXT: lazy_gettext("Several lines"), FieldKind.NUMBER: lazy_gettext("Number"),
    FieldKind.MONEY: lazy_gettext("Money"), FieldKind.DATE: lazy_gettext("Date"), FieldKind.CHOICE: lazy_gettext("Choice"),
    FieldKind.CHECK: lazy_gettext("Box to tick"), FieldKind.EMAIL: lazy_gettext("E-mail address"),
    FieldKind.PHONE: lazy_gettext("Telephone number"), FieldKind.LINK: lazy_gettext("Link"), FieldKind.PERSON: lazy_gettext("Agent"),
}  # fmt: skip


def choices_for(ctx: Context, form: Form, typed: Typed) -> dict[str, Any]:
    """Everything the controls offer; what is chosen and no longer there stays visible as that."""
    people = [(str(each.id), each.name) for each in agents_of_form(ctx.db, form)]
    groups = [(str(each.id), each.name) for each in all_groups(ctx.db)]
    statuses = [(each.code, each.name_in(current_language())) for each in form.statuses]
    return {
        "languages": [("en", _("Name in English")), ("ru", _("Name in Russian"))], "icons": ICONS, "people": people, "groups": groups, "statuses": statuses, "to_statuses": _with_lost(statuses, typed.status),
        "asked": _askable(form), "assignments": _assignments(people, groups, typed.assignment), "colleagues": _with_lost(people, typed.subtask_to),
        "asked_groups": _with_lost(groups, typed.subtask_group),
        "tag_choices": [(tag.code, tag.name) for tag in all_tags(ctx.db)],
        "controls": [_control(ctx, form, each.code, typed) for each in form.fields if each.kind not in UNSETTABLE],
        "recipients": Wording(ctx).recipients(), "holds": [("", _("the text")), (LINK, _("only a link to the request"))], "steps": _steps(ctx, form, typed), "moments": _moments(form, typed.when),
        "hours": [("", _("by the clock")), *_with_lost([(str(each.id), _("in “%(hours)s”", hours=each.name)) for each in all_business_hours(ctx.db)], typed.hours)],
        "units": [(Unit.MINUTES, _("minutes")), (Unit.HOURS, _("hours")), (Unit.DAYS, _("days"))],
        "variables": variables_for(ctx, form, [_variable(form, each.what, each.code, each.label) for each in typed.asks if each.what and each.what != AskKind.FILES]),
    }  # fmt: skip


def _askable(form: Form) -> list[tuple[str, Choices]]:
    """What can be asked for, under headings."""
    fields = [(f"field:{each.code}", each.label) for each in form.fields if each.kind is not FieldKind.FILE]
    own = [(f"own:{kind}", str(title)) for kind, title in OWN_KINDS.items()]
    plain = [(str(AskKind.TEXT), _("A text, formatted")), (str(AskKind.FILES), _("Files"))]
    return [("", plain), (_("Fields of the form"), fields), (_("Fields of this action alone"), own)]


def _assignments(people: Sequence[tuple[str, str]], groups: Sequence[tuple[str, str]], chosen: str) -> list[tuple[str, Choices]]:
    """Whom the ticket can be given to, under headings: one list, so that nothing contradicts itself."""
    plain = [
        (str(How.LEAVE), _("Leave it as it is")), (str(How.CHOSEN), _("Ask whom, each time")), (str(How.WHO_ACTS), _("Who runs the action")),
        (str(How.NOBODY), _("Nobody")),
    ]  # fmt: skip
    found = [("", plain), (_("A person"), [(f"{How.PERSON}:{number}", name) for number, name in people])]
    for how, title in (
        (How.GROUP, _("A whole group")), (How.LEAST_LOADED, _("Who of the group has the fewest open tickets")),
        (How.ROUND_ROBIN, _("The members of the group in turn")),
    ):  # fmt: skip
        found.append((title, [(f"{how}:{number}", name) for number, name in groups]))
    known = {code for _title, choices in found for code, _name in choices}
    if chosen and chosen not in known:
        found[0][1].append((chosen, _("(no longer there)")))
    return [(title, choices) for title, choices in found if choices]


def _steps(ctx: Context, form: Form, typed: Typed) -> list[dict[str, Any]]:
    """What extensions can do here, each with the controls of its options; and what was chosen and is no longer there."""
    found = []
    for each in steps_on(ctx.db, form):
        filled = typed.steps.get(each.code, {})
        options = [_option(each.code, option, filled) for option in each.options]
        found.append({"code": each.code, "title": each.title, "extension": each.extension, "options": options})
    known = {each["code"] for each in found}
    return found + [
        {"code": code, "title": _("(no longer there)"), "extension": code, "options": []}
        for code in typed.steps
        if code not in known
    ]


def _option(code: str, option: Any, filled: Mapping[str, Any]) -> EditedField:
    kind, choices = "text", [(str(each), str(label)) for each, label in option.about.get("choices") or ()]
    if choices:
        kind = "choice"
    elif option.type is bool:
        kind = "check"
    elif (option.about.get("lines") or 1) > 1 or option.type in (list, tuple):
        kind = "long_text"
    ours = option.name not in filled
    value = option.default if ours else filled[option.name]
    if ours and isinstance(value, str) and value and not choices:
        value = _(value)
    if isinstance(value, list | tuple):
        value = "\n".join(map(str, value))
    return EditedField(
        code=option.name, name=f"step-{code}-{option.name}", label=str(option.about["label"]), kind=kind, value=value, choices=choices,
        help=str(option.about.get("help") or ""), required=option.required,
    )  # fmt: skip


def _moments(form: Form, chosen: str) -> Choices:
    """What the time of an action that runs by itself can count from."""
    dates = [each for each in form.fields if each.kind in DATES]
    found = [
        ("", _("Never by itself")), (str(Since.STATUS), _("after the ticket came into the status")),
        (str(Since.LAST), _("after the last thing said or done on it")),
    ]  # fmt: skip
    found += [(f"before:{each.code}", _("before “%(field)s”", field=each.label)) for each in dates]
    found += [(f"after:{each.code}", _("after “%(field)s”", field=each.label)) for each in dates]
    return _with_lost(found, chosen)


def _control(ctx: Context, form: Form, code: str, typed: Typed) -> EditedField:
    asked = form.field(code)
    assert asked is not None
    control = edited_field(ctx.db, form, asked, typed.values.get(code, ""), name=f"value-{code}")
    if asked.kind is FieldKind.CHECK:
        return yes_or_no(control)
    return control


def _variable(form: Form, what: str, code: str, label: str) -> tuple[str, str]:
    if what.startswith("field:"):
        asked = form.field(what.removeprefix("field:"))
        return what.removeprefix("field:"), asked.label if asked else ""
    return code or str(AskKind.TEXT), label or _("The text that was entered")


def _with_lost(known: Choices, chosen: str) -> Choices:
    lost = chosen and chosen not in dict(known)
    return [*known, (chosen, _("(no longer there)"))] if lost else known
