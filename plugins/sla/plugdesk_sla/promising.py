"""What is promised for a ticket: the first policy that holds, on the hours of its contract or its form.

The `terms` of a promise are JSON: `targets` [{sort, status, seconds}], `calendar`, the state of the business hours they were reckoned
by, and `pauses`, `warn_percent`, `warn_minutes`, `warned`, `told` as in the policy. What clocks run by is all in them, so that following a ticket asks for no policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from plugdesk.api import BusinessHours, Calendar, Condition, Context, Form, Terms, Ticket, as_json, facts_in, matches, terms_of
from plugdesk_sla.calendars import calendar_with
from plugdesk_sla.conditions import ALWAYS, read_condition, values_of
from plugdesk_sla.models import Policy, Sort
from plugdesk_sla.targets import seconds_of

LONGEST = 200  # characters of a value kept to say why
COPIED = ("pauses", "warn_percent", "warn_minutes", "warned", "told")


@dataclass(frozen=True)
class ReadPolicy:
    """A policy with its condition read. `id` is 0 for one that is not stored yet."""

    id: int
    name: str
    is_on: bool
    condition: Condition
    targets: Sequence[Mapping[str, Any]]
    around: bool
    rest: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def facts(self) -> set[str]:
        return facts_in(self.condition)


@dataclass(frozen=True)
class Promised:
    """What one ticket is promised, and why: the values its policy's condition met, and the contract, if it has one."""

    policy: ReadPolicy
    hours: BusinessHours | None
    contract: str
    terms: dict[str, Any]
    why: dict[str, Any]


def policies_of(ctx: Context) -> list[Policy]:
    """The form's policies in their order, those that are off among them."""
    assert ctx.form is not None, "SLA is switched on for forms."
    return list(ctx.db.scalars(_POLICIES, {"form_id": ctx.form.id}))


# Built once: every letter asks it.
_POLICIES = sa.select(Policy).where(Policy.form_id == sa.bindparam("form_id")).order_by(Policy.position, Policy.id)


def read_policy(ctx: Context, form: Form, plain: Mapping[str, Any]) -> ReadPolicy:
    """A policy from its columns by name, of a row or of a preview."""
    rest = {name: plain[name] for name in COPIED}
    condition = read_condition(ctx, form, plain["condition"])
    return ReadPolicy(plain["id"], plain["name"], plain["is_on"], condition, plain["targets"], plain["around"], rest)


def plain_policy(row: Policy) -> dict[str, Any]:
    """A row as JSON; `read_policy` reads it."""
    return {name: getattr(row, name) for name in ("id", "name", "is_on", "condition", "targets", "around", *COPIED)}


def read_policies(ctx: Context) -> list[ReadPolicy]:
    """The form's policies, read."""
    assert ctx.form is not None
    return [read_policy(ctx, ctx.form, plain_policy(row)) for row in policies_of(ctx)]


def form_hours(ctx: Context) -> BusinessHours | None:
    """The business hours of the form; None where it counts around the clock."""
    assert ctx.form is not None
    return ctx.db.get(BusinessHours, ctx.form.hours_id) if ctx.form.hours_id is not None else None


def promised_for(
    ctx: Context,
    tickets: Sequence[Ticket],
    *,
    policies: Sequence[ReadPolicy] | None = None,
    values: Mapping[int, Mapping[str, Any]] | None = None,
) -> dict[int, Promised | None]:
    """What is promised for tickets of this form by `policies` (those of the form), in as few queries for many as for one.

    `values` are those of their fields where they are not stored yet. Raises `Invalid` where a calendar has no working time.
    """
    form, given = ctx.form, values or {}
    assert form is not None, "SLA is switched on for forms."
    asked = [each for each in (read_policies(ctx) if policies is None else policies) if each.is_on]
    if not asked:
        return dict.fromkeys((each.id for each in tickets), None)
    known = values_of(ctx, form, tickets, {fact for each in asked for fact in each.facts}, given)
    zone = ZoneInfo(ctx.desk.zone)
    chosen = {
        ticket.id: next((each for each in asked if matches(each.condition, known[ticket.id], now=ctx.now, zone=zone)), None)
        for ticket in tickets
    }
    some = [ticket for ticket in tickets if chosen[ticket.id] is not None]
    terms, usual = (terms_of(ctx.db, form, some, values=given), form_hours(ctx)) if some else ({}, None)
    return {
        number: _promised(ctx, policy, known[number], terms.get(number), usual) if policy is not None else None
        for number, policy in chosen.items()
    }


def _promised(
    ctx: Context, policy: ReadPolicy, values: Mapping[str, Any], contract: Terms | None, usual: BusinessHours | None
) -> Promised:
    hours = None if policy.around else contract.hours if contract is not None else usual
    calendar = calendar_with(ctx, hours)
    targets = [{"sort": each["sort"], "status": each["status"], "seconds": seconds_of(each, calendar)} for each in policy.targets]
    promised = contract.solution_minutes if contract is not None else None
    if promised is not None:
        targets = [each for each in targets if each["sort"] != Sort.RESOLUTION]
        targets.append({"sort": str(Sort.RESOLUTION), "status": "", "seconds": promised * 60})
    terms = {"targets": targets, "calendar": [hours.version, ctx.desk.zone] if hours is not None else [], **policy.rest}
    why = {
        "policy": policy.name, "condition": None if policy.condition == ALWAYS else as_json(policy.condition),
        "met": {name: _plain(values.get(name)) for name in sorted(policy.facts)}, "contract": contract.name if contract else "",
        "by_contract": promised is not None, "hours": hours.name if hours is not None else "",
    }  # fmt: skip
    return Promised(policy, hours, contract.name if contract else "", terms, why)


def calendar_of_promise(ctx: Context, hours_id: int | None) -> Calendar:
    """The calendar that a ticket's clocks run by."""
    return calendar_with(ctx, ctx.db.get(BusinessHours, hours_id) if hours_id is not None else None)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value[:LONGEST] if isinstance(value, str) else value
