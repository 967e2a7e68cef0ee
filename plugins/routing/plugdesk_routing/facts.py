"""What rules can ask about: the facts of a form's tickets, and whether they came in the working hours that routing knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from plugdesk.api import (
    Context,
    Form,
    OfferedFact,
    Ticket,
    ValueType,
    facts_of_tickets,
    types_of_tickets,
    values_of_tickets,
)
from plugdesk.api import gettext as _
from plugdesk_routing.settings import DAYS

WORKING = "opened.working"


class Zone:
    """The desk's clock on the wall, and this form's working hours on it; settings are read when somebody asks for those."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.zone = ZoneInfo(ctx.desk.zone)

    @cached_property
    def _hours(self) -> tuple[Collection[int], time, time]:
        settings = self._ctx.settings
        return DAYS.get(settings.days, range(5)), *settings.hours

    def is_working(self, moment: datetime) -> bool:
        local, (days, opens, closes) = moment.astimezone(self.zone), self._hours
        return local.weekday() in days and opens <= local.time() < closes


def types_of(ctx: Context, form: Form) -> dict[str, ValueType]:
    """Every fact of this form by name with its type: what a stored condition is read with. Asks the database nothing."""
    return types_of_tickets(ctx.db, form) | {WORKING: "check"}


def offered(ctx: Context, form: Form) -> dict[str, OfferedFact]:
    """Every fact of this form as the editor offers it, under its heading."""
    known = facts_of_tickets(ctx.db, form)
    working = OfferedFact(WORKING, _("In working hours"), "check", (), known["opened.hour"].group)
    return known | {WORKING: working}


def values_of(
    ctx: Context, ticket: Ticket, wanted: Collection[str], zone: Zone, *, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The values of the `wanted` facts of one ticket; `values` are its fields' where they are not stored yet."""
    return values_of_many(ctx, [ticket], wanted, zone, values=values)[ticket.id]


def values_of_many(
    ctx: Context, tickets: Sequence[Ticket], wanted: Collection[str], zone: Zone, *, values: Mapping[str, Any] | None = None
) -> dict[int, dict[str, Any]]:
    """The values of the `wanted` facts of tickets of this form, by ticket and fact, in as few queries for many as for one."""
    assert ctx.form is not None, "Routing is switched on for forms."
    found = values_of_tickets(ctx.db, ctx.form, tickets, wanted, values=values)
    if WORKING in wanted:
        for ticket in tickets:
            found[ticket.id][WORKING] = zone.is_working(ticket.created_at)
    return found
