"""What was entered into the fields of a form, held against its rules: the one check behind every door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.errors import Invalid
from plugdesk.forms.facts import values_at_the_door
from plugdesk.forms.fields import default_values, read_value
from plugdesk.forms.models import Field, FieldKind, Form, Status
from plugdesk.forms.rules import decide, is_empty, wanted_facts
from plugdesk.i18n import gettext as _
from plugdesk.users.models import User


def check_values(
    session: Session,
    form: Form,
    raw: Mapping[str, Any],
    *,
    by_agent: bool,
    before: Mapping[str, Any],
    complete: bool = False,
    by: User | None = None,
    status: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the values of a ticket are after `raw` was entered, and what is wrong with it: code → sentence.

    A code absent from `raw` keeps its value, an emptied one is None. Passed over are codes of no field, fields that are not `for_customers`
    where a customer speaks, and fields the form's rules hide. A field that is required must not be emptied; with `complete` (a new
    request) it must be there, too. One that is read-only in `status` must stay as it is. What stands as it was `before` is kept
    even if it could not be chosen today. `by` is who enters it: files must be their own uploads. `facts` as for `decide`.
    """
    entered, problems = _read(session, form, raw, by_agent, before, by)
    facts = facts or {}
    allowed = decide(session, form, {**before, **entered}, status=status, facts=facts, by_agent=by_agent)
    problems = {code: problem for code, problem in problems.items() if code in allowed.visible}
    values = dict(before)
    for field in form.fields:
        code = field.code
        if code not in entered or code not in allowed.visible:
            continue
        value, kept = entered[code], before.get(code)
        if value == kept or (kept is None and value in (None, [])):
            continue
        if code in allowed.readonly:
            problems[code] = _("“%(label)s” can no longer be changed in this status.", label=field.label)
        elif code in allowed.required and kept is not None and is_empty(field, value) and not is_empty(field, kept):
            problems[code] = fill_in(field)
        else:
            values[code] = value
    if complete:
        # What was refused stays as it was, which may show other fields.
        left = decide(session, form, values, status=status, facts=facts, by_agent=by_agent) if problems else allowed
        problems |= {field.code: fill_in(field) for field in left.missing if field.code not in problems}
    return values, problems


def values_entered(session: Session, form: Form, raw: Mapping[str, Any], *, before: Mapping[str, Any]) -> dict[str, Any]:
    """The values as far as `raw` can be read, for a page that shows what is asked next; nothing is refused."""
    return {**before, **_read(session, form, raw, True, before, None)[0]}


def first_values(
    session: Session,
    form: Form,
    fields: Sequence[Field],
    raw: Mapping[str, Any] | None,
    status: Status,
    channel: str,
    customer: User,
    *,
    by: User | None,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the fields of a new ticket hold. Without `raw`, as in a letter, the defaults: such a ticket is never refused.

    `by` is the agent who opens it, None where the customer does; `facts` as for `open_ticket`. Raises `Invalid`, by field.
    """
    defaults = default_values(fields)
    if raw is None:
        return defaults
    if facts is None:
        facts = values_at_the_door(session, form, channel, customer, wanted_facts(session, form))
    values, problems = check_values(
        session, form, raw, by_agent=by is not None, before=defaults, complete=True, by=by, status=status.code, facts=facts
    )
    if problems:
        raise Invalid(problems=problems)
    return values


def fill_in(field: Field) -> str:
    """The sentence that asks for a field."""
    if field.kind is FieldKind.CHECK:
        return _("Tick “%(label)s” to go on.", label=field.label)
    return _("Fill in “%(label)s”.", label=field.label)


def _read(
    session: Session, form: Form, raw: Mapping[str, Any], by_agent: bool, before: Mapping[str, Any], by: User | None
) -> tuple[dict[str, Any], dict[str, str]]:
    entered, problems = dict[str, Any](), dict[str, str]()
    for field in form.fields:
        code = field.code
        if code not in raw or (not by_agent and not field.for_customers):
            continue
        given, kept = raw[code], before.get(code)
        if given == kept and type(given) is type(kept):
            entered[code] = kept
            continue
        try:
            entered[code] = read_value(field, given, session, by=by)
        except Invalid as problem:
            problems[code] = str(problem)
    return entered, problems
