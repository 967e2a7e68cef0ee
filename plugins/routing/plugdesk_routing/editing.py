"""A rule as its page shows it: stored, rehearsed or just typed, in the words of the page's controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plugdesk.api import Context, Field, FieldKind, OfferedFact, User, agents_of_form, all_groups, all_tags, pgettext
from plugdesk.api import gettext as _
from plugdesk_routing.carrying import MOVING, shown_ways, typed_ways, ways
from plugdesk_routing.commands import RuleInput, forms_for_moving
from plugdesk_routing.models import Rule
from plugdesk_routing.standing import UNSETTABLE
from plugdesk_web.api import EditedCondition, chosen_words, edit_condition, typed_condition, yes_or_no

WHEN = "when"


@dataclass(frozen=True)
class Typed:
    """What stands in the controls of a rule's page."""

    when: EditedCondition
    name: str = ""
    form: str = ""
    assignee: str = ""
    group: str = ""
    watchers: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    is_on: bool = True
    goes_on: bool = False
    on_change: bool = False
    tags: Sequence[str] = ()
    ways: Mapping[str, str] = field(default_factory=dict)
    redrawn: bool = False  # by the choice of a form, whose fields are offered then


@dataclass(frozen=True)
class Control:
    """A field that a rule can set: how it is asked for, and what stands there."""

    code: str
    label: str
    kind: str
    choices: Sequence[tuple[Any, str]]
    value: Any


def typed_rule(facts: Mapping[str, OfferedFact], given: Any) -> Typed:
    """The rule as a page sent it."""
    values = {name.removeprefix("value-"): given.getlist(name) for name in given if name.startswith("value-")}
    return Typed(
        typed_condition(WHEN, facts, given), given.get("name", ""), given.get("form", ""), given.get("assignee", ""),
        given.get("group", ""), given.getlist("watchers"), values, bool(given.get("is_on")), bool(given.get("goes_on")),
        bool(given.get("on_change")), given.getlist("tags"), typed_ways(given), f"{MOVING}-do" in given,
    )  # fmt: skip


def shown_rule(facts: Mapping[str, OfferedFact], rule: Rule | RuleInput | None) -> Typed:
    """A stored or rehearsed rule, or an empty one."""
    if rule is None:
        return Typed(edit_condition(WHEN, facts))
    result = rule.result
    values = {code: _raw(value) for code, value in (result.get("values") or {}).items()}
    return Typed(
        edit_condition(WHEN, facts, rule.condition), rule.name, str(result.get("form_id") or ""), str(result.get("assignee_id") or ""),
        str(result.get("group_id") or ""), [str(each) for each in result.get("watchers") or ()], values, rule.is_on, rule.goes_on,
        rule.on_change, list(result.get("tags") or ()), shown_ways(result),
    )  # fmt: skip


def choices_for(ctx: Context, typed: Typed, by: User) -> dict[str, Any]:
    """What the page's controls offer: forms, people, groups, and the fields that can be set."""
    assert ctx.form is not None, "Routing is switched on for forms."
    forms = forms_for_moving(ctx, by)
    target = next((form for form in forms if str(form.id) == typed.form), None)
    people = {each.id: each.name for form in (ctx.form, target) if form for each in agents_of_form(ctx.db, form)}
    known = sorted(people.items(), key=lambda pair: pair[1])
    groups = [(each.id, each.name) for each in all_groups(ctx.db)]
    return {
        "forms": [(form.id, form.name) for form in forms], "ways": ways(ctx.form, target, typed.ways) if target else [], "people": known, "groups": groups,
        "tag_choices": [(tag.code, tag.name) for tag in all_tags(ctx.db)],
        "watcher_choices": [(str(number), name) for number, name in known],
        "controls": [_control(each, typed, known, groups) for each in ctx.form.fields if each.kind not in UNSETTABLE],
    }  # fmt: skip


def in_words(ctx: Context, typed: Typed, by: User) -> dict[str, str]:
    """Each control's label with what stands in it, to be compared with another state of the rule."""
    offered, moving, setting = choices_for(ctx, typed, by), _("Move to the form"), _("Set fields")
    return {
        _("Name of the rule"): typed.name, pgettext("rule", "When"): typed.when.words or _("Always"),
        _("Assign to the group"): chosen_words(offered["groups"], typed.group),
        _("Assign to the person"): chosen_words(offered["people"], typed.assignee),
        moving: chosen_words(offered["forms"], typed.form),
        **{f"{moving}: {way.label}": chosen_words(way.choices, way.value) or way.by_itself for way in offered["ways"]},
        **{f"{setting}: {each.label}": chosen_words(each.choices, each.value) for each in offered["controls"]},
        _("Tags"): chosen_words(offered["tag_choices"], typed.tags), _("Watchers"): chosen_words(offered["watcher_choices"], typed.watchers),
        _("The rule is on"): yes_or_no(typed.is_on), _("Go on with the rules below it"): yes_or_no(typed.goes_on),
        _("Also ask it when values of the ticket's fields change"): yes_or_no(typed.on_change),
    }  # fmt: skip


def _control(each: Field, typed: Typed, people: Sequence[tuple[int, str]], groups: Sequence[tuple[int, str]]) -> Control:
    raw = typed.values.get(each.code) or []
    kind, choices = str(each.kind), list[tuple[Any, str]]((choice["code"], choice["label"]) for choice in each.choices)
    if each.kind is FieldKind.CHECK:
        kind, choices = "choice", [("yes", _("Yes")), ("no", _("No"))]
    elif each.kind is FieldKind.PERSON:
        choices = list(people)
    elif each.kind is FieldKind.GROUP:
        choices = list(groups)
    value = list(raw) if each.kind is FieldKind.CHOICES else next(iter(raw), "")
    return Control(each.code, each.label, kind, choices, value)


def _raw(value: Any) -> list[str]:
    """A stored value as its control holds it."""
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
