"""An action as it stands before the person who is about to run it: what it asks for, and what is typed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from plugdesk.api import (
    Attachment,
    Context,
    FieldKind,
    Form,
    Invalid,
    NewFile,
    NotFound,
    Ticket,
    User,
    add_file,
    agents_of_form,
    all_groups,
    html_of_text,
    presence_of,
    row_number,
    uploads_of,
)
from plugdesk.api import gettext as _
from plugdesk_web.api import (
    FIELD_PREFIX,
    EditedField,
    ShownTool,
    edited_field,
    entered_values,
    tools_of,
    written_files,
    written_html,
)
from plugdesk_workflow.definition import Ask, AskKind, Definition, How, read
from plugdesk_workflow.entering import Given, asking, label_of
from plugdesk_workflow.models import Action


@dataclass(frozen=True)
class Question:
    """One thing asked for: an editor, files, or `control`, a field."""

    kind: str
    label: str = ""
    required: bool = False
    control: EditedField | None = None
    placeholder: str = ""


@dataclass(frozen=True)
class Asked:
    """What stands on the page. `with_files`: the editor takes the files, too; `kept` are those that came already.

    `tools` put what extensions offer into the text.
    """

    action: Action
    questions: Sequence[Question]
    has_text: bool
    with_files: bool
    may_be_empty: bool
    chooses: bool
    people: Sequence[tuple[int, str]] = ()
    groups: Sequence[tuple[int, str]] = ()
    kept: Sequence[Attachment] = ()
    typed: Mapping[str, str] = field(default_factory=dict)
    tools: Sequence[ShownTool] = ()


def asked_on(ctx: Context, ticket: Ticket, action: Action, by: User, typed: MultiDict[str, str] | None = None) -> Asked:
    """What the action asks `by` on the ticket, with what they have `typed` so far."""
    typed = typed if typed is not None else MultiDict()
    raw = entered_values(ticket.form, typed)
    definition = asking(ctx, ticket, read(action), raw)
    has_text, with_files = definition.asks_for(AskKind.TEXT), definition.asks_for(AskKind.FILES)
    chooses = definition.does.assignment.how is How.CHOSEN
    questions = [
        _question(ctx, ticket, each, typed, raw) for each in definition.asks if not (each.kind is AskKind.FILES and has_text)
    ]
    return Asked(
        action, questions, has_text, with_files,
        may_be_empty=not any(each.kind is AskKind.TEXT and each.required for each in definition.asks), chooses=chooses,
        people=_people(ctx, ticket) if chooses else (),
        groups=[(each.id, each.name) for each in all_groups(ctx.db)] if chooses else (),
        kept=_kept(ctx, typed, by) if with_files else (),
        typed={name: typed.get(name, "") for name in ("text", "html", "assignee", "group")},
        tools=tools_of(ctx.db, ticket, by) if has_text else (),
    )  # fmt: skip


def asked_together(ctx: Context, tickets: Sequence[Ticket], action: Action, by: User, typed: MultiDict[str, str]) -> Asked:
    """What the action asks `by` once for all of `tickets`, which are of one form: everything that one of them is asked for.

    A field of the form begins empty, and stays as it is where it is left so; a box is a choice of yes and no for that. It must be
    filled in only where none of them has a value.
    """
    page, found = asked_on(ctx, tickets[0], action, by, typed), dict[str, Question]()
    for ticket in tickets:
        raw = entered_values(ticket.form, typed)
        for each in asking(ctx, ticket, read(action), raw).asks:
            known = found.get(each.name)
            if known is None and not (each.kind is AskKind.FILES and page.has_text):
                known = _question(ctx, ticket, each, typed, raw)
            if known is not None:
                has_value = each.kind is AskKind.FIELD and ticket.values.get(each.code) not in (None, "", [])
                found[each.name] = replace(known, required=known.required and not has_value)
    fields = {each.code: each.kind for each in tickets[0].form.fields}
    # What is offered is filled for one ticket, and would be in all.
    return replace(page, questions=[_begun(each, typed, fields) for each in found.values()], tools=())


def _begun(question: Question, typed: MultiDict[str, str], fields: Mapping[str, FieldKind]) -> Question:
    control = question.control
    if control is None:
        return question
    if control.name != FIELD_PREFIX + control.code or control.code not in fields:
        return replace(question, control=replace(control, required=question.required))
    value = typed.getlist(control.name) if control.kind == "choices" else typed.get(control.name)
    control = yes_or_no(control) if fields[control.code] is FieldKind.CHECK else control
    leave = "" if question.required else _("Leave it as it is")
    return replace(question, control=replace(control, required=question.required, value=value), placeholder=leave)


def yes_or_no(control: EditedField) -> EditedField:
    """The control of a box where it may also be left as it is."""
    return replace(control, kind="choice", choices=[("yes", _("Yes")), ("no", _("No"))])


def given_together(ctx: Context, definition: Definition, form: Form, typed: MultiDict[str, str], by: User) -> Given:
    """What was typed for several tickets, for `run_action` on one of them: copies of the files, and of the fields those filled in."""
    files = list[str]()
    if definition.asks_for(AskKind.FILES):
        kept = uploads_of(ctx.db, typed.getlist("attachment"), by)
        files = [
            add_file(ctx.db, NewFile(each.name, ctx.read_bytes(each.sha256), each.type), by=by).key for each in kept
        ]  # fmt: skip
    own = {each.code: typed.get(each.name, "") for each in definition.asks if each.kind is AskKind.OWN}
    fields = {code: value for code, value in entered_values(form, typed).items() if value not in (None, "", [])}
    html = typed.get("html") or html_of_text(typed.get("text", ""))
    return Given(html, files, fields, own, row_number(typed.get("assignee", "")), row_number(typed.get("group", "")))


def given_on(ctx: Context, ticket: Ticket, definition: Definition, typed: MultiDict[str, str], by: User) -> Given:
    """What the page sent, for `run_action`. Raises `Invalid` for a file that is too large."""
    files = typed.getlist("attachment")
    if definition.asks_for(AskKind.FILES):
        files = files + [add_file(ctx.db, each, by=by).key for each in written_files()]
    own = {each.code: typed.get(each.name, "") for each in definition.asks if each.kind is AskKind.OWN}
    return Given(
        written_html(), files, entered_values(ticket.form, typed), own, row_number(typed.get("assignee", "")), row_number(typed.get("group", "")),
        row_number(typed.get("version", "")),
    )  # fmt: skip


def _question(ctx: Context, ticket: Ticket, ask: Ask, typed: MultiDict[str, str], raw: Mapping[str, Any]) -> Question:
    label = label_of(ticket, ask)
    if ask.kind in (AskKind.TEXT, AskKind.FILES):
        return Question(str(ask.kind), label, ask.required)
    if ask.kind is AskKind.FIELD:
        asked = ticket.form.field(ask.code)
        assert asked is not None, "The form's rules show no field that it has not."
        value = raw.get(ask.code, ticket.values.get(ask.code))
    else:
        asked = ask.as_field()
        value = typed.get(ask.name)
    required = ask.required and asked.kind is not FieldKind.CHECK
    return Question("field", label, required, edited_field(ctx.db, ticket.form, asked, value, required=required, name=ask.name))


def _people(ctx: Context, ticket: Ticket) -> list[tuple[int, str]]:
    people = agents_of_form(ctx.db, ticket.form)
    present = presence_of(ctx.db, people)
    return [(each.id, each.name if present[each.id].at_work else _("%(name)s (away)", name=each.name)) for each in people]


def _kept(ctx: Context, typed: MultiDict[str, str], by: User) -> Sequence[Attachment]:
    found = []
    for key in dict.fromkeys(typed.getlist("attachment")):
        try:
            found += uploads_of(ctx.db, [key], by)
        except (Invalid, NotFound):
            continue  # it is gone, or was never theirs
    return found
