"""An automation as its page shows it: stored, rehearsed or just typed, in the words of the page's controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from plugdesk.api import OfferedFact, row_number
from plugdesk_automation.own.commands import MOST_DEEDS, OwnInput
from plugdesk_automation.own.models import Automation
from plugdesk_automation.own.starting import Kind, read_start, typed_start
from plugdesk_web.api import EditedCondition, edit_condition, typed_condition

WHEN, STARTS, DO = "when", "starts", "do"
SEVERAL = ("tags", "people", "to", "value")
"""The options of which several can be chosen; with one chosen they stay what they are."""


@dataclass(frozen=True)
class Row:
    """One thing the automation does, with what stands in its controls."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Typed:
    """What stands in the controls. `pressed`: a button of the rows was, nothing is to be saved; `focus` is where that leads."""

    when: EditedCondition
    name: str = ""
    starts: str = str(Kind.EVENT)
    start: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    stops: bool = False
    is_on: bool = False
    pressed: bool = False
    focus: str = ""


def shown_automation(facts: Mapping[str, OfferedFact], given: Automation | OwnInput | None) -> Typed:
    """A stored or rehearsed automation, or an empty one, which runs when a ticket is opened."""
    if given is None:
        return Typed(edit_condition(WHEN, facts), start={"events": ["ticket_opened"]})
    start = read_start(given.starts)
    stored = {**given.starts, "counting": "hours" if start.in_hours else "clock"}
    return Typed(
        edit_condition(WHEN, facts, given.condition), given.name, str(start.kind), stored,
        [Row(each["kind"], each["options"]) for each in given.does], given.stops, given.is_on,
    )  # fmt: skip


def typed_automation(facts: Mapping[str, OfferedFact], given: MultiDict[str, str]) -> Typed:
    """The automation as a page sent it; where a button of the rows was pressed, as that leaves it."""
    when = typed_condition(WHEN, facts, given)
    start: dict[str, Any] = {name: given.get(name, "") for name in _START} | {"events": given.getlist("events")}
    rows = [_typed_row(given, number) for number in _numbers(given)]
    typed = Typed(
        when, given.get("name", ""), given.get(STARTS, ""), start, rows, bool(given.get("stops")), bool(given.get("is_on")),
        pressed=when.pressed or f"{STARTS}-do" in given,
    )  # fmt: skip
    pressed = given.get(f"{DO}-do", "")
    if not pressed:
        return typed
    rows, focus = _after(rows, pressed, given.get(f"{DO}-kind", ""))
    return replace(typed, rows=rows, pressed=True, focus=focus)


def input_of(typed: Typed, given: MultiDict[str, str]) -> OwnInput:
    """What is to be checked and stored of it. Raises `Invalid` by control."""
    condition = typed.when.read()
    does = [{"kind": each.kind, "options": dict(each.options)} for each in typed.rows]
    return OwnInput(typed.name, typed_start(given).plain(), condition, does, typed.stops, typed.is_on)


_START = ("since", "amount", "unit", "counting", "every", "hour", "weekday", "day")


def _numbers(given: MultiDict[str, str]) -> list[int]:
    found = [number for each in given.getlist(f"{DO}-row") if (number := row_number(each)) is not None and len(each) < 4]
    return list(dict.fromkeys(found))[: MOST_DEEDS + 1]


def _typed_row(given: MultiDict[str, str], number: int) -> Row:
    start = f"{DO}-{number}-"
    names = {each.removeprefix(start).removesuffix("-here") for each in given if each.startswith(start)}
    options = {name: _option(given.getlist(start + name), name) for name in sorted(names - {"kind"})}
    return Row(given.get(f"{start}kind", ""), options)


def _option(values: Sequence[str], name: str) -> str | list[str]:
    if name in SEVERAL and len(values) != 1:
        return [each for each in values if each]
    return values[0] if values else ""


def _after(rows: Sequence[Row], pressed: str, kind: str) -> tuple[list[Row], str]:
    """The rows after a button (add, remove:N, up:N; anything else draws them anew), and the row to go on with."""
    act, _colon, given = pressed.partition(":")
    changed, at = list(rows), row_number(given)
    if act == "add" and kind:
        return [*changed, Row(kind)], str(len(changed))
    if act == "remove" and at is not None and at < len(changed):
        del changed[at]
    elif act == "up" and at is not None and 0 < at < len(changed):
        changed.insert(at - 1, changed.pop(at))
        return changed, str(at - 1)
    return changed, "add"
