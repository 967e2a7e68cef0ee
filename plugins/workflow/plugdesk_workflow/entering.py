"""What somebody enters for an action, held against what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from plugdesk.api import (
    Context,
    Form,
    Group,
    Invalid,
    NotFound,
    Ticket,
    User,
    can_work_on,
    clean_html,
    decision_on,
    read_value,
    show_value,
    text_of_html,
    uploads_of,
)
from plugdesk.api import gettext as _
from plugdesk_workflow.definition import Ask, AskKind, Definition, How


@dataclass(frozen=True)
class Given:
    """What was entered, as it came: the text as HTML, keys of uploads, fields of the form and of the action by code, and who."""

    text: str = ""
    files: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)
    person: int | None = None
    group: int | None = None
    version: int | None = None  # the ticket's as the page showed it


@dataclass(frozen=True)
class Entered:
    """The same, checked. `in_words` has everything that was asked for and given: label and words, in the order of the action."""

    html: str = ""
    files: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    in_words: Sequence[Sequence[str]] = ()
    person: User | None = None
    group: Group | None = None
    version: int | None = None

    @property
    def text(self) -> str:
        return text_of_html(self.html).strip()


def asking(ctx: Context, ticket: Ticket, definition: Definition, fields: Mapping[str, Any]) -> Definition:
    """The action as it asks on this ticket, while `fields` stand in its controls.

    Without the fields that the form's rules hide, and with those that are empty and that the new status requires.
    """
    after = ticket.form.status(definition.does.status) if definition.does.status else None
    asks = list(definition.asks)
    while True:  # a field that is asked for may show others
        codes = {each.code for each in asks if each.kind is AskKind.FIELD}
        entered = {**definition.does.values, **{code: value for code, value in fields.items() if code in codes}}
        then = decision_on(ctx.db, ticket, status=after, entered=entered)
        enters = after is not None and after.id != ticket.status_id
        more = [each.code for each in then.missing if enters and each.code not in codes]
        if not more:
            shown = [each for each in asks if each.kind is not AskKind.FIELD or each.code in then.visible]
            return replace(definition, asks=tuple(shown))
        asks += [Ask(AskKind.FIELD, required=True, code=code) for code in more]


def read_given(ctx: Context, ticket: Ticket, definition: Definition, given: Given, *, by: User) -> Entered:
    """What was entered, read; what the action does not ask for is passed over. Raises `Invalid` by the controls' names."""
    problems: dict[str, str] = {}
    html, fields, words, told = "", dict[str, Any](), dict[str, str](), list[tuple[str, str]]()
    files: tuple[str, ...] = ()
    for ask in definition.asks:
        shown = ""
        if ask.kind is AskKind.TEXT:
            html = clean_html(given.text)
            shown = text_of_html(html).strip()
        elif ask.kind is AskKind.FILES:
            files, shown = _files(ctx, given, by, problems)
        elif ask.kind is AskKind.FIELD:
            shown = _form_field(ctx, ticket, ask, given, fields, problems)
        else:
            shown = _own_field(ctx, ask, given, problems)
        if ask.required and not shown and ask.name not in problems:
            problems[ask.name] = _fill_in(ctx, ask)
        if shown and (ask.kind is not AskKind.FIELD or ask.code in given.fields):
            told.append((label_of(ticket, ask), shown))
            words[ask.code or str(ask.kind)] = shown
    person, group = _chosen(ctx, ticket, definition, given, problems)
    if problems:
        raise Invalid(problems=problems)
    return Entered(
        html if "text" in words else "", files, fields, words, [list(each) for each in told], person, group, given.version
    )


def _files(ctx: Context, given: Given, by: User, problems: dict[str, str]) -> tuple[tuple[str, ...], str]:
    keys = tuple(dict.fromkeys(given.files))
    try:
        return keys, ", ".join(each.name for each in uploads_of(ctx.db, keys, by))
    except (Invalid, NotFound) as refused:
        problems["files"] = str(refused)
        return (), ""


def _form_field(ctx: Context, ticket: Ticket, ask: Ask, given: Given, fields: dict[str, Any], problems: dict[str, str]) -> str:
    """What the field would show; it is set by the core's own command later, which asks the form's rules."""
    asked = ticket.form.field(ask.code)
    if asked is None:
        return ""
    value = ticket.values.get(ask.code)
    if ask.code in given.fields:
        fields[ask.code] = given.fields[ask.code]
        try:
            value = read_value(asked, given.fields[ask.code], ctx.db)
        except Invalid as refused:
            problems[ask.name] = str(refused)
            return ""
    return "" if value is False else show_value(asked, value, ctx.db)


def _own_field(ctx: Context, ask: Ask, given: Given, problems: dict[str, str]) -> str:
    asked = ask.as_field()
    try:
        value = read_value(asked, given.own.get(ask.code), ctx.db)
    except Invalid as refused:
        problems[ask.name] = str(refused)
        return ""
    return "" if value is False else show_value(asked, value, ctx.db)


def _chosen(
    ctx: Context, ticket: Ticket, definition: Definition, given: Given, problems: dict[str, str]
) -> tuple[User | None, Group | None]:
    if definition.does.assignment.how is not How.CHOSEN:
        return None, None
    person = ctx.db.get(User, given.person) if given.person else None
    group = ctx.db.get(Group, given.group) if given.group else None
    if person is not None and not (person.is_agent and can_work_on(ctx.db, person, ticket.form_id)):
        problems["assignee"] = _("Choose somebody who works on “%(form)s”.", form=ticket.form.name)
    elif person is None and group is None:
        problems["assignee"] = _("Choose who goes on with this ticket.")
    return person, group


def label_of(ticket: Ticket, ask: Ask) -> str:
    """What is asked for, as its page calls it."""
    return asked_for(ticket.form, ask)


def asked_for(form: Form, ask: Ask) -> str:
    """The same, of the form at large."""
    if ask.kind in (AskKind.TEXT, AskKind.FILES):
        return ask.label or (_("Text") if ask.kind is AskKind.TEXT else _("Files"))
    asked = form.field(ask.code) if ask.kind is AskKind.FIELD else None
    return ask.label or (asked.label if asked else ask.code)


def _fill_in(ctx: Context, ask: Ask) -> str:
    if ask.kind is AskKind.TEXT:
        return _("Write something first.")
    if ask.kind is AskKind.FILES:
        return _("Attach a file first.")
    asked = ctx.form.field(ask.code) if ctx.form is not None and ask.kind is AskKind.FIELD else None
    return _("Fill in “%(label)s”.", label=ask.label or (asked.label if asked else ask.code))
