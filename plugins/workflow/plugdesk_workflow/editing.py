"""An action as its page edits it: stored or just typed, in the words of the page's controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from plugdesk.api import LANGUAGES, FieldKind, Form, Invalid, free_code, html_of_text, text_of_html
from plugdesk.api import gettext as _
from plugdesk_workflow.commands import MOST_ASKS, MOST_LETTERS, TAKEN, ActionInput
from plugdesk_workflow.definition import (
    ADDRESS,
    FROM_GROUP,
    Ask,
    AskKind,
    Assignment,
    Automatic,
    Definition,
    Does,
    How,
    Letter,
    Ordered,
    Since,
    Unit,
    Who,
    read,
)
from plugdesk_workflow.models import Action

LINK = "link"  # what a letter to the customer holds; else the text
UNSETTABLE = (FieldKind.FILE, FieldKind.CUSTOMER)


@dataclass(frozen=True)
class AskRow:
    """A line of what is asked for. `what` is text, files, field:CODE or own:KIND; `choices` stand one a line."""

    what: str = ""
    required: bool = False
    label: str = ""
    code: str = ""
    choices: str = ""

    @property
    def own_kind(self) -> FieldKind | None:
        kind = self.what.removeprefix("own:")
        return FieldKind(kind) if self.what.startswith("own:") and kind in tuple(FieldKind) else None


@dataclass(frozen=True)
class LetterRow:
    """A letter. `to` are recipients but for addresses, which stand in `addresses` with commas between them."""

    to: Sequence[str] = ()
    addresses: str = ""
    subject: str = ""
    body: str = ""
    files: bool = False
    link: bool = False


@dataclass(frozen=True)
class Typed:
    """What stands in the controls. `when` is what its time counts from: "", status, last, after:CODE or before:CODE. `pressed`: a button of the rows was, nothing is to be saved; `focus` is where that leads."""

    name: str = ""
    icon: str = ""
    is_on: bool = True
    statuses: Sequence[str] = ()
    agents: bool = True
    groups: Sequence[str] = ()
    assignee: bool = False
    customer: bool = False
    asks: Sequence[AskRow] = ()
    status: str = ""
    assignment: str = "leave"
    values: Mapping[str, Any] = field(default_factory=dict)
    watchers: Sequence[str] = ()
    add_tags: Sequence[str] = field(default=(), kw_only=True)
    remove_tags: Sequence[str] = field(default=(), kw_only=True)
    note: str = ""
    subtask_to: str = ""
    subtask_group: str = field(default="", kw_only=True)
    subtask_subject: str = ""
    subtask_body: str = ""
    delete: bool = False
    quietly: bool = False
    letters: Sequence[LetterRow] = ()
    when: str = ""
    amount: str = "1"
    unit: str = "days"
    hours: str = field(default="", kw_only=True)
    names: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pressed: bool = False
    focus: str = ""


def shown_action(action: Action | None, *, statuses: Sequence[str] = (), status: str = "") -> Typed:
    """A stored action; or an empty one, offered in `statuses` and leading to `status`."""
    if action is None:
        return Typed(statuses=statuses, status=status)
    definition = read(action)
    who, does = definition.who, definition.does
    return Typed(
        action.name, action.icon, action.is_on, action.statuses, who.agents, [str(each) for each in who.groups], who.assignee,
        who.customer, [_ask_row(each) for each in definition.asks], does.status, _assignment_word(does.assignment), does.values,
        [str(each) for each in does.watchers], text_of_html(does.note), str(does.subtask_to or ""), does.subtask_subject,
        text_of_html(does.subtask_body), does.delete, does.quietly, [_letter_row(each) for each in definition.letters],
        *_automatic_words(definition.automatic), dict(action.names), {each.code: each.options for each in does.steps},
        add_tags=does.add_tags, remove_tags=does.remove_tags, subtask_group=str(does.subtask_group or ""), hours=_hours_words(definition.automatic),
    )  # fmt: skip


def typed_action(form: Form, given: MultiDict[str, str]) -> Typed:
    """The action as a page sent it; where a button of the rows was pressed, as that leaves it."""
    asks = [_typed_ask(given, number) for number in _numbers(given, "asks", MOST_ASKS)]
    letters = [_typed_letter(given, number) for number in _numbers(given, "letters", MOST_LETTERS)]
    typed = Typed(
        given.get("name", ""), given.get("icon", ""), bool(given.get("is_on")), given.getlist("statuses"), bool(given.get("agents")),
        given.getlist("groups"), bool(given.get("assignee")), bool(given.get("customer")), _with_codes(asks), given.get("status", ""),
        given.get("assignment", ""), dict(_typed_values(form, given)), given.getlist("watchers"), given.get("note", ""),
        given.get("subtask_to", ""), given.get("subtask_subject", ""), given.get("subtask_body", ""), bool(given.get("delete")),
        bool(given.get("quietly")), letters, given.get("when", ""), given.get("amount", "1"), given.get("unit", ""),
        {code: given.get(f"name-{code}", "") for code in LANGUAGES}, {code: _typed_options(given, code) for code in given.getlist("steps")},
        add_tags=given.getlist("add_tags"), remove_tags=given.getlist("remove_tags"), subtask_group=given.get("subtask_group", ""), hours=given.get("hours", ""),
    )  # fmt: skip
    for name, empty in (("asks", AskRow()), ("letters", LetterRow())):
        if pressed := given.get(f"{name}-do", ""):
            rows, focus = _after(getattr(typed, name), empty, pressed)
            changed: Mapping[str, Any] = {name: rows}
            return replace(typed, pressed=True, focus=f"{name}-{focus}", **changed)
    return typed


def input_of(typed: Typed) -> ActionInput:
    """What is to be stored of it. Raises `Invalid` for a line of which nothing was chosen."""
    unfinished = {
        f"asks-{number}": _("Choose what is asked for, or remove the line.")
        for number, each in enumerate(typed.asks)
        if not each.what
    }
    if unfinished:
        raise Invalid(problems=unfinished)
    who = Who(typed.agents, tuple(_ids(typed.groups)), typed.assignee, typed.customer)
    does = Does(
        typed.status, _assignment(typed.assignment), typed.values, tuple(_ids(typed.watchers)), _html(typed.note),
        next(_ids([typed.subtask_to]), None), typed.subtask_subject.strip(), _html(typed.subtask_body), typed.delete, typed.quietly,
        tuple(Ordered(code, options) for code, options in typed.steps.items()),
        add_tags=tuple(typed.add_tags), remove_tags=tuple(typed.remove_tags), subtask_group=next(_ids([typed.subtask_group]), None),
    )  # fmt: skip
    letters = tuple(
        Letter(
            (*each.to, *(ADDRESS + one for one in _addresses(each))),
            _html(each.body),
            each.subject.strip(),
            each.files,
            each.link,
        )
        for each in typed.letters
    )
    definition = Definition(who, tuple(_ask(each) for each in typed.asks), does, letters, _automatic(typed))
    return ActionInput(typed.name, typed.statuses, typed.icon, typed.is_on, definition, typed.names)


# What is asked for


def _ask_row(ask: Ask) -> AskRow:
    what = (
        f"own:{ask.field_kind}"
        if ask.kind is AskKind.OWN
        else f"field:{ask.code}"
        if ask.kind is AskKind.FIELD
        else str(ask.kind)
    )
    code = ask.code if ask.kind is AskKind.OWN else ""
    return AskRow(what, ask.required, ask.label, code, "\n".join(each["label"] for each in ask.choices))


def _typed_ask(given: MultiDict[str, str], number: int) -> AskRow:
    name = f"asks-{number}"
    return AskRow(
        given.get(f"{name}-what", ""), bool(given.get(f"{name}-required")), given.get(f"{name}-label", ""), given.get(f"{name}-code", ""),
        given.get(f"{name}-choices", ""),
    )  # fmt: skip


def _with_codes(rows: Sequence[AskRow]) -> list[AskRow]:
    """The rows with a code for each field of the action's own that has a label; one that has a code keeps it."""
    taken = {*TAKEN, *(each.code for each in rows if each.own_kind and each.code)}
    found = []
    for row in rows:
        code = row.code if row.own_kind else ""
        if row.own_kind and row.label.strip() and not code:
            code = free_code(row.label, taken, otherwise="field")[:40]
            taken.add(code)
        found.append(replace(row, code=code))
    return found


def _ask(row: AskRow) -> Ask:
    label = " ".join(row.label.split())
    if row.own_kind is not None:
        return Ask(AskKind.OWN, row.required, row.code, label, row.own_kind, _choices(row))
    if row.what.startswith("field:"):
        return Ask(AskKind.FIELD, row.required, row.what.removeprefix("field:"))
    return Ask(AskKind.FILES if row.what == AskKind.FILES else AskKind.TEXT, row.required, label=label)


def _choices(row: AskRow) -> tuple[Mapping[str, str], ...]:
    if row.own_kind is FieldKind.MONEY:
        currency = row.choices.strip().upper()[:3]
        return ({"code": currency, "label": currency},) if len(currency) == 3 and currency.isalpha() else ()
    if row.own_kind is None or not row.own_kind.has_choices:
        return ()
    found: dict[str, str] = {}
    for label in dict.fromkeys(" ".join(line.split()) for line in row.choices.splitlines()):
        if label:
            found[free_code(label, found, otherwise="choice")] = label
    return tuple({"code": code, "label": label} for code, label in found.items())


# When it runs by itself


def _hours_words(automatic: Automatic | None) -> str:
    return str(automatic.hours) if automatic is not None and automatic.hours is not None else ""


def _automatic_words(automatic: Automatic | None) -> tuple[str, str, str]:
    if automatic is None:
        return "", "1", str(Unit.DAYS)
    way = f"{'before' if automatic.before else 'after'}:{automatic.field}"
    return way if automatic.since is Since.FIELD else str(automatic.since), str(automatic.amount), str(automatic.unit)


def _automatic(typed: Typed) -> Automatic | None:
    if not typed.when:
        return None
    amount = typed.amount.strip()
    number = int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 9 else -1
    hours = next(_ids([typed.hours]), None)
    unit = Unit(typed.unit) if typed.unit in tuple(Unit) else Unit.DAYS
    way, _colon, code = typed.when.partition(":")
    if way in ("after", "before"):
        return Automatic(Since.FIELD, number, unit, way == "before", code, hours)
    return Automatic(Since(way) if way in tuple(Since) else Since.STATUS, number, unit, hours=hours)


# What it does, and its letters


def _assignment_word(assignment: Assignment) -> str:
    number = assignment.person if assignment.how is How.PERSON else assignment.group if assignment.how in FROM_GROUP else None
    return f"{assignment.how}:{number}" if number is not None else str(assignment.how)


def _assignment(word: str) -> Assignment:
    name, _colon, number = word.partition(":")
    how = How(name) if name in tuple(How) else How.LEAVE
    chosen = next(_ids([number]), None)
    return Assignment(how, chosen if how is How.PERSON else None, chosen if how in FROM_GROUP else None)


def _typed_values(form: Form, given: MultiDict[str, str]) -> Iterator[tuple[str, Any]]:
    for each in form.fields:
        if each.kind not in UNSETTABLE:
            raw = [value for value in given.getlist(f"value-{each.code}") if value.strip()]
            if raw:
                yield each.code, raw if each.kind is FieldKind.CHOICES else raw[0]


def _typed_options(given: MultiDict[str, str], code: str) -> dict[str, str]:
    """What was filled in for a step; a box that is not ticked is sent as nothing beside its `step-…-here`."""
    start = f"step-{code}-"
    names = [each.removeprefix(start).removesuffix("-here") for each in given if each.startswith(start)]
    return {name: given.get(f"{start}{name}", "") for name in names}


def _letter_row(letter: Letter) -> LetterRow:
    addresses = [each.removeprefix(ADDRESS) for each in letter.to if each.startswith(ADDRESS)]
    to = [each for each in letter.to if not each.startswith(ADDRESS)]
    return LetterRow(to, ", ".join(addresses), letter.subject, text_of_html(letter.body), letter.files, letter.link)


def _typed_letter(given: MultiDict[str, str], number: int) -> LetterRow:
    name = f"letters-{number}"
    return LetterRow(
        given.getlist(f"{name}-to"), given.get(f"{name}-addresses", ""), given.get(f"{name}-subject", ""), given.get(f"{name}-body", ""),
        bool(given.get(f"{name}-files")), given.get(f"{name}-holds") == LINK,
    )  # fmt: skip


def _addresses(row: LetterRow) -> list[str]:
    return row.addresses.replace(";", " ").replace(",", " ").split()


def _html(text: str) -> str:
    return html_of_text(text) if text.strip() else ""


# Rows


def _numbers(given: MultiDict[str, str], name: str, most: int) -> list[int]:
    found = [int(each) for each in given.getlist(f"{name}-row") if each.isascii() and each.isdigit() and len(each) < 4]
    return list(dict.fromkeys(found))[: most + 1]


def _after(rows: Sequence[Any], empty: Any, pressed: str) -> tuple[list[Any], str]:
    """The rows after a button (add, remove:N, up:N; anything else draws them anew), and the control to go on with."""
    act, _colon, number = pressed.partition(":")
    changed, at = list(rows), next(_ids([number]), -1)
    if act == "add":
        return [*changed, empty], str(len(changed))
    if act == "remove" and 0 <= at < len(changed):
        del changed[at]
    elif act == "up" and 0 < at < len(changed):
        changed.insert(at - 1, changed.pop(at))
        return changed, str(at - 1)
    return changed, "add"


def _ids(given: Sequence[str]) -> Iterator[int]:
    return (int(each) for each in given if each.isascii() and each.isdigit() and len(each) < 16)
