"""Where policies name a field, a status, an agent, a group, a tag or business hours; and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from plugdesk.api import AllOf, AnyOf, Condition, Context, FactTest, Form, HealthLine, Named, Not, Place
from plugdesk.api import gettext as _
from plugdesk_sla.models import Promise
from plugdesk_sla.promising import ReadPolicy, read_policies

TAGS = ("ticket.tag", "customer.tag")
FIELD = "field."  # what a field's fact begins with


def places(ctx: Context, named: Named) -> list[Place]:
    """A place for each policy that names the thing."""
    form = ctx.form
    assert form is not None, "SLA is switched on for forms."
    return [
        Place(_("Policy “%(name)s”", name=policy.name), f"/forms/{form.slug}/x/sla/policies/{policy.id}")
        for policy in read_policies(ctx)
        if _names(form, policy, named)
    ]


def lost_in(policy: ReadPolicy) -> list[str]:
    """The facts its condition names that nobody provides any more: such a policy never holds by them."""
    return sorted({test.fact for test in tests_of(policy.condition) if test.type is None})


def health(ctx: Context) -> list[HealthLine]:
    """The policies that ask about what is gone, and a ticket whose deadline cannot be reckoned."""
    lines = [
        HealthLine(
            policy.name, _("asks for what is gone"), _("Its condition asks for %(facts)s. Change it.", facts=", ".join(lost))
        )
        for policy in read_policies(ctx)
        if (lost := lost_in(policy))
    ]
    assert ctx.form is not None
    stuck = sa.select(Promise.ticket_id, Promise.problem).where(Promise.form_id == ctx.form.id, sa.text("problem <> ''"))
    for number, problem in ctx.db.execute(stuck.limit(1)):
        lines.append(HealthLine(_("Ticket %(number)s", number=number), _("its deadline cannot be reckoned"), problem))
    return lines


def tests_of(condition: Condition) -> list[FactTest]:
    """Every test of a condition."""
    match condition:
        case FactTest():
            return [condition]
        case Not(part):
            return tests_of(part)
        case AllOf(parts) | AnyOf(parts):
            return [test for part in parts for test in tests_of(part)]


def _names(form: Form, policy: ReadPolicy, named: Named) -> bool:
    if any(named.is_status(each["status"]) for each in policy.targets if each["status"]):
        return True
    return any(each for each in _asked(form, policy, named))


def _asked(form: Form, policy: ReadPolicy, named: Named) -> Iterator[bool]:
    for test in tests_of(policy.condition):
        wanted = test.value if isinstance(test.value, tuple) else (test.value,)
        if test.fact in TAGS:
            yield any(named.is_tag(each) for each in wanted)
        elif test.fact.startswith(FIELD):
            code = test.fact.removeprefix(FIELD)
            yield named.is_field(code) or any(named.is_chosen(form.field(code), each) for each in wanted)
