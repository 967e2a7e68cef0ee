"""A rule that moves tickets says into which fields of the other form their values go: a rule's `form_fields`, codes by code.

A code without a field, "", keeps the value in the note; fields the rule does not name go by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plugdesk.api import Context, Form, format_list, pgettext, takers_of
from plugdesk.api import gettext as _

CARRY, MOVING, NOTE = "carry-", "moving", "-"


@dataclass(frozen=True)
class Way:
    """A field whose values a rule carries along: where they go `by_itself`, in words, and the choices of where else."""

    code: str
    label: str
    by_itself: str
    choices: list[tuple[str, str]]
    value: str


def ways(form: Form, target: Form, chosen: Mapping[str, str]) -> list[Way]:
    """Each field of `form` with the fields of `target` that its values can go into; `chosen` as the page's controls hold it."""
    found = []
    for field in form.fields:
        same = target.field(field.code)
        by_itself = (
            _("By itself: into “%(field)s”", field=same.label)
            if same is not None and same.kind is field.kind
            else _("By itself: into the note")
        )
        choices = [(each.code, each.label) for each in takers_of(field, target)] + [(NOTE, _("Keep it in a note"))]
        found.append(Way(field.code, field.label, by_itself, choices, chosen.get(field.code, "")))
    return found


def typed_ways(given: Any) -> dict[str, str]:
    """What was chosen on a page, by code."""
    return {name.removeprefix(CARRY): code for name, code in given.items() if name.startswith(CARRY) and code}


def shown_ways(result: Mapping[str, Any]) -> dict[str, str]:
    """What a stored rule says, as the page's controls hold it."""
    return {code: there or NOTE for code, there in (result.get("form_fields") or {}).items()}


def read_ways(form: Form, target: Form, given: Any, problems: dict[str, str]) -> dict[str, str]:
    """What was chosen, as it is stored; `problems` takes what is wrong. What was chosen for another form is passed over."""
    if given.get(f"{MOVING}-to", "") != str(target.id):
        return {}
    found: dict[str, str] = {}
    chosen = typed_ways(given)
    for field in form.fields:
        code = chosen.get(field.code)
        if code is None:
            continue
        if code != NOTE and code not in {each.code for each in takers_of(field, target)}:
            problems[CARRY + field.code] = _("Choose one of the fields offered.")
        elif code != NOTE and list(chosen.values()).count(code) > 1:
            problems[CARRY + field.code] = _("Another value goes into the same field. Choose a field for each.")
        else:
            found[field.code] = "" if code == NOTE else code
    return found


def lost_ways(form: Form, target: Form, result: Mapping[str, Any]) -> list[str]:
    """What a rule says of fields that cannot be done any more, in sentences that name the remedy."""
    fields = result.get("form_fields") or {}
    return [
        _("“%(form)s” has no field any more for what is in “%(field)s”. Choose another one.", form=target.name, field=field.label)
        for code, there in fields.items()
        if there and (field := form.field(code)) and there not in {each.code for each in takers_of(field, target)}
    ]


def way_words(ctx: Context, target: Form | None, result: Mapping[str, Any]) -> str:
    """Where the values go that a rule names: "Room → Place and Weight → note"; empty when it names none."""
    assert ctx.form is not None, "Routing is switched on for forms."
    found = []
    for code, there in (result.get("form_fields") or {}).items():
        field, other = ctx.form.field(code), target.field(there) if target and there else None
        goes_to = other.label if other is not None else there or pgettext("rule", "note")
        found.append(f"{field.label if field else code} → {goes_to}")
    return format_list(found)
