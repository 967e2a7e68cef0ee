"""What a rule does, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugdesk.api import Context, Form, Group, OfferedFact, User, all_tags, condition_words, format_list, show_value
from plugdesk.api import gettext as _
from plugdesk_routing.carrying import way_words
from plugdesk_routing.rules import ALWAYS, ReadRule


def when_words(rule: ReadRule, facts: Mapping[str, OfferedFact]) -> str:
    """When the rule holds: "Type of question is Payment"."""
    return _("Always") if rule.condition == ALWAYS else condition_words(rule.condition, facts)


def result_words(ctx: Context, result: Mapping[str, Any]) -> list[str]:
    """What comes of it, one phrase each: "to Technicians", "Priority: High", "to the form Billing", "watched by Ada"."""
    found = []
    if result.get("form_id"):
        form = ctx.db.get(Form, result["form_id"])
        name, fields = form.name if form else _("(deleted)"), way_words(ctx, form, result)
        found.append(
            _("to the form “%(form)s” (%(fields)s)", form=name, fields=fields)
            if fields
            else _("to the form “%(form)s”", form=name)
        )
    if whom := whom_words(ctx, result):
        found.append(_("to %(whom)s", whom=whom))
    found += value_lines(ctx, result.get("values") or {})
    if watchers := result.get("watchers"):
        names = [user.name if (user := ctx.db.get(User, number)) else _("(deleted)") for number in watchers]
        found.append(_("watched by %(names)s", names=format_list(names)))
    if tags := result.get("tags"):
        known = {each.code: each.name for each in all_tags(ctx.db)}
        found.append(_("tagged %(names)s", names=format_list([known.get(code, _("(deleted)")) for code in tags])))
    return found


def whom_words(ctx: Context, result: Mapping[str, Any]) -> str:
    """The person and the group a result names, as text; empty when it names none."""
    names = []
    if number := result.get("assignee_id"):
        user = ctx.db.get(User, number)
        names.append(user.name if user else _("(deleted)"))
    if number := result.get("group_id"):
        group = ctx.db.get(Group, number)
        names.append(group.name if group else _("(deleted)"))
    return ", ".join(names)


def value_lines(ctx: Context, values: Mapping[str, Any]) -> list[str]:
    """Each value a result sets: "Priority: High"."""
    assert ctx.form is not None, "Routing is switched on for forms."
    found = []
    for code, value in values.items():
        field = ctx.form.field(code)
        found.append(f"{field.label}: {show_value(field, value, ctx.db)}" if field else f"{code}: {value}")
    return found
