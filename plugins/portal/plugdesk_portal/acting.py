"""What customers can do themselves with a request: the buttons of extensions, what these ask for, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from plugdesk.api import (
    Context,
    CustomersAction,
    CustomersAnswers,
    CustomersQuestion,
    FieldKind,
    Form,
    Invalid,
    NewFile,
    Ticket,
    User,
    customer_actions_on,
    row_number,
    run_customer_action,
)
from plugdesk_portal.commands import CHANNEL, too_much
from plugdesk_web.api import FIELD_PREFIX, EditedField, edited_field, entered_values


@dataclass(frozen=True)
class Asked:
    """A question as the page draws it: `control` of a field, else what its kind says."""

    question: CustomersQuestion
    control: EditedField | None = None


@dataclass(frozen=True)
class Shown:
    """An action on the page: its `code` in the address, its questions, and what was wrong with the answers; `open` once it was sent."""

    code: str
    action: CustomersAction
    asked: Sequence[Asked] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    open: bool = False

    @property
    def prefix(self) -> str:
        """Before the ids of its controls, which stand on the page once for each action."""
        return f"{self.code.replace('.', '-')}-"


def actions_on(ctx: Context, ticket: Ticket, customer: User, *, sent: Sent | None = None) -> list[Shown]:
    """The actions on the customer's request; the one that was `sent` and refused stands open, with everything typed."""
    offered = {each.code: each for each in customer_actions_on(ctx.db, ticket, customer)}
    if sent is not None and sent.code in offered:  # two may ask for a text: what was typed is of the one that was sent
        offered |= {
            each.code: each for each in customer_actions_on(ctx.db, ticket, customer, sent.values) if each.code == sent.code
        }
    return [
        Shown(
            each.code, each.action, [_asked(ctx, ticket.form, one) for one in each.action.questions],
            sent.problems if sent is not None and sent.code == each.code else {}, sent is not None and sent.code == each.code,
        )
        for each in offered.values()
    ]  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """An action that was sent and refused, with what was typed."""

    code: str
    values: Mapping[str, Any]
    problems: Mapping[str, str]


def act(
    ctx: Context, ticket: Ticket, customer: User, code: str, typed: MultiDict[str, str], files: Sequence[NewFile]
) -> str:  # fmt: skip
    """The customer does it; the sentence that tells them. Raises as `run_customer_action`."""
    if wrong := too_much(ctx, files):
        raise Invalid(problems={"files": wrong})
    version = row_number(typed.get("version", ""))
    answers = CustomersAnswers(values_in(ticket.form, typed), files, version, CHANNEL)
    return run_customer_action(ctx.db, ticket, customer, code, answers)


def values_in(form: Form, typed: MultiDict[str, str]) -> dict[str, Any]:
    """What was entered, by the questions' names."""
    plain = {name: typed.get(name, "") for name in typed if not name.startswith(FIELD_PREFIX)}
    return plain | {FIELD_PREFIX + code: value for code, value in entered_values(form, typed).items()}


def _asked(ctx: Context, form: Form, question: CustomersQuestion) -> Asked:
    if question.field is None:
        return Asked(question)
    required = question.required and question.field.kind is not FieldKind.CHECK
    return Asked(
        question, edited_field(ctx.db, form, question.field, question.value, required=required, name=question.name)
    )  # fmt: skip
