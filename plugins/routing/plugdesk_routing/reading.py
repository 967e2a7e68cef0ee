"""A form's rules as they stand, read once for each state of them: two hundred cost nothing for the next ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from plugdesk.api import Context, Runtime, runtime_of
from plugdesk_routing.facts import types_of
from plugdesk_routing.models import Rule, RuleSet
from plugdesk_routing.rules import ReadRule, read_rule

_read: WeakKeyDictionary[Runtime, dict[int, tuple[Any, tuple[ReadRule, ...]]]] = WeakKeyDictionary()
_STAMP = sa.select(RuleSet.stamp).where(RuleSet.form_id == sa.bindparam("form_id"))
_RULES = sa.select(Rule).where(Rule.form_id == sa.bindparam("form_id")).order_by(Rule.position, Rule.id)


def rules_of(ctx: Context) -> Sequence[ReadRule]:
    """The form's rules in their order, those that are off among them."""
    form = ctx.form
    assert form is not None, "Routing is switched on for forms."
    stamp = ctx.db.scalar(_STAMP, {"form_id": form.id})
    if stamp is None:
        return ()
    known = _read.setdefault(runtime_of(ctx.db), {})
    key = (stamp, form.version, tuple(form.extensions))
    if form.id not in known or known[form.id][0] != key:
        types = types_of(ctx, form)
        known[form.id] = (key, tuple(read_row(row, types) for row in rows_of(ctx)))
    return known[form.id][1]


def rows_of(ctx: Context) -> Sequence[Rule]:
    """The rows behind them, in the same order."""
    assert ctx.form is not None
    return ctx.db.scalars(_RULES, {"form_id": ctx.form.id}).all()


def read_row(row: Rule, types: Mapping[str, Any]) -> ReadRule:
    """One row, read."""
    names = ("id", "name", "condition", "result", "is_on", "goes_on", "on_change")
    return read_rule({name: getattr(row, name) for name in names}, types)
