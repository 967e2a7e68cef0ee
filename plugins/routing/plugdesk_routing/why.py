"""Why a rule did or did not hold on a ticket: every condition with what it asked for and the value it met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugdesk.api import Context, ExplainedLine, Ticket, explain, explained_line
from plugdesk_routing.facts import Zone, offered, types_of, values_of
from plugdesk_routing.models import Outcome
from plugdesk_routing.reading import rules_of
from plugdesk_routing.rules import ReadRule, read_rule
from plugdesk_routing.standing import Standing


@dataclass(frozen=True)
class Answer:
    """What became of one rule. `state`: held, not (did not hold), off, passed (passed over), late (an earlier one had decided)."""

    rule: ReadRule
    state: str
    line: ExplainedLine
    why: str = ""


def answers(ctx: Context, ticket: Ticket) -> list[Answer]:
    """Each rule of the form asked about the ticket as it is now."""
    assert ctx.form is not None
    rules, facts, zone, standing = rules_of(ctx), offered(ctx, ctx.form), Zone(ctx), Standing(ctx)
    values = values_of(ctx, ticket, {fact for rule in rules for fact in rule.facts}, zone)
    found, decided = [], ""
    for rule in rules:
        explained = explain(rule.condition, values, now=ctx.now, zone=zone.zone)
        trouble = standing.trouble(rule) or ""
        if not rule.is_on:
            state = "off"
        elif trouble:
            state = "passed"
        elif not explained.matched:
            state = "not"
        else:
            state = "late" if decided else "held"
        found.append(
            Answer(rule, state, explained_line(explained, facts, values), trouble or (decided if state == "late" else ""))
        )
        if state == "held" and not rule.goes_on:
            decided = rule.name
    return found


def told(ctx: Context, outcome: Outcome) -> list[tuple[int, str, ExplainedLine]]:
    """The rules that held when they were asked, as they were then, with the values they met then: id, name, why."""
    assert ctx.form is not None
    facts, types = offered(ctx, ctx.form), types_of(ctx, ctx.form)
    found = []
    for each in outcome.rules:
        rule = read_rule({**each, "result": {}, "is_on": True, "goes_on": False, "on_change": False}, types)
        values = {name: _read(value, types.get(name)) for name, value in each["met"].items()}
        explained = explain(rule.condition, values, now=outcome.at, zone=Zone(ctx).zone)
        found.append((each["id"], each["name"], explained_line(explained, facts, values)))
    return found


def _read(value: Any, kind: Any) -> Any:
    """A value as it was kept, typed again."""
    from datetime import date, datetime

    if isinstance(value, str) and kind == "date":
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if isinstance(value, str) and kind == "moment" else value
