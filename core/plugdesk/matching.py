"""Conditions that are asked time and again, hundreds at once: read once into functions. What they say is what `matches` says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import lru_cache, partial
from typing import Any, Protocol

from plugdesk.conditions import _NEGATIONS, AllOf, AnyOf, Condition, FactTest, Not, _compare_text, _holds, _lowered


class Matcher(Protocol):
    """A condition that was read once: whether it holds of these values by name, at this moment, in this zone."""

    def __call__(self, values: Mapping[str, Any], now: datetime, zone: tzinfo, /) -> bool: ...


def matcher(condition: Condition) -> Matcher:
    """`matches` of this condition as a function of values, now and zone: for hundreds of conditions asked time and again."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            asked, settles = tuple(matcher(part) for part in parts), isinstance(condition, AnyOf)
            return partial(_until, asked, settles)
        case Not(part):
            inner = matcher(part)
            return lambda values, now, zone: not inner(values, now, zone)
        case FactTest(fact, operator, value, kind):
            if kind == "text" and operator == "contains":
                return partial(_contains, fact, value.lower())
            if kind == "text" and operator != "empty":
                return partial(_text, fact, operator, _lowered(value))
            if kind in ("choice", "person") and operator == "is":
                return lambda values, now, zone: bool(values.get(fact) == value)
            return lambda values, now, zone: _holds(condition, values.get(fact), now, zone)


def _until(asked: tuple[Matcher, ...], settles: bool, values: Mapping[str, Any], now: datetime, zone: tzinfo) -> bool:
    """Ask until one answers what settles it: True for `any`, False for `all`."""
    for ask in asked:
        if ask(values, now, zone) is settles:
            return settles
    return not settles


def _contains(fact: str, word: str, values: Mapping[str, Any], now: datetime, zone: tzinfo) -> bool:
    value = values.get(fact)
    return bool(value) and word in _lower(value)


def _text(fact: str, operator: str, word: Any, values: Mapping[str, Any], now: datetime, zone: tzinfo) -> bool:
    value = values.get(fact)
    return _compare_text(operator, _lower(value), word) if value else operator in _NEGATIONS


# Hundreds of conditions look at the same long text, one after the other.
_lower = lru_cache(maxsize=64)(str.lower)
