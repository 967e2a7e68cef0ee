"""What conditions on a form can ask about: the values of its fields, the ticket, its customer, the facts of extensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.condition_words import OfferedFact, offered_fact
from plugdesk.contributions import ValueType
from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.i18n import LANGUAGES, pgettext
from plugdesk.i18n import gettext as _
from plugdesk.runtime import runtime_of
from plugdesk.users.models import CustomerKind, User
from plugdesk.users.queries import agents_of_form, all_groups

if TYPE_CHECKING:
    from plugdesk.tickets.models import Ticket

FIELD = "field."
TYPES: Mapping[FieldKind, ValueType] = {
    FieldKind.TEXT: "text",
    FieldKind.LONG_TEXT: "text",
    FieldKind.NUMBER: "number",
    FieldKind.MONEY: "number",
    FieldKind.DATE: "date",
    FieldKind.DATE_TIME: "moment",
    FieldKind.CHOICE: "choice",
    FieldKind.CHOICES: "choices",
    FieldKind.CHECK: "check",
    FieldKind.EMAIL: "text",
    FieldKind.PHONE: "text",
    FieldKind.LINK: "text",
    FieldKind.FILE: "check",
    FieldKind.PERSON: "person",
    FieldKind.GROUP: "person",
    FieldKind.CUSTOMER: "check",
}
"""Files and customers are asked about only as being there or not."""
OF_TICKETS: Mapping[str, ValueType] = {
    "ticket.channel": "choice",
    "customer.organization": "text",
    "customer.kind": "choice",
    "customer.language": "choice",
    "customer.country": "text",
}


def types_of(session: Session, fields: Iterable[Field]) -> dict[str, ValueType]:
    """Every fact by name with its type, for reading conditions that are stored."""
    types: dict[str, ValueType] = {FIELD + field.code: TYPES[field.kind] for field in fields}
    types |= OF_TICKETS
    return types | {name: fact.type for name, fact in runtime_of(session).registry.facts.items()}


def offered_facts(session: Session, form: Form) -> dict[str, OfferedFact]:
    """The facts an editor of this form's conditions offers, in their order, with the values to choose from."""
    runtime = runtime_of(session)
    own = _("Fields of the form")
    offered = [
        OfferedFact(
            FIELD + each.code, each.label if TYPES[each.kind] != "check" or each.kind is FieldKind.CHECK else _filled(each),
            TYPES[each.kind], _choices(session, form, each), own,
        )
        for each in form.fields
    ]  # fmt: skip
    about, channels = _("Ticket and customer"), runtime.registry.channels
    ways = [(name, str(channel.title)) for name, channel in channels.items()] + [("phone", _("By hand"))]
    kinds = [(str(CustomerKind.PERSON), _("Person")), (str(CustomerKind.COMPANY), _("Company"))]
    offered += [
        OfferedFact("ticket.channel", _("Channel"), "choice", ways, about),
        OfferedFact("customer.organization", _("Customer's organization"), "text", (), about),
        OfferedFact("customer.kind", _("Kind of customer"), "choice", kinds, about),
        OfferedFact("customer.language", _("Customer's language"), "choice", list(LANGUAGES.items()), about),
        OfferedFact("customer.country", _("Customer's country"), "text", (), about),
    ]
    for name, fact in runtime.registry.facts.items():
        plugin = runtime.registry.owner("facts", name)
        if form.has(plugin):
            manifest = runtime.registry.plugins[plugin].manifest
            offered.append(offered_fact(fact, group=_(manifest.name) if manifest else plugin))
    return {each.name: each for each in offered}


def values_of_customer(channel: str, customer: User | None) -> dict[str, Any]:
    """The facts of a ticket besides its fields, as far as they are known before it is opened."""
    facts: dict[str, Any] = {"ticket.channel": channel}
    if customer is not None:
        facts |= {
            "customer.organization": customer.organization.name if customer.organization else None,
            "customer.kind": str(customer.kind) if customer.kind else None,
            "customer.language": customer.language,
            "customer.country": customer.country,
        }
    return facts


def values_of_ticket(session: Session, ticket: Ticket, wanted: Iterable[str]) -> dict[str, Any]:
    """The facts of a ticket besides its fields; those of extensions among `wanted` come by one query."""
    from plugdesk.tickets.models import Ticket as Row

    wanted = list(wanted)
    if not wanted:
        return {}
    facts = values_of_customer(ticket.channel, ticket.customer)
    registry = runtime_of(session).registry
    asked = [name for name in wanted if name in registry.facts and ticket.form.has(registry.owner("facts", name))]
    if asked:
        query = sa.select(*(registry.facts[name].sql(Row) for name in asked)).where(Row.id == ticket.id)
        facts |= dict(zip(asked, session.execute(query).one(), strict=True))
    return facts


def fact_value(kind: FieldKind, value: Any) -> Any:
    """The value of a field of this kind as conditions compare it; None where it does not fit the kind any more."""
    if value is None:
        return None
    try:
        as_fact: Callable[[Any], Any] = _AS_FACT.get(kind, _as_text)
        return as_fact(value)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _as_id(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _as_moment(value: Any) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _as_number(value: Any) -> float | int | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


_AS_FACT: Mapping[FieldKind, Callable[[Any], Any]] = {
    FieldKind.NUMBER: _as_number,
    FieldKind.MONEY: lambda value: float(value["amount"]),
    FieldKind.DATE: date.fromisoformat,
    FieldKind.DATE_TIME: _as_moment,
    FieldKind.CHOICES: lambda value: value if isinstance(value, list) else None,
    FieldKind.CHECK: lambda value: value is True,
    FieldKind.FILE: bool,
    FieldKind.CUSTOMER: bool,
    FieldKind.PERSON: _as_id,
    FieldKind.GROUP: _as_id,
}


def _filled(field: Field) -> str:
    return pgettext("fact", "%(label)s is filled in", label=field.label)


def _choices(session: Session, form: Form, field: Field) -> Sequence[tuple[Any, str]]:
    if field.kind.has_choices:
        return [(each["code"], each["label"]) for each in field.choices]
    if field.kind is FieldKind.PERSON:
        return [(agent.id, agent.name) for agent in agents_of_form(session, form)]
    if field.kind is FieldKind.GROUP:
        return [(group.id, group.name) for group in all_groups(session)]
    return ()
