"""What conditions on a form can ask about: the values of its fields, the ticket, its customer, the facts of extensions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from babel import Locale
from sqlalchemy.orm import Session

from plugdesk.condition_words import OfferedFact, offered_fact
from plugdesk.contributions import Fact, ValueType
from plugdesk.database import Moment
from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.i18n import LANGUAGES, current_language, pgettext
from plugdesk.i18n import gettext as _
from plugdesk.plugins.executor import Failed
from plugdesk.runtime import runtime_of
from plugdesk.tags.facts import CUSTOMER_TAG, TICKET_TAG
from plugdesk.tags.queries import all_tags, codes_on_customer
from plugdesk.users.models import CustomerKind, User
from plugdesk.users.queries import agents_of_form, all_groups

if TYPE_CHECKING:
    from plugdesk.tickets.models import Ticket

CORE, FIELD = "core", "field."
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
    "customer.country": "choice",
}
_COLUMNS: Mapping[ValueType, Any] = {"moment": Moment(), "date": sa.Date(), "check": sa.Boolean()}


def types_of(session: Session, fields: Iterable[Field]) -> dict[str, ValueType]:
    """Every fact by name with its type, for reading conditions that are stored."""
    contributed = runtime_of(session).registry.facts
    return own_types(fields) | {name: fact.type for name, fact in contributed.items() if fact.offered}


def own_types(fields: Iterable[Field]) -> dict[str, ValueType]:
    """The facts that are no extension's, by name with their type: those of `fields`, of the ticket and of its customer."""
    return {FIELD + field.code: TYPES[field.kind] for field in fields} | dict(OF_TICKETS)


def contributed_facts(session: Session, form: Form) -> dict[str, Fact]:
    """The facts of the core, and of the extensions that are on for `form`, by name."""
    registry = runtime_of(session).registry
    owners = ((name, registry.owner("facts", name)) for name, fact in registry.facts.items() if fact.offered)
    return {name: registry.facts[name] for name, owner in owners if owner == CORE or form.has(owner)}


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
    tags = [(tag.code, tag.name) for tag in all_tags(session)]
    kinds = [(str(CustomerKind.PERSON), _("Person")), (str(CustomerKind.COMPANY), _("Company"))]
    offered += [
        OfferedFact("ticket.channel", _("Channel"), "choice", ways, about),
        OfferedFact("customer.organization", _("Customer's organization"), "text", (), about),
        OfferedFact("customer.kind", _("Kind of customer"), "choice", kinds, about),
        OfferedFact("customer.language", _("Customer's language"), "choice", list(LANGUAGES.items()), about),
        OfferedFact("customer.country", _("Customer's country"), "choice", _countries(), about),
        OfferedFact(TICKET_TAG, _("Tag"), "choices", tags, about),
        OfferedFact(CUSTOMER_TAG, _("Customer's tag"), "choices", tags, about),
    ]
    for name, fact in contributed_facts(session, form).items():
        plugin = runtime.registry.owner("facts", name)
        if plugin == CORE:
            continue
        manifest = runtime.registry.plugins[plugin].manifest
        offered.append(offered_fact(fact, group=_(manifest.name) if manifest else plugin, session=session))
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


def values_at_the_door(
    session: Session, form: Form, channel: str, customer: User | None, wanted: Collection[str]
) -> dict[str, Any]:
    """The `wanted` facts of a ticket of `form` that is about to be opened, besides its fields.

    Extensions say theirs as far as they know them of the customer (`Fact.before_opening`); one that fails says nothing.
    """
    if not wanted:
        return {}
    facts = values_of_customer(channel, customer)
    if customer is None:
        return facts
    if CUSTOMER_TAG in wanted:
        facts[CUSTOMER_TAG] = codes_on_customer(session, customer.id)
    runtime = runtime_of(session)
    for name, fact in contributed_facts(session, form).items():
        if name in wanted and fact.before_opening is not None:
            owner = runtime.registry.owner("facts", name)
            found = runtime.executor.know(owner, f"fact {name}", form, session, fact.before_opening, customer)
            facts |= {} if isinstance(found, Failed) else {name: found}
    return facts


def values_of_ticket(session: Session, ticket: Ticket, wanted: Collection[str]) -> dict[str, Any]:
    """The facts of a ticket besides its fields; tags, and those of extensions, among `wanted` come by one query."""
    if not wanted:
        return {}
    facts = values_of_customer(ticket.channel, ticket.customer)
    return facts | contributed_values(session, ticket.form, [ticket.id], wanted).get(ticket.id, {})


def contributed_values(
    session: Session, form: Form, tickets: Collection[int], wanted: Collection[str]
) -> dict[int, dict[str, Any]]:
    """Those of the `wanted` facts that extensions bring, and tags, of tickets of `form`, by the tickets' ids: one query, or none."""
    from plugdesk.tickets.models import Ticket as Row

    facts = {name: fact for name, fact in contributed_facts(session, form).items() if name in wanted}
    if not facts:
        return {}
    columns = [
        sa.type_coerce(fact.sql(Row), _COLUMNS[fact.type]) if fact.type in _COLUMNS else fact.sql(Row) for fact in facts.values()
    ]
    found = session.execute(sa.select(Row.id, *columns).where(Row.id.in_(tickets)))
    return {number: dict(zip(facts, known, strict=True)) for number, *known in found}


def field_values(fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of `fields`, by what a ticket has stored for them."""
    return {FIELD + field.code: fact_value(field.kind, values.get(field.code)) for field in fields}


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


def _countries() -> list[tuple[str, str]]:
    names = Locale(current_language()).territories
    return sorted(((code, name) for code, name in names.items() if len(code) == 2 and code.isalpha()), key=lambda pair: pair[1])


def _choices(session: Session, form: Form, field: Field) -> Sequence[tuple[Any, str]]:
    if field.kind.has_choices:
        return [(each["code"], each["label"]) for each in field.choices]
    if field.kind is FieldKind.PERSON:
        return [(agent.id, agent.name) for agent in agents_of_form(session, form)]
    if field.kind is FieldKind.GROUP:
        return [(group.id, group.name) for group in all_groups(session)]
    return ()
