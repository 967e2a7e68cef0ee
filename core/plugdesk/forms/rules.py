"""The one set of rules of a form, for every door: which fields are shown, which must be filled in, which can be changed.

Pages, letters, messengers and the API ask `decide`; nothing else looks at conditions and statuses of fields. A hidden field
counts as empty, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from plugdesk.conditions import AllOf, AnyOf, Condition, facts_in, matches, parse_condition
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

    `facts` are those besides the fields' own, see `facts.values_of_ticket`. To a customer agents' own fields, and those that
    name people, groups or customers, are hidden, but what they hold counts in conditions. Files are required of customers alone: agents put them on messages.
    """
    rules = _rules_of(session, form)
    hidden = _hidden(session, rules, values, facts)
    reached = rules.reached.get(status or "", frozenset())
    shown = [each for each in rules.asked if each.node not in hidden and (by_agent or each.for_customers)]
    required = [
        each
        for each in shown
        if (each.required or each.required_from in reached) and not (by_agent and each.kind is FieldKind.FILE)
    ]
    empty = {each.code for each in required if _is_empty(each.kind, values.get(each.code))}
    return Decision(
        frozenset(each.code for each in shown),
        frozenset(each.code for each in required),
        frozenset(each.code for each in shown if each.readonly_from in reached),
        tuple(each for each in form.fields if each.code in empty) if empty else (),
    )


def wanted_facts(session: Session, form: Form) -> frozenset[str]:
    """The facts the form's conditions ask for."""
    return _rules_of(session, form).wanted


def is_empty(field: Field, value: Any) -> bool:
    """Whether nothing was put in: a box that is not ticked is empty, too."""
    return _is_empty(field.kind, value)


def _is_empty(kind: FieldKind, value: Any) -> bool:
    return value is None or value == "" or value == [] or (kind is FieldKind.CHECK and value is False)


def sections_of(form: Form) -> Iterator[tuple[dict[str, Any] | None, list[Field]]]:
    """The sections in their order with their fields; first the fields that stand in none, if there are any."""
    if not form.sections:
        yield None, list(form.fields)
        return
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
        path = " → ".join(_("“%(value)s”", value=_title(form, each)) for each in circle)
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


class _Asked(NamedTuple):
    """What the rules say of one field, as plain values: they are looked at for every field of every ticket shown."""

    node: str
    code: str
    kind: FieldKind
    section: str
    for_customers: bool
    required: bool
    required_from: str | None
    readonly_from: str | None


@dataclass(frozen=True)
class _Rules:
    """A form's rules, ready to be asked.

    `order` has every field and section after those it waits for, each with its condition; it is empty where nothing has one.
    """

    asked: tuple[_Asked, ...]
    order: tuple[tuple[str, Condition | None, _Asked | None], ...]
    reached: Mapping[str, frozenset[str]]
    wanted: frozenset[str]


def _rules_of(session: Session, form: Form) -> _Rules:
    """The rules of the form, made once for each version of it that is read, and once for each session that may change it."""
    if session.info.get("readonly") and form.id is not None:
        kept = runtime_of(session).rules
        known = kept.get(form.id)
        if known is None or known[0] != form.version:
            known = kept[form.id] = (form.version, _made(session, form))
        return known[1]
    own: dict[int, tuple[Any, Any, _Rules]] = session.info.setdefault("rules", {})
    mine = own.get(id(form))
    if mine is None or mine[0] is not form.fields or mine[1] is not form.sections:
        # Both lists are read anew after every change, so that holding them tells whether there was one.
        mine = own[id(form)] = (form.fields, form.sections, _made(session, form))
    return mine[2]


def _made(session: Session, form: Form) -> _Rules:
    conditions = _conditions(session, form)
    known = {each["code"] for each in form.sections}
    asked = tuple(
        _Asked(
            FIELD + each.code, each.code, each.kind, SECTION + each.section if each.section in known else "", each.for_customers,
            bool(each.required), each.required_from, each.readonly_from,
        )
        for each in form.fields
    )  # fmt: skip
    by_node = {each.node: each for each in asked}
    nodes = _in_order(_waits_for(form, conditions)) if conditions else []
    reached, so_far = dict[str, frozenset[str]](), frozenset[str]()
    for status in form.statuses:
        reached[status.code] = so_far = so_far | {status.code}
    wanted = frozenset(name for condition in conditions.values() for name in facts_in(condition))
    return _Rules(asked, tuple((node, _plain(conditions.get(node)), by_node.get(node)) for node in nodes), reached, wanted)


def _plain(condition: Condition | None) -> Condition | None:
    """The same without the brackets around a single line."""
    while isinstance(condition, (AllOf, AnyOf)) and len(condition.parts) == 1:
        condition = condition.parts[0]
    return condition


def _conditions(session: Session, form: Form) -> dict[str, Condition]:
    """The conditions of fields ("field.CODE") and sections ("section.CODE"); one asking for what is gone never holds."""
    stored = [(FIELD + each.code, each.visible_when) for each in form.fields if each.visible_when]
    stored += [(SECTION + each["code"], each["visible_when"]) for each in form.sections if each.get("visible_when")]
    if not stored:
        return {}
    types = types_of(session, form.fields)
    return {node: parse_condition(raw, types, lost_facts=True) for node, raw in stored}


def _hidden(session: Session, rules: _Rules, values: Mapping[str, Any], facts: Mapping[str, Any]) -> set[str]:
    """The fields and sections whose conditions, or whose section's, do not hold. A hidden field has no value for the others."""
    if not rules.order:
        return set()
    now, zone = runtime_of(session).clock.now(), current_zone()
    known, hidden = dict(facts), set[str]()
    for node, condition, asked in rules.order:
        if (asked is not None and asked.section in hidden) or (
            condition is not None and not matches(condition, known, now=now, zone=zone)
        ):
            hidden.add(node)
        elif asked is not None and node in rules.wanted:
            known[node] = fact_value(asked.kind, values.get(asked.code))
    return hidden


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


def _title(form: Form, node: str) -> str:
    kind, _dot, code = node.partition(".")
    if kind == "section":
        section = form.section(code)
        return str(section["title"]) if section else code
    found = form.field(code)
    return found.label if found else code
