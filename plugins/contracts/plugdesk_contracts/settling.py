"""Which contract a ticket falls under, and what follows from it: rank and priority. Asked while the ticket is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from plugdesk.api import (
    Condition,
    Context,
    Form,
    OfferedFact,
    Terms,
    Ticket,
    User,
    contributed_facts,
    contributed_values,
    facts_in,
    field_values,
    matches,
    offered_facts,
    own_types,
    parse_condition,
    values_at_the_door,
    values_of_customer,
)
from plugdesk.api import gettext as _
from plugdesk_contracts.models import Contract, ContractForm, TicketContract
from plugdesk_contracts.queries import contracts_of, link_of, links_on, offered_to, terms_of, type_of

ADDRESS, NAME = "customer.address", "customer.name"
OWN = {"contract", "contract_rating"}  # what a contract decides is nothing to decide it by


def settle(ctx: Context, ticket: Ticket, settled: Mapping[str, Any], occasion: str) -> Mapping[str, Any] | None:
    """Find the contract when the ticket is opened or comes from another form; follow its type whenever that changes."""
    terms = terms_of(ctx, ticket) if occasion != "opened" else None
    stays = terms is not None and terms.by_hand and _acts(ctx, terms, ticket)
    if not stays and (occasion in ("opened", "moved") or (occasion == "again" and terms is None)):
        terms = _choose(ctx, ticket, settled, terms)
    if terms is None:
        return None
    if terms.contract is None:
        return {**settled, "rank": 0}
    return follow(ctx, ticket, terms, settled)


def follow(ctx: Context, ticket: Ticket, terms: TicketContract, settled: Mapping[str, Any]) -> Mapping[str, Any]:
    """What follows from the contract for the ticket: its rank, and the priority its type has.

    A priority that somebody has chosen since, though the type is the same, stays.
    """
    contract = terms.contract
    assert contract is not None
    link, values = link_of(ctx.db, contract.id, ticket.form_id), dict(settled["values"])
    said = type_of(link, values)
    if link is not None and said is not None and said["type"] != terms.type:
        if said["priority"] and _may_set(ticket.form, link, said["priority"]):
            values[link.priority_field] = said["priority"]
        terms.type, terms.priority = said["type"], said["priority"]
    return {**settled, "rank": contract.rating, "values": values}


def terms(ctx: Context, tickets: Sequence[Ticket], values: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Terms]:
    """What the contracts of these tickets promise for their types, by the tickets' ids; two queries, however many there are."""
    found = contracts_of(ctx.db, [each.id for each in tickets])
    if not found or ctx.form is None:
        return {}
    links = links_on(ctx.db, ctx.form.id, {each.id for each in found.values()})
    promised: dict[int, Terms] = {}
    for ticket in tickets:
        contract = found.get(ticket.id)
        if contract is not None:
            said = type_of(links.get(contract.id), values.get(ticket.id, ticket.values))
            promised[ticket.id] = Terms(contract.name, contract.hours, said["minutes"] if said else None)
    return promised


def offered(ctx: Context, form: Form) -> dict[str, OfferedFact]:
    """Every fact the condition of a contract on this form can name."""
    known = {name: fact for name, fact in offered_facts(ctx.db, form).items() if name not in OWN}
    about = known["ticket.channel"].group
    own = [
        OfferedFact(NAME, _("Customer's name"), "text", (), about),
        OfferedFact(ADDRESS, _("Customer's e-mail address"), "text", (), about),
    ]
    return known | {each.name: each for each in own}


def expected(ctx: Context, customer: User) -> Contract | None:
    """The contract a request of `customer` would fall under, by what is known before it is opened: nothing of its fields or channel."""
    form = ctx.form
    assert form is not None, "Contracts act on forms."
    for contract, link in offered_to(ctx, customer, form.id):
        condition = _condition(ctx, form, link)
        known = values_at_the_door(ctx.db, form, "", customer, facts_in(condition) - OWN) if condition else {}
        if condition is None or _matches(ctx, condition, customer, known):
            return contract
    return None


def holds(ctx: Context, ticket: Ticket, link: ContractForm, values: Mapping[str, Any]) -> bool:
    """Whether a contract's condition on the form holds for the ticket with these values; one without holds always."""
    form = ticket.form
    condition = _condition(ctx, form, link)
    if condition is None:
        return True
    found = values_of_customer(ticket.channel, ticket.customer) | field_values(form.fields, values)
    found |= contributed_values(ctx.db, form, [ticket.id], facts_in(condition)).get(ticket.id, {})
    return _matches(ctx, condition, ticket.customer, found)


def _condition(ctx: Context, form: Form, link: ContractForm) -> Condition | None:
    if link.condition is None:
        return None
    types = own_types(form.fields) | {name: fact.type for name, fact in contributed_facts(ctx.db, form).items()}
    return parse_condition(link.condition, types | {NAME: "text", ADDRESS: "text"}, lost_facts=True)


def _matches(ctx: Context, condition: Condition, customer: User, found: Mapping[str, Any]) -> bool:
    about = {NAME: customer.name, ADDRESS: customer.address("email")}
    return matches(condition, {**found, **about}, now=ctx.now, zone=ZoneInfo(ctx.desk.zone))


def _choose(ctx: Context, ticket: Ticket, settled: Mapping[str, Any], terms: TicketContract | None) -> TicketContract | None:
    ctx.db.flush()  # the ticket's id
    chosen: Contract | None = None
    for contract, link in offered_to(ctx, ticket.customer, ticket.form_id):
        if holds(ctx, ticket, link, settled["values"]):
            chosen = contract
            break
    if terms is None:
        if chosen is None:
            return None
        terms = terms_of(ctx, ticket)
    if terms is None:
        terms = TicketContract(ticket_id=ticket.id)
        ctx.db.add(terms)
    terms.contract, terms.contract_id = chosen, chosen.id if chosen else None
    terms.by_hand, terms.type, terms.priority = False, "", ""
    return terms


def _acts(ctx: Context, terms: TicketContract, ticket: Ticket) -> bool:
    return terms.contract_id is None or link_of(ctx.db, terms.contract_id, ticket.form_id) is not None


def _may_set(form: Form, link: ContractForm, priority: str) -> bool:
    field = form.field(link.priority_field)
    return field is not None and any(each["code"] == priority for each in field.choices)
