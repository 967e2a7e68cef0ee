"""What the page of an action offers to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from plugdesk.api import Context, FieldKind, Form, agents_of_form, all_groups, all_tags, current_language, lazy_gettext
from plugdesk.api import gettext as _
from plugdesk_web.api import EditedField, edited_field
from plugdesk_workflow.definition import AskKind, How
from plugdesk_workflow.editing import UNSETTABLE, Typed
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
        "icons": ICONS, "people": people, "groups": groups, "statuses": statuses, "to_statuses": _with_lost(statuses, typed.status),
        "asked": _askable(form), "assignments": _assignments(people, groups, typed.assignment), "colleagues": _with_lost(people, typed.subtask_to),
        "tag_choices": [(tag.code, tag.name) for tag in all_tags(ctx.db)],
        "controls": [_control(ctx, form, each.code, typed) for each in form.fields if each.kind not in UNSETTABLE],
        "recipients": Wording(ctx).recipients(),
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


def _control(ctx: Context, form: Form, code: str, typed: Typed) -> EditedField:
    asked = form.field(code)
    assert asked is not None
    control = edited_field(ctx.db, form, asked, typed.values.get(code, ""), name=f"value-{code}")
    if asked.kind is FieldKind.CHECK:
        return replace(control, kind="choice", choices=[("yes", _("Yes")), ("no", _("No"))])
    return control


def _variable(form: Form, what: str, code: str, label: str) -> tuple[str, str]:
    if what.startswith("field:"):
        asked = form.field(what.removeprefix("field:"))
        return what.removeprefix("field:"), asked.label if asked else ""
    return code or str(AskKind.TEXT), label or _("The text that was entered")


def _with_lost(known: Choices, chosen: str) -> Choices:
    lost = chosen and chosen not in dict(known)
    return [*known, (chosen, _("(no longer there)"))] if lost else known
