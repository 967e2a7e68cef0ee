"""A form's automations as they stand: their start and condition read, what they ask for, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from plugdesk.api import (
    AllOf,
    AnyOf,
    Condition,
    Context,
    ExplainedLine,
    FactTest,
    Matcher,
    Not,
    NotFound,
    Ticket,
    as_json,
    explain,
    explained_line,
    facts_in,
    matcher,
    parse_condition,
)
from plugdesk.api import gettext as _
from plugdesk_automation.own.asking import form_of, offered, types_of, values_of, zone_of
from plugdesk_automation.own.deeds import Known, problems_of
from plugdesk_automation.own.models import Automation, OwnRun, OwnSet
from plugdesk_automation.own.starting import Kind, Start, read_start

ALWAYS = AllOf(())
LONGEST = 200  # characters of a value kept to say why


@dataclass(frozen=True)
class Asked:
    """The condition of an automation, read. `lost` are facts it names that are no longer there: it cannot be asked."""

    condition: Condition
    lost: tuple[str, ...] = ()

    @cached_property
    def facts(self) -> set[str]:
        return facts_in(self.condition)

    @cached_property
    def holds(self) -> Matcher:
        """Whether it holds on values, now and zone."""
        return matcher(self.condition)


def read_condition(stored: Mapping[str, Any] | None, types: Mapping[str, Any]) -> Asked:
    """A stored condition; None holds always."""
    condition = parse_condition(stored, types, lost_facts=True) if stored else ALWAYS
    return Asked(condition, tuple(sorted({test.fact for test in tests_of(condition) if test.type is None})))


def tests_of(condition: Condition) -> list[FactTest]:
    """Every test of a condition, in its order."""
    match condition:
        case FactTest():
            return [condition]
        case Not(part):
            return tests_of(part)
        case AllOf(parts) | AnyOf(parts):
            return [test for part in parts for test in tests_of(part)]


def own_set(ctx: Context) -> OwnSet:
    """The form's automations as a whole; until somebody has changed them, as they usually are, not stored."""
    form_id = form_of(ctx).id
    return ctx.db.get(OwnSet, form_id) or OwnSet(form_id=form_id, is_on=True, letters=100, changes=500, depth=3)


def automations_of(ctx: Context) -> Sequence[Automation]:
    """The form's automations in their order, those that are off among them."""
    return ctx.db.scalars(_AUTOMATIONS, {"form_id": form_of(ctx).id}).all()


# Built once: every letter asks them.
_ANY = sa.select(Automation.id).where(Automation.form_id == sa.bindparam("form_id"), Automation.is_on).limit(1)
_AUTOMATIONS = (
    sa.select(Automation).where(Automation.form_id == sa.bindparam("form_id")).order_by(Automation.position, Automation.id)
)


def at_work(ctx: Context, kind: Kind) -> list[tuple[Automation, Start]]:
    """Those of this kind of start that are on, unless all rest, in their order."""
    ctx.db.flush()  # one that is new counts, too
    if ctx.db.connection().scalar(_ANY, {"form_id": form_of(ctx).id}) is None:
        return []  # asked first: most forms have none, and each letter comes by here
    rows = [(each, read_start(each.starts)) for each in automations_of(ctx) if each.is_on]
    found = [(each, start) for each, start in rows if start.kind is kind]
    return found if found and own_set(ctx).is_on else []


def automation_here(ctx: Context, automation_id: int) -> Automation:
    """The form's automation with this id; `NotFound` for another form's."""
    found = ctx.db.get(Automation, automation_id)
    if found is None or found.form_id != form_of(ctx).id:
        raise NotFound(_("There is no such automation any more."))
    return found


def troubles(
    known: Known, types: Mapping[str, Any], condition: Mapping[str, Any] | None, does: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Why an automation is not run, or does less than it says, each with its remedy. `types` are those of the facts (`types_of`)."""
    asked = read_condition(condition, types)
    lost = [
        _("Its condition asks for “%(fact)s”, which is no longer there. Change the condition.", fact=fact) for fact in asked.lost
    ]
    return lost + list(dict.fromkeys(problems_of(known, does).values()))


def why(ctx: Context, ticket: Ticket, condition: Mapping[str, Any] | None) -> tuple[bool, ExplainedLine]:
    """Whether the condition holds on the ticket as it is now; each part of it with the value it met."""
    asked = read_condition(condition, types_of(ctx))
    values = values_of(ctx, [ticket], asked.facts)[ticket.id]
    explained = explain(asked.condition, values, now=ctx.now, zone=zone_of(ctx))
    return explained.matched and not asked.lost, explained_line(explained, offered(ctx), values)


def kept(asked: Asked, values: Mapping[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The condition and the values it met, as they are kept to say why."""
    return as_json(asked.condition), {name: _plain(values.get(name)) for name in asked.facts}


def why_then(ctx: Context, run: OwnRun) -> ExplainedLine | None:
    """Why an automation ran, with the values it met then; None where it asked for nothing."""
    types = types_of(ctx)
    asked = read_condition(run.condition, types)
    if asked.condition == ALWAYS:
        return None
    values = {name: _read(value, types.get(name)) for name, value in run.met.items()}
    return explained_line(explain(asked.condition, values, now=run.at, zone=zone_of(ctx)), offered(ctx), values)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value[:LONGEST] if isinstance(value, str) else value


def _read(value: Any, kind: Any) -> Any:
    """A value as it was kept, typed again."""
    if isinstance(value, str) and kind == "date":
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if isinstance(value, str) and kind == "moment" else value
