"""Changing a form's rules, and switching them off or on together. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from plugdesk.api import Conflict, Context, Invalid, User, agents_of_form, row_number
from plugdesk.api import gettext as _
from plugdesk_automation.models import Code, News, RuleSet, Unit
from plugdesk_automation.rules import MOST, NAMES, rule_set, rules_of, usual_rule


@dataclass(frozen=True)
class RuleInput:
    """A rule as somebody described it, checked."""

    is_on: bool
    amount: int
    unit: Unit
    in_hours: bool
    person_id: int | None = None


def read_input(ctx: Context, given: Mapping[str, Any]) -> dict[Code, RuleInput]:
    """What the page sent, five rules at once. Raises `Invalid` by control."""
    assert ctx.form is not None, "Automation is switched on for forms."
    problems: dict[str, str] = {}
    people = {each.id for each in agents_of_form(ctx.db, ctx.form)}
    read = {code: _read_rule(code, given, people, problems) for code in Code}
    if problems:
        raise Invalid(problems=problems)
    return {code: each for code, each in read.items() if each is not None}


def change_rules(ctx: Context, rules: Mapping[Code, RuleInput], *, by: User | None, version: int | None) -> None:
    """Change the form's rules. `Conflict` when somebody else has changed them since the page was shown."""
    whole = _begun(ctx)
    refuse_old(whole, version)
    changed = []
    for code, row in rules_of(ctx).items():
        wanted = rules[code].__dict__
        if all(getattr(row, name) == value for name, value in wanted.items()):
            continue
        if wanted["is_on"] and not row.is_on:
            row.since = ctx.now
        for name, value in wanted.items():
            setattr(row, name, value)
        changed.append(str(NAMES[code]))
    if changed:
        _changed(ctx, whole, "rules_changed", by, _("Changed the rules: %(rules)s", rules=", ".join(changed)))


def switch_rules(ctx: Context, *, on: bool, by: User | None) -> None:
    """Let all rules of the form act, or let them rest. What waited while they rested waits from the beginning."""
    whole = _begun(ctx)
    if whole.is_on == on:
        return
    whole.is_on = on
    if on:
        whole.since = ctx.now
    _changed(ctx, whole, "rules_switched", by, _("Switched all rules on") if on else _("Switched all rules off"), on=on)


def begin(ctx: Context, at: datetime) -> None:
    """The extension was switched on: time counts from then on. Nothing is told of what came up while it was off."""
    whole = _begun(ctx, at)
    whole.since = max(whole.since, at)
    ctx.db.execute(sa.delete(News).where(News.form_id == whole.form_id))
    ctx.enqueue("arm_all", key="all")


def refuse_old(whole: RuleSet | None, version: int | None) -> None:
    """Raise `Conflict` when the page was made from another state of the rules."""
    if version != (whole.version if whole is not None else 1):
        raise Conflict(_("Somebody else has changed the rules meanwhile. Look at them again before you save."))


def _read_rule(code: Code, given: Mapping[str, Any], people: set[int], problems: dict[str, str]) -> RuleInput | None:
    amount, unit = row_number(str(given.get(f"amount-{code}") or "").strip()), str(given.get(f"unit-{code}") or "")
    person, before = str(given.get(f"person-{code}") or ""), len(problems)
    if unit not in {str(each) for each in Unit}:
        problems[f"amount-{code}"] = _("Choose minutes, hours or days.")
        return None
    if not amount or amount > MOST[Unit(unit)]:
        problems[f"amount-{code}"] = _("Write a whole number from 1 to %(most)s.", most=MOST[Unit(unit)])
    if person and (code is not Code.UNACCEPTED or row_number(person) not in people):
        problems[f"person-{code}"] = _("Choose one of the people offered.")
    if len(problems) > before or amount is None:
        return None
    ticked = bool(given.get(f"is_on-{code}"))
    return RuleInput(ticked, amount, Unit(unit), given.get(f"counting-{code}") == "hours", row_number(person) if person else None)


def _begun(ctx: Context, at: datetime | None = None) -> RuleSet:
    """The form's rules as a whole; where they are not stored yet, as they usually are, to count from `at` (now)."""
    assert ctx.form is not None, "Automation is switched on for forms."
    whole = rule_set(ctx)
    if whole is None:
        since = at or ctx.now
        whole = RuleSet(form_id=ctx.form.id, since=since)
        ctx.db.add_all([whole, *(usual_rule(ctx, code, since) for code in Code)])
        ctx.db.flush()  # its version
    return whole


def _changed(ctx: Context, whole: RuleSet, kind: str, by: User | None, said: str, **about: Any) -> None:
    """Write it into the journal, and set the timers anew. The version is counted on also where only a rule has changed."""
    flag_modified(whole, "since")
    ctx.journal(kind, actor=by, said=said, **about)
    ctx.enqueue("arm_all", key="all")
    ctx.db.flush()  # the version a page shows next
