"""Actions that customers run themselves: offered in their words, asking only for what is meant for their eyes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from plugdesk.api import (
    Conflict,
    Context,
    CustomersAction,
    CustomersAnswers,
    CustomersQuestion,
    Field,
    FieldKind,
    Form,
    Invalid,
    Said,
    Ticket,
    User,
    current_language,
    html_of_text,
    is_over,
    storable,
)
from plugdesk.api import gettext as _
from plugdesk_workflow.definition import Ask, AskKind, Definition, How, read
from plugdesk_workflow.entering import Entered, Given, asked_for, asking, label_of, read_given
from plugdesk_workflow.models import Action
from plugdesk_workflow.rights import action_called, actions_of, is_offered, title_of
from plugdesk_workflow.running import run_for_customer, trouble

LONGEST_WORDS = 50_000
WHO_WORKS_HERE = (FieldKind.PERSON, FieldKind.GROUP)


def offered_to_customer(ctx: Context, ticket: Ticket, customer: User, typed: Mapping[str, Any]) -> Sequence[CustomersAction]:
    """The actions that stand on the customer's request as it is, with what they ask while `typed` stands in the controls."""
    if is_over(ctx.db, ticket):
        return []  # what they write begins a new request
    found = [each for each in actions_of(ctx) if _is_theirs(ctx, ticket, each)]
    return [CustomersAction(each.code, title_of(each), each.icon, _questions(ctx, ticket, each, typed)) for each in found]


def run_by_customer(ctx: Context, ticket: Ticket, customer: User, code: str, answers: CustomersAnswers) -> str:
    """The customer runs the action with what they entered. Raises `Conflict` when it is not offered any more, `Invalid` by name."""
    action = action_called(ctx, code)
    if action is None or is_over(ctx.db, ticket) or not _is_theirs(ctx, ticket, action):
        status = ticket.form.status_by_id(ticket.status_id).customers_name_in(current_language())
        raise Conflict(_("This cannot be done any more: the request is “%(status)s” now.", status=status))
    definition, given = _asking(ctx, ticket, read(action), answers.values), _given(ticket, answers)
    entered = _checked(ctx, ticket, definition, given, answers, customer)
    files = list(answers.files) if definition.asks_for(AskKind.FILES) else []
    words = _words(definition, entered)
    said = Said(text=words, files=files) if words or files else None
    run_for_customer(
        ctx, ticket, action, definition, entered, said, customer=customer, channel=answers.channel or ticket.channel
    )  # fmt: skip
    return _("Done: %(action)s.", action=title_of(action))


def why_not_for_customers(form: Form, definition: Definition) -> str:
    """Why customers cannot run such an action, with the remedy; "" when they can, or are not to."""
    if not definition.who.customer:
        return ""
    if definition.does.assignment.how in (How.CHOSEN, How.WHO_ACTS):
        return _("Customers do not choose who works on their requests. Say whom the action assigns to.")
    if definition.does.delete:
        return _("Customers cannot delete their requests. Take that away, or let agents alone run the action.")
    hidden = next((each for each in definition.asks if each.required and not _is_for_customers(form, each)), None)
    if hidden is not None:
        return _("Customers cannot give “%(what)s”, which is for agents alone. Let it be left out.", what=asked_for(form, hidden))
    return ""


def _is_theirs(ctx: Context, ticket: Ticket, action: Action) -> bool:
    definition = read(action)
    if not definition.who.customer or not is_offered(ticket, action):
        return False
    return not why_not_for_customers(ticket.form, definition) and not trouble(ctx, ticket.form, definition)


def _is_for_customers(form: Form, ask: Ask) -> bool:
    """Whether it is meant for customers; the names of those who work here are not."""
    if ask.kind is AskKind.OWN:
        return ask.field_kind not in WHO_WORKS_HERE
    asked = form.field(ask.code) if ask.kind is AskKind.FIELD else None
    return ask.kind is not AskKind.FIELD or (asked is not None and _can_be_shown(asked))


def _can_be_shown(field: Field) -> bool:
    return field.for_customers and field.kind not in (*WHO_WORKS_HERE, FieldKind.FILE)


def _asking(ctx: Context, ticket: Ticket, definition: Definition, typed: Mapping[str, Any]) -> Definition:
    """The action as it asks the customer: what their form's rules show them, and nothing for agents."""
    form = ticket.form
    theirs = replace(definition, asks=tuple(each for each in definition.asks if _is_for_customers(form, each)))
    asked = asking(ctx, ticket, theirs, _fields(form, typed))
    return replace(asked, asks=tuple(each for each in asked.asks if _is_for_customers(form, each)))


def _questions(ctx: Context, ticket: Ticket, action: Action, typed: Mapping[str, Any]) -> list[CustomersQuestion]:
    return [_question(ticket, each, typed) for each in _asking(ctx, ticket, read(action), typed).asks]


def _question(ticket: Ticket, ask: Ask, typed: Mapping[str, Any]) -> CustomersQuestion:
    label = label_of(ticket, ask)
    if ask.kind is AskKind.TEXT:
        return CustomersQuestion(ask.name, label, "text", ask.required, value=typed.get(ask.name, ""))
    if ask.kind is AskKind.FILES:
        return CustomersQuestion(ask.name, label, "files", ask.required)
    asked = ticket.form.field(ask.code) if ask.kind is AskKind.FIELD else ask.as_field()
    before = ticket.values.get(ask.code) if ask.kind is AskKind.FIELD else None
    must_tick = asked is not None and asked.kind is FieldKind.CHECK
    required = ask.required and not must_tick
    return CustomersQuestion(ask.name, label, "field", required, asked, typed.get(ask.name, before))


def _fields(form: Form, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was entered into fields of the form, by code."""
    names = {f"{AskKind.FIELD}-{each.code}": each.code for each in form.fields if _can_be_shown(each)}
    return {code: typed[name] for name, code in names.items() if name in typed}


def _given(ticket: Ticket, answers: CustomersAnswers) -> Given:
    typed = answers.values
    own = {name.removeprefix(f"{AskKind.OWN}-"): value for name, value in typed.items() if name.startswith(f"{AskKind.OWN}-")}
    text = storable(str(typed.get(AskKind.TEXT, ""))).strip()
    return Given(html_of_text(text), (), _fields(ticket.form, typed), own, version=answers.version)


def _checked(
    ctx: Context, ticket: Ticket, definition: Definition, given: Given, answers: CustomersAnswers, customer: User
) -> Entered:
    problems: dict[str, str] = {}
    files = next((each for each in definition.asks if each.kind is AskKind.FILES), None)
    if files is not None and files.required and not answers.files:
        problems[files.name] = _("Attach a file first.")
    if len(str(answers.values.get(AskKind.TEXT, ""))) > LONGEST_WORDS:
        problems[AskKind.TEXT] = _("At most %(most)s characters.", most=LONGEST_WORDS)
    without = replace(definition, asks=tuple(each for each in definition.asks if each is not files))
    try:
        entered = read_given(ctx, ticket, without, given, by=customer)
    except Invalid as refusal:
        raise Invalid(problems={**refusal.problems, **problems}) from None
    if problems:
        raise Invalid(problems=problems)
    return entered


def _words(definition: Definition, entered: Entered) -> str:
    """What the customer has entered, as their own words: the values one a line, then the text."""
    asks = [each for each in definition.asks if each.kind is not AskKind.FILES and (each.code or str(each.kind)) in entered.words]
    told = zip(asks, entered.in_words, strict=True)
    lines = [f"{label}: {words}" for ask, (label, words) in told if ask.kind is not AskKind.TEXT]
    return "\n\n".join(each for each in ("\n".join(lines), entered.text) if each)
