"""The contract beside the ticket, on the customer's card and in lists; and choosing it by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for

from plugdesk.api import (
    Context,
    NotFound,
    Ticket,
    User,
    around_the_clock,
    calendar_of,
    can_run,
    format_datetime,
    row_number,
)
from plugdesk.api import gettext as _
from plugdesk_contracts.handing import choose_contract, may_be_handed
from plugdesk_contracts.models import Contract, ContractForm, TicketContract
from plugdesk_contracts.queries import (
    acting_on,
    contract_with,
    link_of,
    marks_of_customers,
    terms_of,
    type_of,
)
from plugdesk_contracts.rights import PLUGIN
from plugdesk_web.api import Button, Cell, Pages, context, form_here, me, redirect_after, ticket_to_act_on

blueprint = Blueprint("ticket", __name__)
PAGES = [Pages(blueprint, "form")]


@blueprint.post("/tickets/<int:number>/contract")
def choose(slug: str, number: int) -> Response:
    """An agent says under which contract the ticket falls."""
    form = form_here(slug)
    ticket = ticket_to_act_on(number)
    if ticket.form_id != form.id:
        raise NotFound(_("There is no such ticket on this form any more."))
    ctx, given = context(PLUGIN), row_number(request.form.get("contract", ""))
    choose_contract(ctx, ticket, contract_with(ctx.db, given) if given else None, by=me())
    return redirect_after(url_for("tickets.show", number=ticket.number), _("Saved."))


def is_under_one(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether the ticket falls under a contract."""
    return sa.exists().where(TicketContract.ticket_id == ticket.id)


def concerns(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether the ticket falls under a contract, or could."""
    return sa.or_(is_under_one(ticket), sa.exists().where(ContractForm.form_id == ticket.form_id))


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel: the contract, what it promises for this request, and the way to another one."""
    terms = terms_of(ctx, ticket)
    contract = terms.contract if terms else None
    offered = acting_on(ctx, ticket.form_id)
    if contract is not None and offered and contract not in offered:
        offered = [contract, *offered]  # it has ended meanwhile: pressing the button must not take the ticket out of it
    may = bool(offered) and can_run(ctx.db, viewer, ticket, f"{PLUGIN}:choose")
    if contract is None and not may:
        return None
    link = link_of(ctx.db, contract.id, ticket.form_id) if contract else None
    said = type_of(link, ticket.values)
    assert ctx.form is not None
    return "contracts:panel.html", {
        "contract": contract, "by_hand": bool(terms and terms.by_hand), "works": _works(ctx, contract) if contract else "",
        "minutes": said["minutes"] if said else None, "offered": offered if may else (),
        "url": f"/forms/{ctx.form.slug}/x/contracts/tickets/{ticket.number}/contract",
    }  # fmt: skip


def of_customer(ctx: Context, customer: User, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The contracts a customer is in, on their card."""
    marks = marks_of_customers(ctx.db, [customer])[customer.id]
    return ("contracts:card.html", {"marks": marks}) if marks else None


def cell(values: Mapping[str, Any]) -> Cell | None:
    """The contract's tag in a list."""
    stored = values.get("contract_mark")
    return _cell(stored) if stored else None


@lru_cache(maxsize=1024)  # lists show the same few again and again
def _cell(stored: str) -> Cell:
    shown, _line, name = stored.partition("\n")
    tone, _space, tag = shown.partition(" ")
    return Cell(tag, tone, title=name)


def marks(ctx: Context, customers: Sequence[User], viewer: User) -> Mapping[int, Sequence[Cell]]:
    """The tags of the contracts beside customers who are looked up: who calls, and on which terms."""
    found = marks_of_customers(ctx.db, customers)
    return {number: [Cell(mark.tag, mark.tone, title=mark.name) for mark in each] for number, each in found.items()}


def rights(ctx: Context) -> list[Button]:
    """What agents can do by contracts, for the matrix of rights."""
    return [
        Button("choose", _("Choose the contract"), "contract"),
        Button("hand", _("Hand to the contract's group"), "contract"),
    ]


def can_be_handed(ctx: Context, ticket: Ticket, agent: User) -> bool:
    """Whether the button stands there."""
    return may_be_handed(ctx, ticket)


def _works(ctx: Context, contract: Contract) -> str:
    calendar = calendar_of(ctx.db, contract.hours) if contract.hours else around_the_clock()
    if contract.hours is None:
        return _("Around the clock")
    if calendar.is_working(ctx.now):
        return _("%(hours)s: working now", hours=contract.hours.name)
    begins = format_datetime(calendar.next_working_moment(ctx.now))
    return _("%(hours)s: off, working again %(moment)s", hours=contract.hours.name, moment=begins)
