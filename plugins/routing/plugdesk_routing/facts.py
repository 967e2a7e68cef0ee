"""What rules can ask about: the facts of a form's tickets, with their words, and their values for one ticket or for many."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from babel import Locale

from plugdesk.api import (
    Context,
    Direction,
    Form,
    Message,
    OfferedFact,
    Ticket,
    ValueType,
    contributed_facts,
    contributed_values,
    current_language,
    field_values,
    offered_facts,
    own_types,
    values_of_customer,
)
from plugdesk.api import gettext as _
from plugdesk_routing.settings import DAYS

LONGEST = 10_000  # characters of the first message that rules look at
CODES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


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
    types = own_types(form.fields) | {name: kind for name, kind, _value in _OWN}
    return types | {name: fact.type for name, fact in contributed_facts(ctx.db, form).items()}


def offered(ctx: Context, form: Form) -> dict[str, OfferedFact]:
    """Every fact of this form as the editor offers it, under its heading."""
    known = offered_facts(ctx.db, form)
    said, who, when = _("What was written"), known["customer.kind"].group, _("When it came")
    letter = [
        OfferedFact("ticket.subject", _("Subject"), "text", (), said),
        OfferedFact("ticket.words", _("Subject or first message"), "text", (), said),
        OfferedFact("ticket.to", _("Address it was sent to"), "text", (), said),
    ]
    more = [
        OfferedFact("customer.name", _("Customer's name"), "text", (), who),
        OfferedFact("customer.address", _("Customer's e-mail address"), "text", (), who),
        OfferedFact("opened.weekday", _("Day of the week"), "choice", _weekdays(), when),
        OfferedFact("opened.hour", _("Hour, 0 to 23"), "number", (), when),
        OfferedFact("opened.working", _("In working hours"), "check", (), when),
    ]
    return {each.name: each for each in (*letter, *known.values(), *more)}


def values_of(
    ctx: Context, ticket: Ticket, wanted: Collection[str], zone: Zone, *, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The values of the `wanted` facts of one ticket; `values` are its fields' where they are not stored yet."""
    return values_of_many(ctx, [ticket], wanted, zone, values=values)[ticket.id]


def values_of_many(
    ctx: Context, tickets: Sequence[Ticket], wanted: Collection[str], zone: Zone, *, values: Mapping[str, Any] | None = None
) -> dict[int, dict[str, Any]]:
    """The values of the `wanted` facts of tickets of this form, by ticket and fact, in as few queries for many as for one."""
    first = _first_messages(ctx, tickets) if not _SAID.isdisjoint(wanted) else {}
    own = [(name, value) for name, _kind, value in _OWN if name in wanted]
    form = ctx.form
    assert form is not None, "Routing is switched on for forms."
    fields = [field for field in form.fields if f"field.{field.code}" in wanted]
    found: dict[int, dict[str, Any]] = {}
    for ticket in tickets:
        about = _About(ticket, first.get(ticket.id), zone)
        found[ticket.id] = values_of_customer(ticket.channel, ticket.customer) | {name: value(about) for name, value in own}
        found[ticket.id] |= field_values(fields, ticket.values if values is None else values)
    for number, values_found in contributed_values(ctx.db, form, list(found), wanted).items():
        found[number] |= values_found
    return found


@dataclass(frozen=True)
class _About:
    """A ticket with its first message, as the functions below look at it."""

    ticket: Ticket
    first: Message | None
    zone: Zone


def _words(about: _About) -> str:
    text = about.first.text if about.first else about.ticket.excerpt
    return f"{about.ticket.subject}\n{text}"[:LONGEST]


def _sent_to(about: _About) -> str:
    return " ".join([*about.first.to, *about.first.cc]) if about.first else ""


def _weekday(about: _About) -> str:
    return CODES[about.ticket.created_at.astimezone(about.zone.zone).weekday()]


_OWN: Sequence[tuple[str, ValueType, Callable[[_About], Any]]] = (
    ("ticket.subject", "text", lambda about: about.ticket.subject),
    ("ticket.words", "text", _words),
    ("ticket.to", "text", _sent_to),
    ("customer.name", "text", lambda about: about.ticket.customer.name),
    ("customer.address", "text", lambda about: about.ticket.customer.address("email")),
    ("opened.weekday", "choice", _weekday),
    ("opened.hour", "number", lambda about: about.ticket.created_at.astimezone(about.zone.zone).hour),
    ("opened.working", "check", lambda about: about.zone.is_working(about.ticket.created_at)),
)
_SAID = frozenset({"ticket.words", "ticket.to"})


def _first_messages(ctx: Context, tickets: Sequence[Ticket]) -> dict[int, Message]:
    if len(tickets) == 1 and "messages" in sa.inspect(tickets[0]).dict:  # it was opened just now
        (ticket,) = tickets
        return {ticket.id: ticket.messages[0]} if ticket.messages else {}
    ids = [ticket.id for ticket in tickets]
    incoming = (Message.ticket_id.in_(ids), Message.direction == Direction.INCOMING)
    first = sa.select(sa.func.min(Message.id)).where(*incoming).group_by(Message.ticket_id)
    return {each.ticket_id: each for each in ctx.db.scalars(sa.select(Message).where(Message.id.in_(first)))}


def _weekdays() -> list[tuple[str, str]]:
    names = Locale(current_language()).days["stand-alone"]["wide"]
    return [(code, names[number]) for number, code in enumerate(CODES)]
