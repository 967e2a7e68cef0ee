"""The one set of rules of a form, for every door: which fields are shown, which must be filled in, which can be changed.

Pages, letters, messengers and the API ask `decide`; nothing else looks at conditions and statuses of fields. A hidden field
counts as empty, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.conditions import Condition, facts_in, matches, parse_condition
from plugdesk.errors import Invalid
from plugdesk.forms.facts import FIELD, fact_value, types_of
from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.i18n import current_zone
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of

SECTION = "section."


@dataclass(frozen=True)
class Decision:
    """What holds for one ticket at one moment: codes of fields. `missing` are those that must be filled in and are not."""

    visible: frozenset[str]
    required: frozenset[str]
    readonly: frozenset[str]
    missing: tuple[Field, ...] = field(default=())


def decide(
    session: Session,
    form: Form,
    values: Mapping[str, Any],
    *,
    status: str | None,
    facts: Mapping[str, Any],
    by_agent: bool = True,
) -> Decision:
    """The decision for `values` (code → stored value) of a ticket in `status` (its code), or about to be put there.

    `facts` are those besides the fields' own, see `facts.values_of_ticket`. To a customer agents' own fields are hidden, but
    what they hold counts in conditions. Files are required of customers alone: agents put them on messages.
    """
    fields, known = form.fields, dict(facts)
    conditions = _conditions(session, form)
    fulfilled = _fulfilled(session, form, fields, conditions, values, known)
    reached = _reached(form, status)
    shown = [each for each in fields if fulfilled[FIELD + each.code] and (by_agent or not each.agent_only)]
    asked = [each for each in shown if not (by_agent and each.kind is FieldKind.FILE)]
    required = [each for each in asked if each.required or each.required_from in reached]
    return Decision(
        frozenset(each.code for each in shown),
        frozenset(each.code for each in required),
        frozenset(each.code for each in shown if each.readonly_from in reached),
        tuple(each for each in required if is_empty(each, values.get(each.code))),
    )


def wanted_facts(session: Session, form: Form) -> set[str]:
    """The facts the form's conditions ask for."""
    return {name for condition in _conditions(session, form).values() for name in facts_in(condition)}


def is_empty(field: Field, value: Any) -> bool:
    """Whether nothing was put in: a box that is not ticked is empty, too."""
    return value is None or value == "" or value == [] or (field.kind is FieldKind.CHECK and value is False)


def sections_of(form: Form) -> Iterator[tuple[dict[str, Any] | None, list[Field]]]:
    """The sections in their order with their fields; first the fields that stand in none, if there are any."""
    known = {each["code"] for each in form.sections}
    loose = [each for each in form.fields if each.section not in known]
    if loose:
        yield None, loose
    for section in form.sections:
        yield section, [each for each in form.fields if each.section == section["code"]]


def refuse_circles(session: Session, form: Form) -> None:
    """Raises `Invalid` when fields or sections of the form would wait for one another, saying the way round."""
    circle = _circle(_waits_for(form, _conditions(session, form)))
    if circle:
        path = " → ".join(f"“{_title(form, each)}”" for each in circle)
        raise Invalid(
            problems={
                "visible_when": _("Each of these would be shown only depending on the next, in a circle: %(path)s.", path=path)
            }
        )


def used_in(session: Session, form: Form, code: str) -> list[str]:
    """The titles of the fields and sections whose conditions ask for the field `code`."""
    name = FIELD + code
    return [
        _title(form, node)
        for node, condition in _conditions(session, form).items()
        if node != name and name in facts_in(condition)
    ]


def _conditions(session: Session, form: Form) -> dict[str, Condition]:
    """The conditions of fields ("field.CODE") and sections ("section.CODE"); one asking for what is gone never holds."""
    stored = [(FIELD + each.code, each.visible_when) for each in form.fields if each.visible_when]
    stored += [(SECTION + each["code"], each["visible_when"]) for each in form.sections if each.get("visible_when")]
    if not stored:
        return {}
    types = types_of(session, form.fields)
    return {node: parse_condition(raw, types, lost_facts=True) for node, raw in stored}


def _fulfilled(
    session: Session,
    form: Form,
    fields: Sequence[Field],
    conditions: Mapping[str, Condition],
    values: Mapping[str, Any],
    facts: dict[str, Any],
) -> dict[str, bool]:
    """Whether each field and section is shown; `facts` grows by the values of the fields that are."""
    if not conditions:
        return {FIELD + each.code: True for each in fields}
    now, zone = runtime_of(session).clock.now(), current_zone()
    by_node, shown = {FIELD + each.code: each for each in fields}, dict[str, bool]()
    for node in _in_order(_waits_for(form, conditions)):
        condition = conditions.get(node)
        holds = condition is None or matches(condition, facts, now=now, zone=zone)
        each = by_node.get(node)
        if each is not None:
            holds = holds and shown.get(SECTION + each.section, True)
            if holds:
                facts[node] = fact_value(each, values.get(each.code))
        shown[node] = holds
    return shown


def _waits_for(form: Form, conditions: Mapping[str, Condition]) -> dict[str, list[str]]:
    """What must be known before each field and section: those its condition asks for, and a field's section."""
    nodes = [SECTION + each["code"] for each in form.sections] + [FIELD + each.code for each in form.fields]
    known = set(nodes)
    waits = {node: [] if node not in conditions else sorted(facts_in(conditions[node]) & known) for node in nodes}
    for each in form.fields:
        if each.section and SECTION + each.section in known:
            waits[FIELD + each.code].append(SECTION + each.section)
    return waits


def _in_order(waits: Mapping[str, Sequence[str]]) -> list[str]:
    """Every node after those it waits for. Without recursion: a hundred fields may hang on one another."""
    order: dict[str, None] = {}
    for start in waits:
        path, entered = [start], set[str]()
        while path:
            node = path[-1]
            if node in order or node in entered:
                order.setdefault(path.pop())
                continue
            entered.add(node)
            path += [each for each in waits[node] if each not in order and each not in entered]
    return list(order)


def _circle(waits: Mapping[str, Sequence[str]]) -> list[str] | None:
    """A way that comes back to where it began, its first node also last; None where there is none."""
    done = set[str]()
    for start in waits:
        path, ahead = [start], [iter(waits[start])]
        while path:
            after = next((each for each in ahead[-1] if each not in done), None)
            if after is None:
                done.add(path.pop())
                ahead.pop()
            elif after in path:
                return [*path[path.index(after) :], after]
            else:
                path.append(after)
                ahead.append(iter(waits[after]))
    return None


def _reached(form: Form, status: str | None) -> set[str]:
    """The statuses up to `status` in the form's order: what is required from one of them on is required now."""
    reached = set[str]()
    for each in form.statuses:
        reached.add(each.code)
        if each.code == status:
            return reached
    return set()


def _title(form: Form, node: str) -> str:
    kind, _dot, code = node.partition(".")
    if kind == "section":
        section = form.section(code)
        return str(section["title"]) if section else code
    found = form.field(code)
    return found.label if found else code


def labels(fields: Iterable[Field]) -> str:
    """Fields by their questions, in a row."""
    return ", ".join(each.label for each in fields)
