"""A policy to look at, by the ordinary commands."""

from __future__ import annotations

from plugdesk.api import BusinessHours, Context, User, add_business_hours, all_business_hours, set_hours_of_form
from plugdesk.api import gettext as _
from plugdesk_sla.commands import add_policy
from plugdesk_sla.entering import PolicyInput
from plugdesk_sla.models import Sort
from plugdesk_sla.promising import policies_of
from plugdesk_sla.targets import DAYS, HOURS, MINUTES

PRIORITY = "priority"


def add_example(ctx: Context, *, by: User) -> None:
    """Two policies where there is none yet, urgent requests and all others, in office hours."""
    form = ctx.form
    assert form is not None, "SLA is switched on for forms."
    if policies_of(ctx):
        return
    if form.hours_id is None:
        set_hours_of_form(ctx.db, form, office(ctx, by), by=by)
    field = form.field(PRIORITY)
    high = [each["code"] for each in field.choices][-2:] if field is not None else []
    if high:
        urgent = {"fact": f"field.{PRIORITY}", "in": high}
        add_policy(ctx, PolicyInput(_("Urgent"), urgent, _targets((30, MINUTES), (1, HOURS), (4, HOURS)), around=True), by=by)
    add_policy(ctx, PolicyInput(_("All others"), None, _targets((2, HOURS), (4, HOURS), (2, DAYS))), by=by)


def _targets(*times: tuple[int, str]) -> list[dict[str, object]]:
    sorts = (Sort.FIRST, Sort.NEXT, Sort.RESOLUTION)
    return [
        {"sort": str(sort), "status": "", "amount": amount, "unit": unit}
        for sort, (amount, unit) in zip(sorts, times, strict=True)
    ]


def office(ctx: Context, by: User) -> BusinessHours:
    """The desk's first business hours, made where there are none."""
    known = all_business_hours(ctx.db)
    if known:
        return known[0]
    week = {f"day-{number}": "9:00–18:00" for number in range(5)}
    return add_business_hours(ctx.db, {"name": _("Five days a week"), **week}, by=by)
