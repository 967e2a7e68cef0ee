"""What rules and automations ask of tickets: everything conditions on a form can ask about, and what was written, by whom, when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.condition_words import OfferedFact
from plugdesk.contributions import ValueType
from plugdesk.forms.facts import contributed_facts, contributed_values, field_values, offered_facts, own_types, values_of_customer
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.rhythms import weekday_names
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Direction, Message, Ticket

LONGEST = 10_000  # characters of the first message that are looked at
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def types_of_tickets(session: Session, form: Form) -> dict[str, ValueType]:
    """Every fact of this form's tickets by name with its type: what a stored condition is read with. Asks the database nothing."""
    types = own_types(form.fields) | {name: kind for name, kind, _value in _OWN}
    return types | {name: fact.type for name, fact in contributed_facts(session, form).items()}


def facts_of_tickets(session: Session, form: Form) -> dict[str, OfferedFact]:
    """Every fact of this form's tickets as the editor offers it, under its heading."""
    known = offered_facts(session, form)
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
    ]
    return {each.name: each for each in (*letter, *known.values(), *more)}


def values_of_tickets(
    session: Session, form: Form, tickets: Sequence[Ticket], wanted: Collection[str], *, values: Mapping[str, Any] | None = None
) -> dict[int, dict[str, Any]]:
    """The values of the `wanted` facts of tickets of this form, by ticket and fact, in as few queries for many as for one.

    `values` are those of the fields where they are not stored yet.
    """
    first = _first_messages(session, tickets) if not _SAID.isdisjoint(wanted) else {}
    own = [(name, value) for name, _kind, value in _OWN if name in wanted]
    fields = [field for field in form.fields if f"field.{field.code}" in wanted]
    zone = ZoneInfo(runtime_of(session).desk(session).zone)
    found: dict[int, dict[str, Any]] = {}
    for ticket in tickets:
        about = _About(ticket, first.get(ticket.id), zone)
        found[ticket.id] = values_of_customer(ticket.channel, ticket.customer) | {name: value(about) for name, value in own}
        found[ticket.id] |= field_values(fields, ticket.values if values is None else values)
    for number, contributed in contributed_values(session, form, list(found), wanted).items():
        found[number] |= contributed
    return found


@dataclass(frozen=True)
class _About:
    """A ticket with its first message, as the functions below look at it."""

    ticket: Ticket
    first: Message | None
    zone: ZoneInfo


def _words(about: _About) -> str:
    text = about.first.text if about.first else about.ticket.excerpt
    return f"{about.ticket.subject}\n{text}"[:LONGEST]


def _sent_to(about: _About) -> str:
    return " ".join([*about.first.to, *about.first.cc]) if about.first else ""


def _weekday(about: _About) -> str:
    return WEEKDAYS[about.ticket.created_at.astimezone(about.zone).weekday()]


_OWN: Sequence[tuple[str, ValueType, Callable[[_About], Any]]] = (
    ("ticket.subject", "text", lambda about: about.ticket.subject),
    ("ticket.words", "text", _words),
    ("ticket.to", "text", _sent_to),
    ("customer.name", "text", lambda about: about.ticket.customer.name),
    ("customer.address", "text", lambda about: about.ticket.customer.address("email")),
    ("opened.weekday", "choice", _weekday),
    ("opened.hour", "number", lambda about: about.ticket.created_at.astimezone(about.zone).hour),
)
_SAID = frozenset({"ticket.words", "ticket.to"})


def _first_messages(session: Session, tickets: Sequence[Ticket]) -> dict[int, Message]:
    if len(tickets) == 1 and "messages" in sa.inspect(tickets[0]).dict:  # it was opened just now
        (ticket,) = tickets
        return {ticket.id: ticket.messages[0]} if ticket.messages else {}
    ids = [ticket.id for ticket in tickets]
    incoming = (Message.ticket_id.in_(ids), Message.direction == Direction.INCOMING)
    first = sa.select(sa.func.min(Message.id)).where(*incoming).group_by(Message.ticket_id)
    return {each.ticket_id: each for each in session.scalars(sa.select(Message).where(Message.id.in_(first)))}


def _weekdays() -> list[tuple[str, str]]:
    return list(zip(WEEKDAYS, weekday_names(), strict=True))
