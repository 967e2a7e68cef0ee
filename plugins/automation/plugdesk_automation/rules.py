"""The rules every form has: how long each waits unless somebody says otherwise, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, lazy_gettext, ngettext
from plugdesk.api import gettext as _
from plugdesk_automation.models import Code, Rule, RuleSet, Unit


@dataclass(frozen=True)
class Length:
    """How long a rule waits: `amount` of `unit`, of working time or by the clock."""

    amount: int
    unit: Unit
    in_hours: bool


USUAL: Mapping[Code, Length] = {
    Code.UNACCEPTED: Length(30, Unit.MINUTES, True),
    Code.UNANSWERED: Length(15, Unit.MINUTES, True),
    Code.IN_PROGRESS: Length(2, Unit.HOURS, True),
    Code.TOO_LONG: Length(3, Unit.HOURS, True),
    Code.FORGOTTEN: Length(3, Unit.DAYS, False),
}
UNITS = ((Unit.MINUTES, lazy_gettext("minutes")), (Unit.HOURS, lazy_gettext("hours")), (Unit.DAYS, lazy_gettext("days")))
MOST: Mapping[Unit, int] = {Unit.MINUTES: 100_000, Unit.HOURS: 10_000, Unit.DAYS: 1_000}
NAMES: Mapping[Code, Any] = {
    Code.UNACCEPTED: lazy_gettext("Nobody has accepted it"),
    Code.UNANSWERED: lazy_gettext("Accepted, but not answered"),
    Code.IN_PROGRESS: lazy_gettext("At work for long"),
    Code.TOO_LONG: lazy_gettext("At work for too long"),
    Code.FORGOTTEN: lazy_gettext("Done and forgotten"),
}
WHEN: Mapping[Code, Any] = {
    Code.UNACCEPTED: lazy_gettext("A ticket is new, or open with nobody's name on it."),
    Code.UNANSWERED: lazy_gettext("Somebody accepted a ticket, and its customer still waits for the first word from them."),
    Code.IN_PROGRESS: lazy_gettext("A ticket stands in one status of the kind open."),
    Code.TOO_LONG: lazy_gettext("A ticket stands in one status of the kind open."),
    Code.FORGOTTEN: lazy_gettext("A ticket stands in a status of the kind resolved."),
}
THEN: Mapping[Code, Any] = {
    Code.UNACCEPTED: lazy_gettext("A message goes to the person chosen here."),
    Code.UNANSWERED: lazy_gettext("It is nobody's again, and anyone of its group may take it."),
    Code.IN_PROGRESS: lazy_gettext("A message goes to whom it is assigned to."),
    Code.TOO_LONG: lazy_gettext("A message goes to the supervisor."),
    Code.FORGOTTEN: lazy_gettext("It is closed. The customer is not written to once more."),
}


def rule_set(ctx: Context) -> RuleSet | None:
    """The form's rules as a whole; None until the extension has begun here."""
    assert ctx.form is not None, "Automation is switched on for forms."
    return ctx.db.get(RuleSet, ctx.form.id)


def rules_of(ctx: Context) -> dict[Code, Rule]:
    """The form's rules in their order; until they are stored, as they usually are."""
    assert ctx.form is not None, "Automation is switched on for forms."
    stored = {each.code: each for each in ctx.db.scalars(sa.select(Rule).where(Rule.form_id == ctx.form.id))}
    return {code: stored.get(code) or usual_rule(ctx, code, ctx.now) for code in Code}


def usual_rule(ctx: Context, code: Code, since: datetime) -> Rule:
    """A rule nobody has changed yet; not stored."""
    assert ctx.form is not None
    length = USUAL[code]
    return Rule(
        form_id=ctx.form.id, code=code, is_on=True, since=since, amount=length.amount, unit=length.unit,
        in_hours=length.in_hours, person_id=None,
    )  # fmt: skip


def length_words(amount: int, unit: Unit, in_hours: bool) -> str:
    """How long: "30 minutes of working time", "3 days"."""
    if unit is Unit.DAYS and in_hours:
        return ngettext("%(num)d working day", "%(num)d working days", amount)
    words = {
        Unit.MINUTES: ngettext("%(num)d minute", "%(num)d minutes", amount),
        Unit.HOURS: ngettext("%(num)d hour", "%(num)d hours", amount),
        Unit.DAYS: ngettext("%(num)d day", "%(num)d days", amount),
    }[unit]
    return _("%(time)s of working time", time=words) if in_hours else words
