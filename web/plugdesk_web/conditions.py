"""The one editor of conditions: what stands in it, what a page sent of it, and the condition that makes.

It works without script: its buttons send the form they stand in, and the page answers with the editor as they leave it.

    edited = typed_condition("when", facts, request.form)
    if edited.pressed:
        return page("rules/edit.html", when=edited)
    save(condition=edited.read())

The template draws it: `{% from "components/conditions.html" import condition_editor %}`, `{{ condition_editor(when, _("Holds when")) }}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from plugdesk.condition_words import DAYS, OfferedFact, condition_words, operators_of
from plugdesk.conditions import MAX_DEPTH, MAX_TESTS, parse_condition
from plugdesk.errors import Invalid
from plugdesk.forms.fields import read_number
from plugdesk.i18n import current_zone, lazy_gettext
from plugdesk.i18n import gettext as _

JOINS = (
    ("all", lazy_gettext("all of these hold")),
    ("any", lazy_gettext("any of these holds")),
    ("not_all", lazy_gettext("not all of these hold")),
    ("none", lazy_gettext("none of these holds")),
)
_SINGLE = ("is", "is_not", "contains", "not_contains", "starts", "gt", "lt", "before", "after")


@dataclass(frozen=True)
class EditedTest:
    """One row: a fact, a comparison, and what it is compared with as the controls hold it."""

    fact: OfferedFact | None = None
    lost: str = ""
    operator: str = ""
    values: Sequence[str] = ()
    problem: str = ""

    @property
    def operators(self) -> list[tuple[str, str]]:
        return operators_of(self.fact.type) if self.fact else []

    @property
    def control(self) -> str:
        """How the value is asked for: none, days, pair, boxes, lines, select, number, date, moment or text."""
        if self.fact is None or self.operator in ("empty", "not_empty"):
            return "none"
        if self.operator in DAYS:
            return "days"
        if self.operator == "between":
            return "pair"
        if self.operator in ("in", "not_in"):
            return "lines" if self.fact.type in ("text", "number") else "boxes"
        return "select" if self.fact.type in ("choice", "person", "check") else str(self.fact.type)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What the value is chosen from; one that is no longer offered stays visible."""
        if self.fact is None:
            return []
        if self.fact.type == "check":
            return [("yes", _("Yes")), ("no", _("No"))]
        known = [(str(value), str(label)) for value, label in self.fact.choices]
        return known + [(value, value) for value in self.values if value and value not in {code for code, _label in known}]


@dataclass(frozen=True)
class EditedGroup:
    """Rows under one word: all, any, not all, none of them."""

    join: str = "all"
    rows: Sequence[EditedTest | EditedGroup] = ()


@dataclass(frozen=True)
class EditedCondition:
    """What stands in an editor. `pressed`: one of its own buttons was; the page is to be shown again, nothing saved."""

    name: str
    facts: Mapping[str, OfferedFact]
    root: EditedGroup = field(default_factory=EditedGroup)
    pressed: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.root.rows

    @property
    def grouped(self) -> list[tuple[str, list[OfferedFact]]]:
        """The facts under their headings, in the order they were given."""
        found: dict[str, list[OfferedFact]] = {}
        for fact in self.facts.values():
            found.setdefault(fact.group, []).append(fact)
        return list(found.items())

    @property
    def joins(self) -> list[tuple[str, str]]:
        return [(code, str(words)) for code, words in JOINS]

    @property
    def words(self) -> str:
        """What stands in it, in words: "Type of question is Payment"; empty where there is no row."""
        if self.is_empty:
            return ""
        try:
            return words_of_condition(self.read() or {"all": []}, self.facts)
        except Invalid:
            return _("(not finished)")

    def checked(self) -> EditedCondition:
        """The same with each row saying what is wrong with it."""
        return replace(self, root=_checked(self.root))

    def read(self) -> dict[str, Any] | None:
        """The condition as JSON to store, None when there is no row. Raises `Invalid` with what the first wrong row says."""
        if self.is_empty:
            return None
        problem = next((row.problem for row in _rows(self.checked().root) if row.problem), None)
        if problem:
            raise Invalid(problems={self.name: problem})
        raw = _group_json(self.root)
        try:
            parse_condition(raw, {name: fact.type for name, fact in self.facts.items()})
        except Invalid as refusal:
            raise Invalid(problems={self.name: str(refusal)}) from None
        return raw


def words_of_condition(stored: Mapping[str, Any], facts: Mapping[str, OfferedFact]) -> str:
    """A stored condition (JSON) about these facts in words, lost ones among them. Raises `Invalid` where it is none."""
    return condition_words(parse_condition(stored, {name: fact.type for name, fact in facts.items()}, lost_facts=True), facts)


def edit_condition(name: str, facts: Mapping[str, OfferedFact], stored: Mapping[str, Any] | None = None) -> EditedCondition:
    """The editor of a stored condition (JSON), or an empty one. `name` begins the names of its controls."""
    if not stored:
        return EditedCondition(name, facts)
    root = _edited(stored, facts)
    return EditedCondition(name, facts, root if isinstance(root, EditedGroup) else EditedGroup("all", (root,)))


def typed_condition(name: str, facts: Mapping[str, OfferedFact], given: MultiDict[str, str]) -> EditedCondition:
    """The editor as a page sent it; where one of its buttons was pressed, as that leaves it."""
    paths = [path for path in given.getlist(f"{name}-row") if path.count(".") < MAX_DEPTH][: 2 * MAX_TESTS]
    root = _typed_group("0", name, facts, given, paths)
    pressed = given.get(f"{name}-do", "")
    if pressed:
        act, _colon, path = pressed.partition(":")
        root = _after(root, act, [int(part) for part in path.split(".") if part.isascii() and part.isdigit()][1:])
    return EditedCondition(name, facts, root, pressed=bool(pressed))


# What was stored


def _edited(raw: Mapping[str, Any], facts: Mapping[str, OfferedFact]) -> EditedTest | EditedGroup:
    if "fact" in raw:
        return _edited_test(raw, facts)
    if "not" in raw:
        part = _edited(raw["not"], facts)
        if isinstance(part, EditedGroup) and part.join in ("all", "any"):
            return replace(part, join="not_all" if part.join == "all" else "none")
        return EditedGroup("none", (part,))
    join = "all" if "all" in raw else "any"
    return EditedGroup(join, tuple(_edited(each, facts) for each in raw.get(join) or ()))


def _edited_test(raw: Mapping[str, Any], facts: Mapping[str, OfferedFact]) -> EditedTest:
    name = str(raw["fact"])
    operator = next(key for key in raw if key != "fact")
    value, fact = raw[operator], facts.get(name)
    if operator == "empty":
        return EditedTest(fact, "" if fact else name, "empty" if value else "not_empty")
    listed = value if isinstance(value, (list, tuple)) else [value]
    values = [_as_typed(fact, operator, each) for each in listed]
    if fact is not None and fact.type in ("text", "number") and operator in ("in", "not_in"):
        values = ["\n".join(values)]
    return EditedTest(fact, "" if fact else name, operator, values)


def _as_typed(fact: OfferedFact | None, operator: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if fact is not None and fact.type == "moment" and operator not in DAYS:
        return datetime.fromisoformat(str(value)).astimezone(current_zone()).strftime("%Y-%m-%dT%H:%M")
    return str(value)


# What a page sent


def _typed_group(
    path: str, name: str, facts: Mapping[str, OfferedFact], given: MultiDict[str, str], paths: Sequence[str]
) -> EditedGroup:
    join = given.get(f"{name}-{path}-join", "all")
    rows: list[EditedTest | EditedGroup] = []
    for each in dict.fromkeys(each for each in paths if each.rpartition(".")[0] == path):
        if f"{name}-{each}-join" in given:
            rows.append(_typed_group(each, name, facts, given, paths))
        else:
            rows.append(_typed_test(f"{name}-{each}", facts, given))
    return EditedGroup(join if join in dict(JOINS) else "all", tuple(rows))


def _typed_test(prefix: str, facts: Mapping[str, OfferedFact], given: MultiDict[str, str]) -> EditedTest:
    wanted, operator = given.get(f"{prefix}-fact", ""), given.get(f"{prefix}-operator", "")
    fact = facts.get(wanted)
    if fact is None:
        return EditedTest(None, wanted[:100], operator[:20], given.getlist(f"{prefix}-value"))
    known = [code for code, _words in operators_of(fact.type)]
    return EditedTest(fact, "", operator if operator in known else known[0], given.getlist(f"{prefix}-value"))


def _after(group: EditedGroup, act: str, path: Sequence[int]) -> EditedGroup:
    """The group after `act` (add, group, remove) at `path`; anything else only draws it anew."""
    rows = list(group.rows)
    if not path:
        known: Mapping[str, EditedTest | EditedGroup] = {"add": EditedTest(), "group": EditedGroup("any", (EditedTest(),))}
        new = known.get(act)
        return replace(group, rows=(*rows, new)) if new is not None else group
    at = path[0]
    if at >= len(rows):
        return group
    row = rows[at]
    if len(path) == 1 and act == "remove":
        del rows[at]
    elif isinstance(row, EditedGroup):
        rows[at] = _after(row, act, path[1:])
    return replace(group, rows=tuple(rows))


# What it makes


def _rows(group: EditedGroup) -> Iterator[EditedTest]:
    for row in group.rows:
        if isinstance(row, EditedGroup):
            yield from _rows(row)
        else:
            yield row


def _checked(group: EditedGroup) -> EditedGroup:
    rows: list[EditedTest | EditedGroup] = []
    for row in group.rows:
        if isinstance(row, EditedGroup):
            rows.append(_checked(row))
            continue
        try:
            _operand(row)
        except Invalid as problem:
            row = replace(row, problem=str(problem))
        rows.append(row)
    return replace(group, rows=tuple(rows))


def _group_json(group: EditedGroup) -> dict[str, Any]:
    parts = [_group_json(row) if isinstance(row, EditedGroup) else _test_json(row) for row in group.rows]
    joined = {"all" if group.join in ("all", "not_all") else "any": parts}
    return {"not": joined} if group.join in ("not_all", "none") else joined


def _test_json(row: EditedTest) -> dict[str, Any]:
    assert row.fact is not None
    operator = "empty" if row.operator == "not_empty" else row.operator
    return {"fact": row.fact.name, operator: _operand(row)}


def _operand(row: EditedTest) -> Any:
    """What the row compares with, as JSON. Raises `Invalid`, naming the fact."""
    fact = row.fact
    if fact is None:
        if row.lost:
            raise Invalid(_("“%(fact)s” is no longer there. Choose something else, or remove the line.", fact=row.lost))
        raise Invalid(_("Choose what is compared, or remove the line."))
    if row.control == "none":
        return row.operator == "empty"
    given = [value.strip() for value in row.values]
    if row.control == "lines":
        given = [line.strip() for line in "\n".join(given).splitlines()]
    given = [value for value in given if value]
    if not given or (row.control == "pair" and len(given) != 2):
        raise Invalid(_("Say what “%(fact)s” is compared with.", fact=fact.title))
    if row.control == "days":
        return read_number(given[0])
    values = [_value(fact, value) for value in given]
    return values[0] if row.operator in _SINGLE else values


def _value(fact: OfferedFact, given: str) -> Any:
    match fact.type:
        case "number":
            return read_number(given)
        case "check":
            return given == "yes"
        case "date" | "moment":
            try:
                moment = datetime.fromisoformat(given)
                if fact.type == "date":
                    return moment.date().isoformat()
                return (moment if moment.tzinfo else moment.replace(tzinfo=current_zone())).isoformat()
            except (ValueError, OverflowError):
                raise Invalid(_("Write a date like 2026-03-31.")) from None
        case "choice" | "choices" | "person":
            value = next((value for value, _label in fact.choices if str(value) == given), None)
            if value is None:
                raise Invalid(_("“%(value)s” of “%(fact)s” is no longer offered.", value=given, fact=fact.title))
            return value
    return given
