"""A policy as its page shows it: stored, looked at beforehand, or just typed, in the words of the page's controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plugdesk.api import OPEN_KINDS, Form, OfferedFact, current_language, lazy_gettext, lazy_pgettext, pgettext
from plugdesk.api import gettext as _
from plugdesk_sla.entering import ASSIGNEE, GROUP, SUPERVISOR, PolicyInput
from plugdesk_sla.models import Policy
from plugdesk_sla.targets import HOURS, UNITS, controls_of
from plugdesk_web.api import EditedCondition, chosen_words, edit_condition, typed_condition, yes_or_no

WHEN = "when"
WHOM_WORDS = (
    (ASSIGNEE, lazy_gettext("the assignee; while there is none, the group")),
    (GROUP, lazy_gettext("everybody in the group")),
    (SUPERVISOR, lazy_gettext("the group's supervisor")),
)
_KINDS = {
    "new": lazy_pgettext("kind of status", "new"), "open": lazy_pgettext("kind of status", "open"),
    "pending": lazy_pgettext("kind of status", "waiting for the customer"),
}  # fmt: skip


@dataclass(frozen=True)
class Typed:
    """What stands in the controls of a policy's page; `times` maps a target's control to its amount and unit."""

    when: EditedCondition
    name: str = ""
    times: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    around: bool = False
    pauses: Sequence[str] = ("pending",)
    warn_percent: str = "80"
    warn_minutes: str = ""
    warned: Sequence[str] = (ASSIGNEE,)
    told: Sequence[str] = (ASSIGNEE, SUPERVISOR)
    is_on: bool = True


def typed_policy(form: Form, facts: Mapping[str, OfferedFact], given: Any) -> Typed:
    """The policy as a page sent it."""
    times = {name: (given.get(name, ""), given.get(f"unit-{name}", HOURS)) for name, *_rest in controls_of(form)}
    return Typed(
        typed_condition(WHEN, facts, given), given.get("name", ""), times, given.get("around") == "1", given.getlist("pauses"),
        given.get("warn_percent", ""), given.get("warn_minutes", ""), given.getlist("warned"), given.getlist("told"),
        bool(given.get("is_on")),
    )  # fmt: skip


def shown_policy(facts: Mapping[str, OfferedFact], policy: Policy | PolicyInput | None) -> Typed:
    """A stored policy, one that was looked at beforehand, or an empty one."""
    if policy is None:
        return Typed(edit_condition(WHEN, facts))
    times = {_control(each): (str(each["amount"]), each["unit"]) for each in policy.targets}
    return Typed(
        edit_condition(WHEN, facts, policy.condition), policy.name, times, policy.around, policy.pauses, str(policy.warn_percent or ""),
        str(policy.warn_minutes or ""), policy.warned, policy.told, policy.is_on,
    )  # fmt: skip


def choices_for(form: Form, typed: Typed) -> dict[str, Any]:
    """What the page's controls offer."""
    rows = [
        {
            "name": name,
            "title": title,
            "amount": typed.times.get(name, ("", ""))[0],
            "unit": typed.times.get(name, ("", HOURS))[1],
        }
        for name, _sort, _status, title in controls_of(form)
    ]
    kinds = [(str(kind), _kind_words(form, str(kind))) for kind in OPEN_KINDS]
    return {"rows": rows, "units": UNITS, "kinds": kinds, "whom": WHOM_WORDS}


def in_words(form: Form, typed: Typed) -> dict[str, str]:
    """Each control's label with what stands in it, to be compared with another state of the policy."""
    offered = choices_for(form, typed)
    times = {
        row["title"]: f"{row['amount'].strip()} {chosen_words(UNITS, row['unit'])}" if row["amount"].strip() else ""
        for row in offered["rows"]
    }
    return {
        _("Name of the policy"): typed.name, pgettext("policy", "When"): typed.when.words or _("Always"), **times,
        _("Count around the clock, whatever hours the contract or the form has"): yes_or_no(typed.around),
        _("The clocks stand still in a status that is"): chosen_words(offered["kinds"], typed.pauses),
        _("Warn when this much of the time is used, %%") % (): typed.warn_percent,
        _("Or so many minutes before the end"): typed.warn_minutes,
        _("Before a deadline is missed"): chosen_words(WHOM_WORDS, typed.warned), _("When it was missed"): chosen_words(WHOM_WORDS, typed.told),
        _("The policy is on"): yes_or_no(typed.is_on),
    }  # fmt: skip


def _kind_words(form: Form, kind: str) -> str:
    """A kind of status with the form's own names: "waiting for the customer: Waiting"."""
    names = [each.name_in(current_language()) for each in form.statuses if str(each.kind) == kind]
    return f"{_KINDS[kind]}: {', '.join(names)}" if names else str(_KINDS[kind])


def _control(target: Mapping[str, Any]) -> str:
    return f"status-{target['status']}" if target["status"] else str(target["sort"])
