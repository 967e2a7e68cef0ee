"""What rules can ask about: the facts of a form's tickets, with their words, and their values for one ticket or for many."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from babel import Locale

from plugdesk.api import (
    Context,
    CustomerKind,
    Direction,
    Field,
    FieldKind,
    Form,
    FormAgent,
    Group,
    Message,
    Moment,
    OfferedFact,
    Role,
    Ticket,
    User,
    current_language,
    offered_fact,
    pgettext,
    runtime_of,
)
from plugdesk.api import gettext as _
from plugdesk_routing.settings import DAYS

LONGEST = 10_000  # characters of the first message that rules look at
CODES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HAND = ("phone", "subtask")
FieldType = Literal["text", "number", "date", "moment", "choice", "choices", "check", "person"]
_TYPES: Mapping[FieldKind, FieldType] = {
    FieldKind.TEXT: "text", FieldKind.LONG_TEXT: "text", FieldKind.EMAIL: "text", FieldKind.PHONE: "text", FieldKind.LINK: "text",
    FieldKind.NUMBER: "number", FieldKind.MONEY: "number", FieldKind.DATE: "date", FieldKind.DATE_TIME: "moment",
    FieldKind.CHOICE: "choice", FieldKind.CHOICES: "choices", FieldKind.CHECK: "check", FieldKind.FILE: "check",
    FieldKind.PERSON: "person", FieldKind.GROUP: "person",
}  # fmt: skip


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


def types_of(ctx: Context, form: Form) -> dict[str, Any]:
    """Every fact of this form by name with its type: what a stored condition is read with. Asks the database nothing."""
    types: dict[str, Any] = {name: kind for name, kind, _value in _OWN}
    types |= {f"field.{field.code}": _TYPES[field.kind] for field in form.fields if field.kind in _TYPES}
    return types | {name: fact.type for name, fact in _contributed(ctx, form).items()}


def offered(ctx: Context, form: Form) -> dict[str, OfferedFact]:
    """Every fact of this form as the editor offers it, under its heading."""
    ticket, who, when = _("Ticket"), _("Customer"), _("When it came")
    registry = runtime_of(ctx.db).registry
    known = [
        OfferedFact("ticket.subject", _("Subject"), "text", (), ticket),
        OfferedFact("ticket.words", _("Subject or first message"), "text", (), ticket),
        OfferedFact("ticket.channel", _("Channel"), "choice", _channels(ctx, form), ticket),
        OfferedFact("ticket.to", _("Address it was sent to"), "text", (), ticket),
        OfferedFact("customer.name", _("Customer's name"), "text", (), who),
        OfferedFact("customer.address", _("Customer's e-mail address"), "text", (), who),
        OfferedFact("customer.organization", _("Organization"), "text", (), who),
        OfferedFact("customer.language", _("Customer's language"), "choice", _languages(), who),
        OfferedFact("customer.country", _("Customer's country"), "choice", _countries(), who),
        OfferedFact("customer.kind", _("Kind of customer"), "choice", _kinds(), who),
        OfferedFact("opened.weekday", _("Day of the week"), "choice", _weekdays(), when),
        OfferedFact("opened.hour", _("Hour, 0 to 23"), "number", (), when),
        OfferedFact("opened.working", _("In working hours"), "check", (), when),
    ]
    fields = [each for field in form.fields if (each := _field_fact(ctx, form, field)) is not None]
    facts = _contributed(ctx, form)
    more = [offered_fact(fact, group=_extension(registry, name)) for name, fact in facts.items()]
    return {each.name: each for each in (*fields, *known, *more)}


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
        held = ticket.values if values is None else values
        found[ticket.id] = {name: value(about) for name, value in own}
        found[ticket.id] |= {f"field.{field.code}": _field_value(field, held.get(field.code)) for field in fields}
    _add_contributed(ctx, form, found, wanted)
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


def _kind_of(about: _About) -> str | None:
    kind = about.ticket.customer.kind
    return str(kind) if kind else None


def _organization(about: _About) -> str | None:
    organization = about.ticket.customer.organization
    return organization.name if organization else None


def _weekday(about: _About) -> str:
    return CODES[about.ticket.created_at.astimezone(about.zone.zone).weekday()]


_OWN: Sequence[tuple[str, FieldType, Callable[[_About], Any]]] = (
    ("ticket.subject", "text", lambda about: about.ticket.subject),
    ("ticket.words", "text", _words),
    ("ticket.channel", "choice", lambda about: about.ticket.channel),
    ("ticket.to", "text", _sent_to),
    ("customer.name", "text", lambda about: about.ticket.customer.name),
    ("customer.address", "text", lambda about: about.ticket.customer.address("email")),
    ("customer.organization", "text", _organization),
    ("customer.language", "choice", lambda about: about.ticket.customer.language),
    ("customer.country", "choice", lambda about: about.ticket.customer.country),
    ("customer.kind", "choice", _kind_of),
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


def _field_value(field: Field, value: Any) -> Any:
    """A field's value as its fact's type has it."""
    if value is None:
        return None
    match field.kind:
        case FieldKind.MONEY:
            return float(value["amount"])
        case FieldKind.DATE:
            return date.fromisoformat(value)
        case FieldKind.DATE_TIME:
            return datetime.fromisoformat(value)
        case FieldKind.FILE:
            return bool(value)
    return value


def _field_fact(ctx: Context, form: Form, field: Field) -> OfferedFact | None:
    kind = _TYPES.get(field.kind)
    if kind is None:
        return None
    title = _("%(field)s: a file", field=field.label) if field.kind is FieldKind.FILE else field.label
    choices: Sequence[tuple[Any, str]] = [(each["code"], each["label"]) for each in field.choices]
    if field.kind is FieldKind.PERSON:
        choices = people_of(ctx, form)
    elif field.kind is FieldKind.GROUP:
        choices = groups_of(ctx)
    return OfferedFact(f"field.{field.code}", title, kind, choices, _("Fields"))


def people_of(ctx: Context, form: Form) -> list[tuple[int, str]]:
    """Who works on `form`, id and name."""
    works = sa.exists().where(FormAgent.form_id == form.id, FormAgent.user_id == User.id)
    found = sa.select(User.id, User.name).where(
        User.active, User.role.in_([Role.AGENT, Role.ADMIN]), sa.or_(works, User.role == Role.ADMIN)
    )
    return [(number, name) for number, name in ctx.db.execute(found.order_by(User.name, User.id))]


def groups_of(ctx: Context) -> list[tuple[int, str]]:
    """The groups of the desk, id and name."""
    return [(number, name) for number, name in ctx.db.execute(sa.select(Group.id, Group.name).order_by(Group.name))]


def _channels(ctx: Context, form: Form) -> list[tuple[str, str]]:
    registry = runtime_of(ctx.db).registry
    carried = [(name, str(each.title)) for name, each in registry.channels.items() if form.has(registry.owner("channels", name))]
    return [*carried, ("phone", pgettext("channel", "Opened by hand"))]


def _languages() -> list[tuple[str, str]]:
    names = Locale(current_language()).languages
    return [(code, names.get(code, code)) for code in ("en", "ru")]


def _countries() -> list[tuple[str, str]]:
    names = Locale(current_language()).territories
    return sorted(((code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()), key=lambda pair: pair[1])


def _weekdays() -> list[tuple[str, str]]:
    names = Locale(current_language()).days["stand-alone"]["wide"]
    return [(code, names[number]) for number, code in enumerate(CODES)]


def _kinds() -> list[tuple[str, str]]:
    return [(str(CustomerKind.PERSON), _("Person")), (str(CustomerKind.COMPANY), _("Company"))]


def _contributed(ctx: Context, form: Form) -> dict[str, Any]:
    """The facts of the extensions that are on for `form`."""
    registry = runtime_of(ctx.db).registry
    return {name: fact for name, fact in registry.facts.items() if form.has(registry.owner("facts", name))}


def _extension(registry: Any, fact: str) -> str:
    manifest = registry.plugins[registry.owner("facts", fact)].manifest
    return _(manifest.name) if manifest else ""


_COLUMNS: Mapping[str, Any] = {"moment": Moment(), "date": sa.Date(), "check": sa.Boolean()}


def _add_contributed(ctx: Context, form: Form, found: dict[int, dict[str, Any]], wanted: Collection[str]) -> None:
    facts = {name: fact for name, fact in _contributed(ctx, form).items() if name in wanted}
    if not facts:
        return
    columns = [
        sa.type_coerce(fact.sql(Ticket), _COLUMNS[fact.type]) if fact.type in _COLUMNS else fact.sql(Ticket)
        for fact in facts.values()
    ]
    for number, *known in ctx.db.execute(sa.select(Ticket.id, *columns).where(Ticket.id.in_(list(found)))):
        found[number] |= dict(zip(facts, known, strict=True))
