"""The one language of tests on facts: for visibility, views, search, routing, policies, invitations and automations.

A condition is JSON: `{"all": [{"fact": "ticket.status", "is": "open"}, {"not": {"fact": "contract.tag", "in": ["vip"]}}]}`.
`all` of nothing holds, `any` of nothing does not. A fact that has no value, or that nobody provides any more, fulfils no
test but `empty` (and `is_not`, `not_in`, `not_contains`, where there is such a fact). Texts are compared without regard to
case. What `matches` says of values, `to_sql` says of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Literal, get_args

import sqlalchemy as sa

from plugdesk.contributions import ValueType
from plugdesk.database import Moment
from plugdesk.errors import Invalid
from plugdesk.i18n import gettext as _

Operator = Literal[
    "is", "is_not", "in", "not_in", "contains", "not_contains", "starts", "gt", "lt", "between", "before", "after",
    "in_last_days", "in_next_days", "over_days_ago", "empty",
]  # fmt: skip

OPERATORS: Mapping[ValueType, tuple[Operator, ...]] = {
    "text": ("is", "is_not", "contains", "not_contains", "starts", "in", "not_in", "empty"),
    "number": ("is", "is_not", "gt", "lt", "between", "in", "not_in", "empty"),
    "choice": ("is", "is_not", "in", "not_in", "empty"),
    "person": ("is", "is_not", "in", "not_in", "empty"),
    "choices": ("in", "not_in", "empty"),
    "check": ("is",),
    "date": ("is", "is_not", "before", "after", "between", "in_last_days", "in_next_days", "over_days_ago", "empty"),
    "moment": ("before", "after", "between", "in_last_days", "in_next_days", "over_days_ago", "empty"),
}
"""What can be asked of a fact of each type, in the order an editor offers it. `between` includes both ends.

A fact of type `choices` has several codes at once, stored as a JSON list: `in` means that one of them is among those named."""

MAX_DEPTH, MAX_TESTS, MAX_CHOICES, MAX_TEXT = 8, 100, 200, 1000


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Condition


@dataclass(frozen=True)
class FactTest:
    """One test on one fact. `type` is None for a fact nobody provides any more: it never holds.

    `value` is what the operator compares with: a str, number, bool, date or aware datetime, a tuple of them for `in`,
    `not_in` and `between`, a number of days, or for `empty` whether it shall be.
    """

    fact: str
    operator: Operator
    value: Any
    type: ValueType | None


Condition = AllOf | AnyOf | Not | FactTest


@dataclass(frozen=True)
class Explained:
    """Whether a condition held, and its parts likewise: the answer to "why did this happen?"."""

    condition: Condition
    matched: bool
    parts: tuple[Explained, ...] = ()


def parse_condition(raw: object, facts: Mapping[str, ValueType], *, lost_facts: bool = False) -> Condition:
    """The condition a piece of JSON spells, its values typed by `facts` (name → type).

    Raises Invalid, naming the fact and what is wrong. With `lost_facts`, for conditions that were stored, a fact that
    is no longer known becomes a test that never holds.
    """
    condition = _parse(raw, facts, lost_facts, depth=0)
    if sum(1 for _test in _tests(condition)) > MAX_TESTS:
        raise Invalid(_("The condition is too long: %(limit)s tests are allowed.", limit=MAX_TESTS))
    return condition


def as_json(condition: Condition) -> dict[str, Any]:
    """The JSON of a condition; `parse_condition` reads it back."""
    match condition:
        case AllOf(parts):
            return {"all": [as_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [as_json(part) for part in parts]}
        case Not(part):
            return {"not": as_json(part)}
        case FactTest(fact, operator, value, _type):
            return {"fact": fact, operator: _plain(value)}


def facts_in(condition: Condition) -> set[str]:
    """The names of the facts a condition asks for."""
    return {test.fact for test in _tests(condition)}


def matches(condition: Condition, values: Mapping[str, Any], *, now: datetime, zone: tzinfo = UTC) -> bool:
    """Whether `values` (fact → value; a missing one has none) fulfil the condition.

    `now` is the present; `zone` says which day it is, for facts that are dates.
    """
    match condition:
        case AllOf(parts):
            return all(matches(part, values, now=now, zone=zone) for part in parts)
        case AnyOf(parts):
            return any(matches(part, values, now=now, zone=zone) for part in parts)
        case Not(part):
            return not matches(part, values, now=now, zone=zone)
        case FactTest():
            return _holds(condition, values.get(condition.fact), now, zone)


def explain(condition: Condition, values: Mapping[str, Any], *, now: datetime, zone: tzinfo = UTC) -> Explained:
    """`matches` with its reasons; every part is asked, also where the outcome was already certain."""
    parts: tuple[Condition, ...] = ()
    match condition:
        case AllOf(parts) | AnyOf(parts):
            pass
        case Not(part):
            parts = (part,)
    explained = tuple(explain(part, values, now=now, zone=zone) for part in parts)
    return Explained(condition, matches(condition, values, now=now, zone=zone), explained)


def to_sql(
    condition: Condition, columns: Mapping[str, sa.ColumnElement[Any]], *, now: datetime, zone: tzinfo = UTC
) -> sa.ColumnElement[bool]:
    """The condition as an expression over `columns` (fact → the expression that finds its value); never NULL under `not`."""
    match condition:
        case AllOf(parts):
            return sa.and_(sa.true(), *(to_sql(part, columns, now=now, zone=zone) for part in parts))
        case AnyOf(parts):
            return sa.or_(sa.false(), *(to_sql(part, columns, now=now, zone=zone) for part in parts))
        case Not(part):
            return sa.not_(sa.func.coalesce(to_sql(part, columns, now=now, zone=zone), sa.false()))
        case FactTest(fact):
            if fact not in columns:
                return sa.true() if _holds(condition, None, now, zone) else sa.false()
            return _sql(condition, columns[fact], now, zone)


# Reading


def _parse(raw: object, facts: Mapping[str, ValueType], lost: bool, depth: int) -> Condition:
    if depth > MAX_DEPTH:
        raise Invalid(_("The condition is nested too deeply: %(limit)s levels are allowed.", limit=MAX_DEPTH))
    if not isinstance(raw, Mapping):
        raise Invalid(_("A condition is all, any, not, or a test on a fact."))
    if "fact" in raw:
        return _parse_test(raw, facts, lost)
    match dict(raw):
        case {"all": list(parts), **rest} if not rest:
            return AllOf(tuple(_parse(part, facts, lost, depth + 1) for part in parts))
        case {"any": list(parts), **rest} if not rest:
            return AnyOf(tuple(_parse(part, facts, lost, depth + 1) for part in parts))
        case {"not": part, **rest} if not rest:
            return Not(_parse(part, facts, lost, depth + 1))
    raise Invalid(_("A condition is all, any, not, or a test on a fact."))


def _parse_test(raw: Mapping[Any, Any], facts: Mapping[str, ValueType], lost: bool) -> FactTest:
    fact = raw["fact"]
    named = [key for key in raw if key != "fact"]
    if not isinstance(fact, str) or len(named) != 1 or named[0] not in get_args(Operator):
        raise Invalid(_("A test names one fact and one comparison."))
    operator, value = named[0], raw[named[0]]
    kind = facts.get(fact)
    if kind is None:
        if lost:
            return FactTest(fact, operator, _frozen(value), None)
        raise Invalid(problems={fact: _("There is no fact “%(fact)s”.", fact=fact)})
    if operator not in OPERATORS[kind]:
        raise Invalid(problems={fact: _("“%(fact)s” cannot be compared this way.", fact=fact)})
    try:
        return FactTest(fact, operator, _operand(kind, operator, value), kind)
    except (ValueError, TypeError, OverflowError):
        raise Invalid(problems={fact: _("“%(fact)s” cannot be compared with that value.", fact=fact)}) from None


def _operand(kind: ValueType, operator: Operator, value: Any) -> Any:
    """The value an operator compares with, typed. Raises ValueError or TypeError."""
    if operator == "empty":
        return _typed("check", value)
    if operator in ("in_last_days", "in_next_days", "over_days_ago"):
        days = _typed("number", value)
        if not 0 <= days <= 36_500:
            raise ValueError(days)
        return days
    if operator in ("in", "not_in", "between"):
        if not isinstance(value, (list, tuple)) or len(value) > MAX_CHOICES or (operator == "between" and len(value) != 2):
            raise ValueError(value)
        return tuple(_typed(kind, one) for one in value)
    return _typed(kind, value)


def _typed(kind: ValueType, value: Any) -> Any:
    match kind, value:
        case (("text" | "choice" | "choices"), str()) if len(value) <= MAX_TEXT and "\0" not in value:
            return value
        case "number", (int() | float()) if not isinstance(value, bool) and math.isfinite(value) and abs(value) <= 1e15:
            return value
        case "person", int() if not isinstance(value, bool) and abs(value) < 2**62:
            return value
        case "check", bool():
            return value
        case "date", str():
            return date.fromisoformat(value)
        case "date", date() if not isinstance(value, datetime):
            return value
        case "moment", (str() | datetime()):
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
            if moment.utcoffset() is None:
                raise ValueError(value)
            return moment.astimezone(UTC)
    raise ValueError(value)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _tests(condition: Condition) -> Iterator[FactTest]:
    match condition:
        case FactTest():
            yield condition
        case Not(part):
            yield from _tests(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _tests(part)


# Deciding


def _holds(test: FactTest, value: Any, now: datetime, zone: tzinfo) -> bool:
    if test.type is None:
        return False
    if value == "" or value == []:
        value = None
    if test.operator == "empty":
        return (value is None) is test.value
    if test.type == "check":
        return bool(value) is test.value
    if value is None:
        return test.operator in _NEGATIONS
    if test.type == "choices":
        return any(code in test.value for code in value) is (test.operator == "in")
    if test.type == "text":
        return _compare_text(test.operator, value.lower(), _lowered(test.value))
    low, high = _limits(test, now, zone)
    if low is not None or high is not None:
        return (low is None or value >= low) and (high is None or value <= high)
    return _COMPARE[test.operator](value, test.value)


_NEGATIONS: Collection[str] = ("is_not", "not_in", "not_contains")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, other: bool(value == other),
    "is_not": lambda value, other: bool(value != other),
    "in": lambda value, others: value in others,
    "not_in": lambda value, others: value not in others,
    "gt": lambda value, other: bool(value > other),
    "after": lambda value, other: bool(value > other),
    "lt": lambda value, other: bool(value < other),
    "before": lambda value, other: bool(value < other),
}


def _compare_text(operator: str, value: str, other: Any) -> bool:
    if operator in ("contains", "not_contains"):
        return (other in value) is (operator == "contains")
    return value.startswith(other) if operator == "starts" else _COMPARE[operator](value, other)


def _lowered(value: str | Sequence[str]) -> str | tuple[str, ...]:
    return value.lower() if isinstance(value, str) else tuple(one.lower() for one in value)


def _limits(test: FactTest, now: datetime, zone: tzinfo) -> tuple[Any, Any]:
    """The first and last value that pass a test on a stretch; None where it is open, twice None for other tests."""
    if test.operator == "between":
        low, high = test.value
        return low, high
    if test.operator not in ("in_last_days", "in_next_days", "over_days_ago"):
        return None, None
    distance = timedelta(days=test.value)
    present: Any = now.astimezone(zone).date() if test.type == "date" else now.astimezone(UTC)
    if test.operator == "in_last_days":
        return present - distance, present
    if test.operator == "in_next_days":
        return present, present + distance
    return None, present - distance


def _sql(test: FactTest, column: sa.ColumnElement[Any], now: datetime, zone: tzinfo) -> sa.ColumnElement[bool]:
    if test.type is None:
        return sa.false()
    if test.type == "check":
        truth = sa.func.coalesce(sa.type_coerce(column, sa.Boolean), sa.false())
        return truth if test.value else sa.not_(truth)
    if test.type == "choices":
        return _sql_choices(test, sa.func.coalesce(sa.cast(column, sa.Text), ""))
    if test.type == "text":
        column = sa.func.coalesce(sa.type_coerce(column, sa.Text), "")
    elif test.type == "choice":
        column = sa.type_coerce(column, sa.Text)
    if test.operator == "empty":
        missing = column == "" if test.type == "text" else column.is_(None)
        return missing if test.value else sa.not_(missing)
    if test.type == "text":
        return _sql_text(test, column)
    low, high = _limits(test, now, zone)
    if low is not None or high is not None:
        limits = [] if low is None else [column >= _bound(test, low)]
        return sa.and_(*limits, *([] if high is None else [column <= _bound(test, high)]))
    return _sql_comparison(test, column, test.value)


def _sql_choices(test: FactTest, stored: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    if test.operator == "empty":
        return stored.in_(("", "[]", "null")) if test.value else stored.not_in(("", "[]", "null"))
    found = sa.or_(sa.false(), *(stored.contains(f'"{code}"', autoescape=True) for code in test.value))
    return found if test.operator == "in" else sa.not_(found)


def _sql_text(test: FactTest, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    lower, value = sa.func.lower(column), _lowered(test.value)
    # The empty text stands for "no value", which passes the negations alone.
    known = column != ""
    match test.operator:
        case "contains":
            return sa.and_(known, lower.contains(value, autoescape=True))
        case "not_contains":
            return sa.or_(column == "", sa.not_(lower.contains(value, autoescape=True)))
        case "starts":
            return sa.and_(known, lower.startswith(value, autoescape=True))
        case "is" | "in":
            return sa.and_(known, _sql_comparison(test, lower, value))
        case _:
            return sa.or_(column == "", _sql_comparison(test, lower, value))


def _sql_comparison(test: FactTest, column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
    bound: Any = value if isinstance(value, tuple) else _bound(test, value)
    compared: sa.ColumnElement[bool]
    match test.operator:
        case "is":
            compared = column == bound
        case "is_not":
            compared = sa.or_(column.is_(None), column != bound)
        case "in":
            compared = column.in_(bound)
        case "not_in":
            compared = sa.or_(column.is_(None), column.not_in(bound))
        case "gt" | "after":
            compared = column > bound
        case _:
            compared = column < bound
    return compared


def _bound(test: FactTest, value: Any) -> Any:
    """The value as the database stores its kind, whatever type the expression on the other side claims."""
    if test.type == "moment":
        return sa.literal(value, Moment())
    return sa.literal(value, sa.Date()) if test.type == "date" else value
