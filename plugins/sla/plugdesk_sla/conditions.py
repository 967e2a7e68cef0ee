"""What the condition of a policy can ask about, and its values for one ticket or for many."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from plugdesk.api import (
    AllOf,
    Condition,
    Context,
    Form,
    OfferedFact,
    Ticket,
    ValueType,
    contributed_facts,
    contributed_values,
    field_values,
    offered_facts,
    own_types,
    parse_condition,
    values_of_customer,
)
from plugdesk.api import gettext as _

NAME, ADDRESS, SUBJECT = "customer.name", "customer.address", "ticket.subject"
OWN = frozenset({"deadline", "deadline_of", "sla_state", "breached"})  # what a policy decides is nothing to decide it by
ALWAYS = AllOf(())


def types_of(ctx: Context, form: Form) -> dict[str, ValueType]:
    """Every fact a stored condition can name, with its type. Asks the database nothing."""
    contributed = {name: fact.type for name, fact in contributed_facts(ctx.db, form).items() if name not in OWN}
    return own_types(form.fields) | contributed | {NAME: "text", ADDRESS: "text", SUBJECT: "text"}


def offered(ctx: Context, form: Form) -> dict[str, OfferedFact]:
    """Every fact as the editor offers it, under its heading."""
    known = {name: fact for name, fact in offered_facts(ctx.db, form).items() if name not in OWN}
    about = known["ticket.channel"].group
    own = [
        OfferedFact(SUBJECT, _("Subject"), "text", (), about),
        OfferedFact(NAME, _("Customer's name"), "text", (), about),
        OfferedFact(ADDRESS, _("Customer's e-mail address"), "text", (), about),
    ]
    return known | {each.name: each for each in own}


def read_condition(ctx: Context, form: Form, stored: Mapping[str, Any] | None) -> Condition:
    """A stored condition; none holds always, and a fact that is gone never holds."""
    return parse_condition(stored, types_of(ctx, form), lost_facts=True) if stored else ALWAYS


def values_of(
    ctx: Context, form: Form, tickets: Sequence[Ticket], wanted: Collection[str], values: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[str, Any]]:
    """The values of the `wanted` facts of tickets of `form`, by ticket; `values` are their fields' where they are not stored yet."""
    if not wanted:
        return {each.id: {} for each in tickets}
    fields = [field for field in form.fields if f"field.{field.code}" in wanted]
    found: dict[int, dict[str, Any]] = {}
    for ticket in tickets:
        known = values_of_customer(ticket.channel, ticket.customer)
        known |= {SUBJECT: ticket.subject, NAME: ticket.customer.name}
        if ADDRESS in wanted:
            known[ADDRESS] = ticket.customer.address("email")
        found[ticket.id] = known | field_values(fields, values.get(ticket.id, ticket.values))
    for number, more in contributed_values(ctx.db, form, list(found), wanted).items():
        found[number] |= more
    return found
