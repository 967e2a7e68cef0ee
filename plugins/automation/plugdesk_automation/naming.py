"""Where rules name an agent; and what is wrong with them."""

from __future__ import annotations

from plugdesk.api import Context, HealthLine, Named, Place, StatusKind, works_on
from plugdesk.api import gettext as _
from plugdesk_automation.models import Code
from plugdesk_automation.rules import NAMES, rule_set, rules_of


def places(ctx: Context, named: Named) -> list[Place]:
    """A place for each rule that tells the agent."""
    form = ctx.form
    assert form is not None, "Automation is switched on for forms."
    return [
        Place(_("Rule “%(name)s”", name=str(NAMES[code])), f"/forms/{form.slug}/x/automation/")
        for code, rule in rules_of(ctx).items()
        if rule.person_id is not None and named.is_agent(rule.person_id)
    ]


def problems(ctx: Context) -> dict[Code, str]:
    """What keeps rules that are on from doing what they say, with the remedy."""
    form = ctx.form
    assert form is not None, "Automation is switched on for forms."
    found = dict[Code, str]()
    for code, rule in rules_of(ctx).items():
        if not rule.is_on:
            continue
        if rule.person_id is not None and not works_on(ctx.db, rule.person_id, form):
            found[code] = _("Whom it tells does not work on this form any more; the supervisor is told instead. Choose another.")
        if code is Code.FORGOTTEN and form.first_status(StatusKind.CLOSED) is None:
            found[code] = _("This form has no status of the kind closed. Add one, or switch the rule off.")
    return found


def health(ctx: Context) -> list[HealthLine]:
    """The rules that cannot do what they say."""
    whole = rule_set(ctx)
    if whole is None or not whole.is_on:
        return []
    return [HealthLine(str(NAMES[code]), _("needs you"), why) for code, why in problems(ctx).items()]
