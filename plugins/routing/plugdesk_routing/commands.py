"""Adding, changing, ordering and removing rules. Commands: they never commit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plugdesk.api import (
    Conflict,
    Context,
    Form,
    Invalid,
    NotFound,
    User,
    agents_of_form,
    all_forms,
    all_groups,
    all_tags,
    can_work_on,
    copy_rows,
    order_rows,
    place_row,
    read_value,
    row_number,
)
from plugdesk.api import gettext as _
from plugdesk_routing.carrying import read_ways
from plugdesk_routing.models import Rule, RuleSet
from plugdesk_routing.reading import rows_of
from plugdesk_routing.standing import UNSETTABLE
from plugdesk_routing.words import result_words

MOST_RULES, LONGEST_NAME = 1_000, 200


@dataclass(frozen=True)
class RuleInput:
    """A rule as somebody described it, checked."""

    name: str
    condition: dict[str, Any] | None
    result: dict[str, Any] = field(default_factory=dict)
    is_on: bool = True
    goes_on: bool = False
    on_change: bool = False

    def plain(self, rule_id: int) -> dict[str, Any]:
        return {"id": rule_id, **self.__dict__}


def read_input(ctx: Context, given: Any, condition: dict[str, Any] | None, *, by: User) -> RuleInput:
    """What a page sent as a rule; `given` is its form. Raises `Invalid` by field."""
    problems: dict[str, str] = {}
    result = read_result(ctx, given, by=by, problems=problems)
    name = " ".join(str(given.get("name", "")).split())[:LONGEST_NAME]
    if not result and not problems:
        problems["assignee"] = _("Say what the rule does: whom it assigns to, what it sets, where it moves the ticket.")
    if problems:
        raise Invalid(problems=problems)
    name = name or ", ".join(result_words(ctx, result))[:LONGEST_NAME].capitalize()
    ticked = {each: bool(given.get(each)) for each in ("is_on", "goes_on", "on_change")}
    return RuleInput(name, condition, result, **ticked)


def read_result(ctx: Context, given: Any, *, by: User, problems: dict[str, str]) -> dict[str, Any]:
    """What the rule does, from the page's controls; `problems` takes what is wrong, by field."""
    assert ctx.form is not None, "Routing is switched on for forms."
    result: dict[str, Any] = {}
    target = ctx.form
    if wanted := given.get("form", ""):
        offered = {str(form.id): form for form in forms_for_moving(ctx, by)}
        if wanted in offered:
            target, result["form_id"] = offered[wanted], offered[wanted].id
            fields = read_ways(ctx.form, target, given, problems)
            result |= {"form_fields": fields} if fields else {}
        else:
            problems["form"] = _("Choose one of the forms offered.")
    people = {each.id for each in agents_of_form(ctx.db, target)}
    groups = {each.id for each in all_groups(ctx.db)}
    for name, known, why in (
        ("assignee", people, _("Choose somebody who works on “%(form)s”.", form=target.name)),
        ("group", groups, _("Choose one of the groups offered.")),
    ):
        number = row_number(given.get(name, ""))
        if number in known:
            result[f"{name}_id"] = number
        elif given.get(name, ""):
            problems[name] = why
    watchers = [row_number(each) for each in given.getlist("watchers") if each]
    if any(each not in people for each in watchers):
        problems["watchers"] = _("Choose people who work on “%(form)s”.", form=target.name)
    elif watchers:
        result["watchers"] = watchers
    tags, known_tags = [each for each in given.getlist("tags") if each], {each.code for each in all_tags(ctx.db)}
    if not known_tags.issuperset(tags):
        problems["tags"] = _("Choose among the tags offered.")
    elif tags:
        result["tags"] = tags
    values = _read_values(ctx, given, problems)
    return result | ({"values": values} if values else {})


def add_rule(ctx: Context, rule: RuleInput, *, by: User) -> Rule:
    """Add a rule at the end."""
    assert ctx.form is not None
    rows = rows_of(ctx)
    if len(rows) >= MOST_RULES:
        raise Invalid(_("A form can have %(most)s rules. Remove some that are not needed any more.", most=MOST_RULES))
    row = Rule(form_id=ctx.form.id, position=rows[-1].position + 1 if rows else 0, **rule.__dict__)
    ctx.db.add(row)
    ctx.db.flush()  # the rule's id, for the journal
    _changed(ctx, "rule_added", row, by, _("Added the rule “%(rule)s”", rule=row.name))
    return row


def copy_rules(ctx: Context, source: Form) -> None:
    """Take the rules of `source` along to the form of `ctx`, a copy of it."""
    for row in copy_rows(ctx, Rule, source):
        row.complaint = ""
    _read_anew(ctx)


def change_rule(ctx: Context, row: Rule, rule: RuleInput, *, by: User, version: int | None) -> Rule:
    """Change a rule. `Conflict` when somebody else has changed it since the page was shown."""
    refuse_old(row, version)
    for name, value in rule.__dict__.items():
        setattr(row, name, value)
    row.complaint = ""
    _changed(ctx, "rule_changed", row, by, _("Changed the rule “%(rule)s”", rule=row.name))
    return row


def switch_rule(ctx: Context, row: Rule, *, on: bool, by: User) -> Rule:
    """Let a rule act, or let it rest."""
    row.is_on = on
    said = _("Switched the rule “%(rule)s” on", rule=row.name) if on else _("Switched the rule “%(rule)s” off", rule=row.name)
    _changed(ctx, "rule_switched", row, by, said, on=on)
    return row


def remove_rule(ctx: Context, row: Rule, *, by: User) -> None:
    """Take a rule away; what it did to tickets stays."""
    ctx.db.delete(row)
    _changed(ctx, "rule_removed", row, by, _("Removed the rule “%(rule)s”", rule=row.name))


def move_rule(ctx: Context, row: Rule, *, to: int, by: User) -> None:
    """Put a rule at place `to`, 0 the first."""
    place = place_row(rows_of(ctx), row, to)
    _changed(ctx, "rules_ordered", row, by, _("Moved the rule “%(rule)s” to place %(place)s", rule=row.name, place=place + 1))


def put_in_order(ctx: Context, order: Sequence[str], *, by: User) -> None:
    """The whole order after a drag. `Conflict` when these are not the form's rules any more."""
    rows = rows_of(ctx)
    if order_rows(rows, order, _("Somebody else has changed the rules meanwhile. Reload the page, then repeat what you did.")):
        _changed(ctx, "rules_ordered", rows[0], by, _("Put the rules into another order"))


def add_ready_rules(ctx: Context, code: str, groups: Mapping[str, str], *, by: User) -> list[Rule]:
    """A rule for each choice of the field `code` that was given a group: "Type of question is Payment" to the commercial group."""
    assert ctx.form is not None
    asked = ctx.form.field(code)
    if asked is None or not asked.kind.has_choices:
        raise NotFound(_("This form has no such field any more. Reload the page."))
    known, made = {each.id for each in all_groups(ctx.db)}, []
    for choice in asked.choices:
        number = row_number(groups.get(choice["code"], ""))
        if number not in known:
            continue
        operator, value = ("in", [choice["code"]]) if str(asked.kind) == "choices" else ("is", choice["code"])
        condition = {"all": [{"fact": f"field.{code}", operator: value}]}
        name = f"{asked.label}: {choice['label']}"[:LONGEST_NAME]
        made.append(add_rule(ctx, RuleInput(name, condition, {"group_id": number}, on_change=True), by=by))
    if not made:
        raise Invalid(_("Choose a group for at least one of the answers."))
    return made


def rule_here(ctx: Context, rule_id: int) -> Rule:
    """The form's rule with this id; `NotFound` for another form's."""
    found = ctx.db.get(Rule, rule_id)
    if found is None or ctx.form is None or found.form_id != ctx.form.id:
        raise NotFound(_("There is no such rule any more."))
    return found


def refuse_old(row: Rule, version: int | None) -> None:
    """Raise `Conflict` when the page was made from another state of the rule."""
    if version != row.version:
        raise Conflict(_("Somebody else has changed this rule meanwhile. Look at it again before you save."))


def forms_for_moving(ctx: Context, by: User) -> list[Form]:
    """The other forms that `by` works on."""
    return [form for form in all_forms(ctx.db) if form is not ctx.form and can_work_on(ctx.db, by, form.id)]


def _read_values(ctx: Context, given: Any, problems: dict[str, str]) -> dict[str, Any]:
    assert ctx.form is not None
    values: dict[str, Any] = {}
    for each in ctx.form.fields:
        name = f"value-{each.code}"
        raw = [part for part in given.getlist(name) if part != ""]
        if each.kind in UNSETTABLE or not raw:
            continue
        try:
            value = read_value(each, raw if str(each.kind) == "choices" else raw[0], ctx.db)
        except Invalid as problem:
            problems[name] = str(problem)
            continue
        if value is not None:
            values[each.code] = value
    return values


def _changed(ctx: Context, kind: str, row: Rule, by: User, said: str, **about: Any) -> None:
    """Write it into the journal; from now on every process reads the rules anew."""
    _read_anew(ctx)
    ctx.journal(kind, actor=by, rule_id=row.id, name=row.name, said=said, **about)


def _read_anew(ctx: Context) -> None:
    assert ctx.form is not None, "Routing is switched on for forms."
    ctx.db.merge(RuleSet(form_id=ctx.form.id, stamp=secrets.token_hex(8)))
