"""What automations can ask about: the facts of a form's tickets, and how a ticket stands at the moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from plugdesk.api import (
    Context,
    Direction,
    Form,
    Message,
    OfferedFact,
    Ticket,
    ValueType,
    agents_of_form,
    all_groups,
    current_language,
    facts_of_tickets,
    types_of_tickets,
    values_of_tickets,
)
from plugdesk.api import gettext as _

LONGEST = 10_000  # characters of the last message that are looked at
LAST = "ticket.last"
_STANDING: Mapping[str, tuple[ValueType, Callable[[Ticket, Form], Any]]] = {
    "ticket.status": ("choice", lambda ticket, form: form.status_by_id(ticket.status_id).code),
    "ticket.assignee": ("person", lambda ticket, form: ticket.assignee_id),
    "ticket.group": ("person", lambda ticket, form: ticket.group_id),
    "ticket.waits": ("check", lambda ticket, form: ticket.customer_waits),
}


def form_of(ctx: Context) -> Form:
    """The form whose automations `ctx` is about."""
    assert ctx.form is not None, "Automation is switched on for forms."
    return ctx.form


def zone_of(ctx: Context) -> ZoneInfo:
    """The desk's zone, in which conditions and times are meant."""
    return ZoneInfo(ctx.desk.zone)


def types_of(ctx: Context) -> dict[str, ValueType]:
    """Every fact by name with its type: what a stored condition is read with."""
    own: dict[str, ValueType] = {name: kind for name, (kind, _value) in _STANDING.items()}
    return types_of_tickets(ctx.db, form_of(ctx)) | own | {LAST: "text"}


def offered(ctx: Context) -> dict[str, OfferedFact]:
    """Every fact as the editor offers it, under its heading."""
    form, known, stands = form_of(ctx), facts_of_tickets(ctx.db, form_of(ctx)), _("How it stands")
    statuses = [(each.code, each.name_in(current_language())) for each in form.statuses]
    people = [(each.id, each.name) for each in agents_of_form(ctx.db, form)]
    groups = [(each.id, each.name) for each in all_groups(ctx.db)]
    own = [
        OfferedFact("ticket.status", _("Status"), "choice", statuses, stands),
        OfferedFact("ticket.assignee", _("Assignee"), "person", people, stands),
        OfferedFact("ticket.group", _("Group"), "person", groups, stands),
        OfferedFact("ticket.waits", _("The customer waits for an answer"), "check", (), stands),
        OfferedFact(LAST, _("Last message"), "text", (), stands),
    ]
    return {each.name: each for each in own} | known


def values_of(ctx: Context, tickets: Sequence[Ticket], wanted: Collection[str]) -> dict[int, dict[str, Any]]:
    """The values of the `wanted` facts of tickets of this form, by ticket and fact, in as few queries for many as for one."""
    form, last = form_of(ctx), _last_words(ctx, tickets) if LAST in wanted else {}
    found = values_of_tickets(ctx.db, form, tickets, wanted)
    for ticket in tickets:
        found[ticket.id] |= {name: value(ticket, form) for name, (_kind, value) in _STANDING.items() if name in wanted}
        if LAST in wanted:
            found[ticket.id][LAST] = last.get(ticket.id)
    return found


def _last_words(ctx: Context, tickets: Sequence[Ticket]) -> dict[int, str]:
    said = (Message.ticket_id.in_([each.id for each in tickets]), Message.direction != Direction.NOTE)
    last = sa.select(sa.func.max(Message.id)).where(*said).group_by(Message.ticket_id)
    wanted = sa.select(Message.ticket_id, sa.func.substr(Message.text, 1, LONGEST)).where(Message.id.in_(last))
    return {number: text for number, text in ctx.db.execute(wanted)}
