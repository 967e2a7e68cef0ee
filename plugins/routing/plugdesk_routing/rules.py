"""Rules as they decide: pure. A rule holds or not on a ticket's values; the first that sets a thing decides it.

A rule's result is JSON: `assignee_id`, `group_id`, `values` (code → stored value), `form_id`, `form_fields` (codes of that form's
fields by codes of this one's), `watchers` (ids), `tags` (codes). What it does not name it leaves as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Any

from plugdesk.api import AllOf, AnyOf, Condition, FactTest, Matcher, Not, as_json, facts_in, matcher, parse_condition

ALWAYS = AllOf(())


@dataclass(frozen=True)
class ReadRule:
    """A rule with its condition read. `lost` are facts its condition names that are no longer there: it cannot be asked."""

    id: int
    name: str
    condition: Condition
    result: Mapping[str, Any]
    is_on: bool = True
    goes_on: bool = False
    on_change: bool = False
    lost: tuple[str, ...] = ()

    @cached_property
    def facts(self) -> set[str]:
        return facts_in(self.condition)

    @cached_property
    def holds(self) -> Matcher:
        """Whether the rule holds on values, now and zone."""
        return matcher(self.condition)

    def plain(self) -> dict[str, Any]:
        """The rule as JSON; `read_rule` reads it back."""
        return {
            "id": self.id, "name": self.name, "condition": as_json(self.condition), "result": dict(self.result),
            "is_on": self.is_on, "goes_on": self.goes_on, "on_change": self.on_change,
        }  # fmt: skip


@dataclass
class Decision:
    """What the rules said of one ticket: which held, which were passed over and why, and what comes of it."""

    held: list[ReadRule] = field(default_factory=list)
    passed_over: list[tuple[ReadRule, str]] = field(default_factory=list)

    @property
    def result(self) -> dict[str, Any]:
        """What the rules that held do together; the first that sets a thing decides it."""
        return joined(rule.result for rule in self.held)


def read_rule(plain: Mapping[str, Any], types: Mapping[str, Any]) -> ReadRule:
    """The rule that a row or a rehearsal holds; facts nobody provides any more are `lost`."""
    condition = parse_condition(plain["condition"], types, lost_facts=True) if plain["condition"] else ALWAYS
    lost = tuple(sorted({test.fact for test in tests_of(condition) if test.type is None}))
    kept = {name: plain[name] for name in ("id", "name", "result", "is_on", "goes_on", "on_change")}
    return ReadRule(condition=condition, lost=lost, **kept)


def decide(
    rules: Iterable[ReadRule],
    values: Mapping[str, Any],
    *,
    now: datetime,
    zone: tzinfo,
    trouble: Callable[[ReadRule], str | None] = lambda rule: None,
    known: dict[int, bool] | None = None,
) -> Decision:
    """Ask the rules in their order until one holds that does not go on; one that holds and has `trouble` is passed over.

    `known` is what an earlier question about the same values has found, by the identity of the rule.
    """
    decision, known = Decision(), {} if known is None else known
    for rule in rules:
        if not rule.is_on:
            continue
        held = known.get(id(rule))
        if held is None:
            held = known[id(rule)] = bool(rule.lost) or rule.holds(values, now, zone)
        if held:
            why = trouble(rule)
            if why is not None:
                decision.passed_over.append((rule, why))
                continue
            decision.held.append(rule)
            if not rule.goes_on:
                break
    return decision


def joined(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several results as one. Person and group are one thing; watchers and tags add up."""
    whole: dict[str, Any] = {}
    for result in results:
        if "assignee_id" not in whole and (result.get("assignee_id") or result.get("group_id")):
            whole |= {"assignee_id": result.get("assignee_id"), "group_id": result.get("group_id")}
        if result.get("form_id") and "form_id" not in whole:
            whole |= {name: result[name] for name in ("form_id", "form_fields") if result.get(name)}
        if result.get("values"):
            whole["values"] = {**result["values"], **whole.get("values", {})}
        for name in ("watchers", "tags"):
            if result.get(name):
                whole[name] = list(dict.fromkeys([*whole.get(name, []), *result[name]]))
    return whole


def tests_of(condition: Condition) -> list[FactTest]:
    """Every test of a condition, in its order."""
    match condition:
        case FactTest():
            return [condition]
        case Not(part):
            return tests_of(part)
        case AllOf(parts) | AnyOf(parts):
            return [test for part in parts for test in tests_of(part)]


def wanted_by(rules: Sequence[ReadRule]) -> set[str]:
    """The facts that these rules ask for."""
    return {fact for rule in rules if rule.is_on for fact in rule.facts}
