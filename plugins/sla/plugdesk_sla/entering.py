"""A policy as somebody describes it on its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from plugdesk.api import OPEN_KINDS, Context, row_number, storable
from plugdesk.api import gettext as _
from plugdesk_sla.targets import read_targets, refuse_none

LONGEST_NAME, MOST_PERCENT, MOST_MINUTES = 200, 99, 100_000
ASSIGNEE, GROUP, SUPERVISOR = "assignee", "group", "supervisor"
WHOM = (ASSIGNEE, GROUP, SUPERVISOR)


@dataclass(frozen=True)
class PolicyInput:
    """A policy as somebody described it, checked: the columns of `Policy` by name."""

    name: str
    condition: dict[str, Any] | None
    targets: list[dict[str, Any]]
    is_on: bool = True
    around: bool = False
    pauses: list[str] = field(default_factory=lambda: ["pending"])
    warn_percent: int | None = 80
    warn_minutes: int | None = None
    warned: list[str] = field(default_factory=lambda: [ASSIGNEE])
    told: list[str] = field(default_factory=lambda: [ASSIGNEE, SUPERVISOR])


def read_input(ctx: Context, given: Any, condition: dict[str, Any] | None) -> PolicyInput:
    """What a page sent as a policy; `given` is its form. Raises `Invalid` by control."""
    assert ctx.form is not None, "SLA is switched on for forms."
    problems: dict[str, str] = {}
    name = " ".join(storable(str(given.get("name") or "")).split())[:LONGEST_NAME]
    if not name:
        problems["name"] = _("Give the policy a name.")
    targets = read_targets(ctx.form, given, problems)
    percent = _number(given, "warn_percent", MOST_PERCENT, problems)
    minutes = _number(given, "warn_minutes", MOST_MINUTES, problems)
    kinds = [str(kind) for kind in OPEN_KINDS if str(kind) in given.getlist("pauses")]
    if len(kinds) == len(OPEN_KINDS):
        problems["pauses"] = _("In one of them the clocks have to run.")
    refuse_none(targets, problems)
    warned, told = ([each for each in WHOM if each in given.getlist(name)] for name in ("warned", "told"))
    return PolicyInput(
        name, condition, targets, is_on=bool(given.get("is_on")), around=given.get("around") == "1", pauses=kinds, warn_percent=percent,
        warn_minutes=minutes, warned=warned, told=told,
    )  # fmt: skip


def _number(given: Any, control: str, most: int, problems: dict[str, str]) -> int | None:
    raw = str(given.get(control) or "").strip()
    if not raw:
        return None
    number = row_number(raw)
    if not number or number > most:
        problems[control] = _("Write a whole number from 1 to %(most)s.", most=most)
        return None
    return number
