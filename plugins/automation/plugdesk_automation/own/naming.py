"""Which automations name an agent, a group, a field, a status or a tag, and how; and which cannot do what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plugdesk.api import Context, FactTest, Form, HealthLine, Named, Place, row_number
from plugdesk.api import gettext as _
from plugdesk_automation.own.asking import form_of, types_of
from plugdesk_automation.own.deeds import GROUP, PERSON, Known, several
from plugdesk_automation.own.models import Automation
from plugdesk_automation.own.reading import automations_of, own_set, read_condition, tests_of, troubles

TAGS = ("ticket.tag", "customer.tag")
FIELD = "field."  # what a field's fact begins with


def places(ctx: Context, named: Named) -> list[Place]:
    """A place for each way in which each automation of the form names it."""
    form, types = form_of(ctx), types_of(ctx)
    return [
        Place(_("Automation “%(name)s”: %(how)s", name=row.name, how=how), f"/forms/{form.slug}/x/automation/own/{row.id}")
        for row in automations_of(ctx)
        for how in dict.fromkeys(_ways(form, row, types, named))
    ]


def health(ctx: Context) -> list[HealthLine]:
    """The automations that are on and cannot do what they say."""
    if not own_set(ctx).is_on:
        return []
    known, types = Known(ctx), types_of(ctx)
    found = [(row, troubles(known, types, row.condition, row.does)) for row in automations_of(ctx) if row.is_on]
    return [HealthLine(row.name, _("needs you"), why[0]) for row, why in found if why]


def _ways(form: Form, row: Automation, types: Mapping[str, Any], named: Named) -> Iterator[str]:
    for each in row.does:
        if _does_name(form, each["kind"], each["options"], named):
            yield _("what it does names it")
    if any(_asks_for(form, test, named) for test in tests_of(read_condition(row.condition, types).condition)):
        yield _("its condition asks for it")


def _does_name(form: Form, kind: str, options: Mapping[str, Any], named: Named) -> bool:
    name, _colon, code = kind.partition(":")
    if name == "field":
        return named.is_field(code) or named.is_chosen(form.field(code), options.get("value"))
    if kind == "status":
        return named.is_status(options.get("status"))
    if kind in ("tags_on", "tags_off"):
        return any(named.is_tag(each) for each in several(options, "tags"))
    if kind == "watch":
        return any(named.is_agent(row_number(each)) for each in several(options, "people"))
    to = str(options.get("to") or "") if kind in ("assign", "subtask") else ""
    number = row_number(to.partition(":")[2])
    return (to.startswith(PERSON) and named.is_agent(number)) or (to.startswith(GROUP) and named.is_group(number))


def _asks_for(form: Form, test: FactTest, named: Named) -> bool:
    wanted = test.value if isinstance(test.value, tuple) else (test.value,)
    if test.fact in TAGS:
        return any(named.is_tag(each) for each in wanted)
    if test.fact == "ticket.status":
        return any(named.is_status(each) for each in wanted)
    if test.fact in ("ticket.assignee", "ticket.group"):
        return any(named.is_agent(each) if test.fact == "ticket.assignee" else named.is_group(each) for each in wanted)
    if not test.fact.startswith(FIELD):
        return False
    code = test.fact.removeprefix(FIELD)
    return named.is_field(code) or any(named.is_chosen(form.field(code), each) for each in wanted)
