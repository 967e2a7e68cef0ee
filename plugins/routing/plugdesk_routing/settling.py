"""The rules at work: asked when a ticket opens, and those that want it when its values change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Event, Form, Invalid, Ticket, Watcher, all_tags, as_json, change_tags, why_not_to, works_on
from plugdesk.api import gettext as _
from plugdesk_routing.facts import Zone, values_of
from plugdesk_routing.models import Outcome, Rule
from plugdesk_routing.reading import rules_of
from plugdesk_routing.rules import Decision, ReadRule, decide, joined, wanted_by
from plugdesk_routing.standing import Standing

LONGEST = 200  # characters of a value kept to say why
_ASSIGNMENT, _MOVE = ("assignee_id", "group_id"), ("form_id", "form_fields")


def settle(ctx: Context, ticket: Ticket, settled: Mapping[str, Any], occasion: str) -> Mapping[str, Any] | None:
    """What the rules make of `settled`; None when none holds. Writes down which held, and why."""
    rules = [rule for rule in rules_of(ctx) if rule.is_on and (occasion != "changed" or rule.on_change)]
    if not rules or ticket.parent_id is not None:
        return None
    before = outcome_of(ctx, ticket)
    if before is None and occasion == "changed":
        return None  # it came before the rules did
    zone, standing = Zone(ctx), Standing(ctx)
    values = values_of(ctx, ticket, wanted_by(rules), zone, values=settled["values"])
    decision = decide(
        rules, values, now=ctx.now, zone=zone.zone, trouble=lambda rule: _trouble(ctx, ticket, standing, rule, occasion)
    )
    _complain(ctx, ticket, decision)
    known = {each["id"] for each in before.rules} if before and occasion in ("changed", "again") else set()
    new = [rule for rule in decision.held if rule.id not in known]
    result = joined(rule.result for rule in new)
    if occasion == "again" and _in_hand(ctx, ticket, before):
        result = {name: each for name, each in result.items() if name not in (*_ASSIGNMENT, *_MOVE)}
    changed = _applied(ctx, ticket, settled, result)
    _write(ctx, ticket, before, decision, values, changed)
    return changed


def outcome_of(ctx: Context, ticket: Ticket) -> Outcome | None:
    """What this form's rules did to the ticket last."""
    return ctx.db.scalar(_OUTCOME, {"ticket_id": ticket.id, "form_id": ticket.form_id})


# Built once: every ticket page asks.
_OUTCOME = sa.select(Outcome).where(Outcome.ticket_id == sa.bindparam("ticket_id"), Outcome.form_id == sa.bindparam("form_id"))


def _trouble(ctx: Context, ticket: Ticket, standing: Standing, rule: ReadRule, occasion: str) -> str | None:
    """Why this rule cannot act on this ticket."""
    why = standing.trouble(rule)
    if why is not None or not rule.result.get("form_id"):
        return why
    if occasion == "moved":
        return _("The ticket has just been moved here: it is moved once.")
    form = ctx.db.get(Form, rule.result["form_id"])
    return why_not_to(ctx.db, ticket, form) if form is not None else None


def _in_hand(ctx: Context, ticket: Ticket, before: Outcome | None) -> bool:
    """Whether somebody has assigned the ticket since the rules last looked at it, or ever if they have not."""
    if before is not None:
        return (ticket.assignee_id, ticket.group_id) != (before.assignee_id, before.group_id)
    by_hand = sa.select(Event.id).where(
        Event.ticket_id == ticket.id, Event.kind == "ticket_assigned", Event.actor_id.is_not(None)
    )
    return ctx.db.scalar(by_hand.limit(1)) is not None


def _applied(ctx: Context, ticket: Ticket, settled: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any] | None:
    if not result:
        return None
    changed = dict(settled)
    if "assignee_id" in result:
        changed |= {name: result.get(name) for name in _ASSIGNMENT}
    changed |= {name: result[name] for name in _MOVE if name in result}
    if "values" in result:
        changed["values"] = {**settled["values"], **result["values"]}
    form = ctx.db.get(Form, changed.get("form_id", ticket.form_id)) or ticket.form
    for number in result.get("watchers") or ():
        if works_on(ctx.db, number, form):
            ctx.db.merge(Watcher(ticket_id=ticket.id, user_id=number))
    if "tags" in result:
        _tag(ctx, ticket, result["tags"])
    return changed


def _tag(ctx: Context, ticket: Ticket, codes: Sequence[str]) -> None:
    """Put the tags on; those that are deleted, or too many for one ticket, hold nothing else up."""
    with suppress(Invalid):
        change_tags(ctx.db, ticket, add=[each for each in all_tags(ctx.db) if each.code in codes], by=None)


def _write(
    ctx: Context,
    ticket: Ticket,
    before: Outcome | None,
    decision: Decision,
    values: Mapping[str, Any],
    changed: Mapping[str, Any] | None,
) -> None:
    outcome = before or Outcome(ticket_id=ticket.id, form_id=ticket.form_id)
    if before is None:
        ctx.db.add(outcome)
    outcome.at = ctx.now
    outcome.rules = [_held(rule, values) for rule in decision.held]
    outcome.passed_over = [{"id": rule.id, "name": rule.name, "why": why} for rule, why in decision.passed_over]
    left: Mapping[str, Any] = changed or {name: getattr(ticket, name) for name in _ASSIGNMENT}
    outcome.assignee_id, outcome.group_id = left["assignee_id"], left["group_id"]


def _held(rule: ReadRule, values: Mapping[str, Any]) -> dict[str, Any]:
    met = {name: _plain(values.get(name)) for name in rule.facts}
    return {"id": rule.id, "name": rule.name, "condition": as_json(rule.condition), "met": met}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value[:LONGEST] if isinstance(value, str) else value


def _complain(ctx: Context, ticket: Ticket, decision: Decision) -> None:
    """Write into the journal which rules were passed over, once for each reason."""
    for rule, why in decision.passed_over:
        row = ctx.db.get(Rule, rule.id)
        if row is not None and row.complaint != why:
            ctx.db.execute(sa.update(Rule).where(Rule.id == rule.id).values(complaint=why))
            said = _("Passed over “%(rule)s”: %(why)s", rule=rule.name, why=why)
            ctx.journal("rule_passed_over", ticket=ticket, rule_id=rule.id, name=rule.name, why=why, said=said)
