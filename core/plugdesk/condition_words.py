"""Conditions as people read them: the facts an editor offers, the comparisons by name, a whole condition in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.conditions import OPERATORS, AllOf, AnyOf, Condition, Explained, FactTest, Not
from plugdesk.contributions import Fact, ValueType
from plugdesk.html import excerpt
from plugdesk.i18n import format_date, format_datetime, format_list, format_number, lazy_pgettext, ngettext, pgettext
from plugdesk.i18n import gettext as _

LONGEST_MET = 120  # characters of a value that explains
DAYS = ("in_last_days", "in_next_days", "over_days_ago")


@dataclass(frozen=True)
class OfferedFact:
    """A fact as an editor offers it: what people call it, its type, the values to choose from, the heading it stands under.

    `choices` are pairs of value and label, for the types `choice`, `choices` and `person`.
    """

    name: str
    title: str
    type: ValueType
    choices: Sequence[tuple[Any, str]] = field(default=())
    group: str = ""


@dataclass(frozen=True)
class ExplainedLine:
    """One condition as a page explains it, or with `parts` what joins some: whether it held, its words, the value it met."""

    held: bool
    words: str
    met: str = ""
    parts: Sequence[ExplainedLine] = ()


OPERATOR_WORDS: Mapping[str, Any] = {
    "is": lazy_pgettext("comparison", "is"),
    "is_not": lazy_pgettext("comparison", "is not"),
    "in": lazy_pgettext("comparison", "is one of"),
    "not_in": lazy_pgettext("comparison", "is none of"),
    "contains": lazy_pgettext("comparison", "contains"),
    "not_contains": lazy_pgettext("comparison", "does not contain"),
    "starts": lazy_pgettext("comparison", "begins with"),
    "gt": lazy_pgettext("comparison", "is more than"),
    "lt": lazy_pgettext("comparison", "is less than"),
    "between": lazy_pgettext("comparison", "is between"),
    "before": lazy_pgettext("comparison", "is before"),
    "after": lazy_pgettext("comparison", "is after"),
    "in_last_days": lazy_pgettext("comparison", "is within the last"),
    "in_next_days": lazy_pgettext("comparison", "is within the next"),
    "over_days_ago": lazy_pgettext("comparison", "is longer ago than"),
    "empty": lazy_pgettext("comparison", "is empty"),
    "not_empty": lazy_pgettext("comparison", "is filled in"),
}
_OF_SEVERAL: Mapping[str, Any] = {
    "in": lazy_pgettext("comparison", "has one of"),
    "not_in": lazy_pgettext("comparison", "has none of"),
}


def offered_fact(fact: Fact, *, group: str = "", session: Session | None = None) -> OfferedFact:
    """The fact of an extension as an editor offers it."""
    known = fact.choices() if fact.choices else fact.choices_in(session) if fact.choices_in and session is not None else ()
    choices = [(value, str(label)) for value, label in known]
    return OfferedFact(fact.name, str(fact.title), fact.type, choices, group)


def operators_of(kind: ValueType) -> list[tuple[str, str]]:
    """The comparisons of a type as an editor offers them, code and words; `empty` stands there as itself and its opposite."""
    codes: list[str] = []
    for operator in OPERATORS[kind]:
        codes += ["empty", "not_empty"] if operator == "empty" else [operator]
    return [(code, operator_words(code, kind)) for code in codes]


def operator_words(operator: str, kind: ValueType | None) -> str:
    """A comparison in words: "is one of"."""
    words = _OF_SEVERAL.get(operator) if kind == "choices" else None
    return str(words or OPERATOR_WORDS[operator])


def condition_words(condition: Condition, facts: Mapping[str, OfferedFact]) -> str:
    """The whole condition in words: "Device is Till and (Photo is empty or not (Channel is E-mail))"."""
    return _words(condition, facts, alone=True)


def value_words(value: Any, fact: OfferedFact | None) -> str:
    """A value that a fact has, in words; a dash for none."""
    if value is None or value == "" or value == []:
        return "—"
    if isinstance(value, (list, tuple)):
        return format_list([_one(each, fact) for each in value])
    return _one(value, fact)


def explained_line(explained: Explained, facts: Mapping[str, OfferedFact], values: Mapping[str, Any]) -> ExplainedLine:
    """Why a condition held or not on `values`, for the macro `explained` of `components/conditions.html`."""
    parts = tuple(explained_line(each, facts, values) for each in explained.parts)
    match explained.condition:
        case FactTest() as test:
            met = values.get(test.fact)
            shown = excerpt(met, LONGEST_MET) if isinstance(met, str) and test.type == "text" else met
            return ExplainedLine(explained.matched, condition_words(test, facts), value_words(shown, facts.get(test.fact)))
        case AllOf(()):
            return ExplainedLine(explained.matched, _("Always"))
        case AllOf() | AnyOf() if len(parts) == 1:
            return parts[0]
        case AllOf():
            return ExplainedLine(explained.matched, pgettext("condition", "All of these hold"), "", parts)
        case AnyOf():
            return ExplainedLine(explained.matched, pgettext("condition", "Any of these holds"), "", parts)
        case Not():
            return ExplainedLine(explained.matched, pgettext("condition", "This does not hold"), "", parts)


def _words(condition: Condition, facts: Mapping[str, OfferedFact], *, alone: bool) -> str:
    match condition:
        case FactTest():
            return test_words(condition, facts)
        case Not(part):
            return pgettext("condition", "not (%(condition)s)", condition=_words(part, facts, alone=True))
        case AllOf(()):
            return pgettext("condition", "always")
        case AnyOf(()):
            return pgettext("condition", "never")
        case AllOf(parts) | AnyOf(parts):
            if len(parts) == 1:
                return _words(parts[0], facts, alone=alone)
            link = pgettext("condition", "and") if isinstance(condition, AllOf) else pgettext("condition", "or")
            joined = f" {link} ".join(_words(part, facts, alone=False) for part in parts)
            return joined if alone else f"({joined})"


def test_words(test: FactTest, facts: Mapping[str, OfferedFact]) -> str:
    """One test in words: "Device is one of Till, Printer"."""
    fact = facts.get(test.fact)
    title = fact.title if fact else pgettext("condition", "%(fact)s (no longer there)", fact=test.fact)
    operator = "not_empty" if test.operator == "empty" and not test.value else test.operator
    words = operator_words(operator, test.type)
    value = "" if test.operator == "empty" else _value_words(test, fact)
    return f"{title} {words} {value}".rstrip()


def _value_words(test: FactTest, fact: OfferedFact | None) -> str:
    if test.operator in DAYS:
        return ngettext("%(num)d day", "%(num)d days", int(test.value)) if test.value == int(test.value) else str(test.value)
    if test.operator == "between":
        low, high = (_one(value, fact) for value in test.value)
        return pgettext("condition", "%(low)s and %(high)s", low=low, high=high)
    if isinstance(test.value, tuple):
        return format_list([_one(value, fact) for value in test.value]) or "—"
    return _one(test.value, fact)


def _one(value: Any, fact: OfferedFact | None) -> str:
    label = next((label for known, label in fact.choices if known == value), None) if fact else None
    if label is not None:
        return str(label)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, date):
        return format_date(value)
    if isinstance(value, (int, float)):
        return format_number(value)
    return _("“%(value)s”", value=value) if fact is None or fact.type == "text" else str(value)
