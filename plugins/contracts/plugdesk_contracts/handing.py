"""What agents, actions and the clock do by contracts: choosing one by hand, handing a ticket over, telling of the end of a term."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from plugdesk.api import (
    Conflict,
    Context,
    Group,
    Invalid,
    NotAllowed,
    Ticket,
    User,
    assign,
    current_language,
    format_date,
    html_of_text,
    running,
    send_letter,
    set_fields,
    settle,
    use_language,
    why_not,
)
from plugdesk.api import gettext as _
from plugdesk_contracts.models import Contract, ContractForm, TicketContract
from plugdesk_contracts.queries import acting_on, terms_of, today
from plugdesk_contracts.rights import PLUGIN
from plugdesk_contracts.settling import follow


def choose_contract(ctx: Context, ticket: Ticket, contract: Contract | None, *, by: User) -> None:
    """An agent says under which contract the ticket falls, or under none; it stays so. Raises `Invalid`, `NotAllowed`."""
    if sentence := why_not(ctx.db, by, ticket, f"{PLUGIN}:choose"):
        raise NotAllowed(sentence)
    terms = terms_of(ctx, ticket)
    if contract is not None and terms is not None and terms.contract is contract:
        terms.by_hand = True
        return
    if contract is not None and contract not in acting_on(ctx, ticket.form_id):
        raise Invalid(_("This contract takes no requests on this form. Choose another one."))
    if terms is None:
        terms = _first_terms(ctx, ticket)
    terms.contract, terms.contract_id, terms.by_hand, terms.type = contract, contract.id if contract else None, True, ""
    ticket.rank = contract.rating if contract else 0
    if contract is not None:
        settled = follow(ctx, ticket, terms, {"values": dict(ticket.values), "rank": ticket.rank})
        changes = {code: value for code, value in settled["values"].items() if ticket.values.get(code) != value}
        if changes:
            with running(ctx.db, ticket, by, f"{PLUGIN}:choose"):
                set_fields(ctx.db, ticket, changes, by=by)
    settle(ctx.db, ticket, "changed")  # what others reckon by the contract
    if contract is not None:
        said = _("Chose the contract “%(name)s”", name=contract.name)
        ctx.journal("contract_chosen", ticket=ticket, actor=by, said=said, contract=contract.name)
    else:
        ctx.journal("no_contract_chosen", ticket=ticket, actor=by, said=_("Chose no contract"))


def _first_terms(ctx: Context, ticket: Ticket) -> TicketContract:
    """Raises `Conflict` where somebody else has chosen at the same moment."""
    terms = TicketContract(ticket_id=ticket.id)
    try:
        with ctx.transaction():
            ctx.db.add(terms)
            ctx.db.flush()  # another's row is met here
    except IntegrityError:
        raise Conflict(_("Somebody else has just chosen the contract of this ticket. Look at it again.")) from None
    return terms


def responsible_of(ctx: Context, ticket: Ticket) -> User | Group | None:
    """Whom the ticket's contract names."""
    terms = terms_of(ctx, ticket)
    contract = terms.contract if terms else None
    return (contract.user or contract.group) if contract else None


def may_be_handed(ctx: Context, ticket: Ticket) -> bool:
    """Whether the contract names somebody who does not have the ticket yet."""
    responsible = responsible_of(ctx, ticket)
    return responsible is not None and responsible.id != (
        ticket.assignee_id if isinstance(responsible, User) else ticket.group_id
    )


def hand_over(ctx: Context, ticket: Ticket, by: User | None) -> str:
    """Give the ticket to the group or person of its contract; returns the sentence that says so. Raises `Invalid`."""
    responsible = responsible_of(ctx, ticket)
    if responsible is None:
        raise Invalid(_("The ticket falls under no contract that names a group or a person."))
    with running(ctx.db, ticket, by, f"{PLUGIN}:hand"):
        if isinstance(responsible, User):
            assign(ctx.db, ticket, by, assignee=responsible)
        else:
            assign(ctx.db, ticket, by, group=responsible)
    return _("The ticket is with %(name)s now.", name=responsible.name)


def tell_of_ends(ctx: Context) -> int:
    """Timer: tell the responsible of each contract on this form that its term ends soon, once for each end. How many."""
    if ctx.form is None:
        return 0
    day, told = today(ctx.db), 0
    here = sa.select(ContractForm.contract_id).where(ContractForm.form_id == ctx.form.id)
    ending = sa.select(Contract).where(Contract.id.in_(here), Contract.is_on, Contract.until >= day)
    ending = ending.where(sa.or_(Contract.noticed_until.is_(None), Contract.noticed_until != Contract.until))
    for contract in ctx.db.scalars(ending.with_for_update()).all():
        assert contract.until is not None
        if (contract.until - day).days <= contract.notice_days and _tell(ctx, contract):
            contract.noticed_until = contract.until
            told += 1
    return told


def _tell(ctx: Context, contract: Contract) -> bool:
    assert ctx.form is not None and contract.until is not None
    sent = False
    for user in _people(contract):
        with use_language(user.language or ctx.desk.language or current_language()):
            ends = format_date(contract.until)
            subject = _("The contract “%(name)s” ends on %(day)s", name=contract.name, day=ends)
            text = _("The term of the contract “%(name)s” ends on %(day)s. From then on it takes no new requests: renew it, or move its customers to another one.", name=contract.name, day=ends)  # fmt: skip
            if ctx.base_url:
                text += f"\n\n{ctx.base_url}/x/contracts/{contract.id}"
            sent = send_letter(ctx.db, ctx.form, to=user.email or "", subject=subject, html=html_of_text(text)) or sent
    return sent


def _people(contract: Contract) -> list[User]:
    """The person; of a group the supervisor, and where there is none to be reached its members."""
    group = contract.group
    circles = ([contract.user, group.supervisor if group else None], group.members if group else ())
    reached = ([each for each in people if each is not None and each.active and each.email] for people in circles)
    return next((people for people in reached if people), [])
