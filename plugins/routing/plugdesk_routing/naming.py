"""Which rules name an agent, a group, a field or a tag, and how."""

from __future__ import annotations

from collections.abc import Iterator

from plugdesk.api import Context, FactTest, Form, Named, Place
from plugdesk.api import gettext as _
from plugdesk_routing.reading import rules_of
from plugdesk_routing.rules import ReadRule, tests_of

TAGS = ("ticket.tag", "customer.tag")
FIELD = "field."  # what a field's fact begins with


def places(ctx: Context, named: Named) -> list[Place]:
    """A place for each way in which each rule of the form names it."""
    assert ctx.form is not None, "Routing is switched on for forms."
    return [
        Place(_("Rule “%(name)s”: %(how)s", name=rule.name, how=how), f"/forms/{ctx.form.slug}/x/routing/rules/{rule.id}")
        for rule in rules_of(ctx)
        for how in _ways(ctx.form, rule, named)
    ]


def _ways(form: Form, rule: ReadRule, named: Named) -> Iterator[str]:
    result = rule.result
    if named.is_agent(result.get("assignee_id")) or named.is_group(result.get("group_id")):
        yield _("it assigns to them")
    if any(named.is_agent(each) for each in result.get("watchers") or ()):
        yield _("it lets them watch")
    if any(named.is_tag(code) for code in result.get("tags") or ()):
        yield _("it puts it on")
    values = result.get("values") or {}
    if any(named.is_field(code) or named.is_chosen(form.field(code), value) for code, value in values.items()):
        yield _("it sets a field")
    if any(named.is_field(code) for code in result.get("form_fields") or ()):
        yield _("it takes it along to another form")
    if any(_asks_for(form, test, named) for test in tests_of(rule.condition)):
        yield _("its condition asks for it")


def _asks_for(form: Form, test: FactTest, named: Named) -> bool:
    wanted = test.value if isinstance(test.value, tuple) else (test.value,)
    if test.fact in TAGS:
        return any(named.is_tag(each) for each in wanted)
    if not test.fact.startswith(FIELD):
        return False
    code = test.fact.removeprefix(FIELD)
    return named.is_field(code) or any(named.is_chosen(form.field(code), each) for each in wanted)
