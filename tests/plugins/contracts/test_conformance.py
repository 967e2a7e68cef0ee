"""Contracts pass what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "contracts"


def fill(ctx, ticket, text):
    from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, set_terms
    from plugdesk_contracts.members import add_folder, add_member
    from plugdesk_contracts.models import TicketContract

    text = " ".join(text.split())[:60] or f"Nothing {ticket.id}"
    contract = add_contract(ctx, ContractInput(f"{text} {ticket.id}", tag=text[:30]), by=None)
    set_terms(ctx, contract, ctx.form, TermsInput(), by=None, version=0)
    add_member(ctx, contract, ticket.customer, folder=add_folder(ctx, contract, text[:80], by=None), by=None)
    terms = ctx.db.get(TicketContract, ticket.id)
    if terms is None:
        terms = TicketContract(ticket_id=ticket.id)
        ctx.db.add(terms)
    terms.contract = contract
    ctx.db.flush()
