"""The contract of a ticket as facts: conditions, filters and rules ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Context, Fact, Ticket, User, lazy_gettext
from plugdesk_contracts.models import Contract, TicketContract
from plugdesk_contracts.settling import expected

NONE, ANY = ("none", "нет"), ("any", "есть")


def contract_of(ticket: Any) -> sa.ColumnElement[Any]:
    """The contract's id as a text, which is its code."""
    found = sa.select(sa.cast(TicketContract.contract_id, sa.Text)).where(TicketContract.ticket_id == ticket.id)
    return found.correlate(ticket).scalar_subquery()


def rating_of(ticket: Any) -> sa.ColumnElement[Any]:
    """The contract's rating."""
    found = sa.select(Contract.rating).join(TicketContract, TicketContract.contract_id == Contract.id)
    return found.where(TicketContract.ticket_id == ticket.id).correlate(ticket).scalar_subquery()


def choices(session: Session) -> Sequence[tuple[str, str]]:
    """Every contract by its code and name."""
    query = sa.select(Contract.id, Contract.name).order_by(Contract.rating.desc(), Contract.folded)
    return [(str(number), name) for number, name in session.execute(query)]


def contract_before(ctx: Context, customer: User) -> str | None:
    """The code of the contract a new request of `customer` would fall under."""
    contract = expected(ctx, customer)
    return str(contract.id) if contract is not None else None


def rating_before(ctx: Context, customer: User) -> int | None:
    """Its rating."""
    contract = expected(ctx, customer)
    return contract.rating if contract is not None else None


def mark_of(ticket: Any) -> sa.ColumnElement[Any]:
    """What a list shows of the contract, for `panel.cell`."""
    shown = Contract.tone + " " + Contract.tag + "\n" + Contract.name
    found = sa.select(shown).join(TicketContract, TicketContract.contract_id == Contract.id)
    return found.where(TicketContract.ticket_id == ticket.id).correlate(ticket).scalar_subquery()


FACTS = (
    Fact("contract", lazy_gettext("Contract"), "choice", contract_of, choices_in=choices, before_opening=contract_before),
    Fact("contract_rating", lazy_gettext("Rating of the contract"), "number", rating_of, before_opening=rating_before),
    Fact("contract_mark", lazy_gettext("Contract"), "text", mark_of, offered=False),
)


def search(ctx: Context, viewer: User, value: str) -> sa.ColumnElement[bool] | None:
    """`contract:vip`: part of a contract's name or tag, any or none."""
    under = sa.select(TicketContract.ticket_id).where(TicketContract.contract_id.is_not(None))
    if value.lower() in NONE:
        return Ticket.id.not_in(under)
    if value.lower() not in ANY:
        part = value.lower()
        named = sa.or_(*(sa.func.lower(each).contains(part, autoescape=True) for each in (Contract.name, Contract.tag)))
        under = under.where(TicketContract.contract_id.in_(sa.select(Contract.id).where(named)))
    return Ticket.id.in_(under)
