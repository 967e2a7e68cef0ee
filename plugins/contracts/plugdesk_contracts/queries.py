"""Questions about contracts: all of them, those of a customer, the one of a ticket, what is still open under one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from plugdesk.api import Context, NotFound, Organization, Ticket, User, runtime_of, visible_customers, visible_tickets
from plugdesk.api import gettext as _
from plugdesk_contracts.models import Contract, ContractFolder, ContractForm, Member, TicketContract

OPEN_SHOWN, PAGE = 50, 50


@dataclass(frozen=True)
class Mark:
    """A contract as it is shown on customers and tickets."""

    id: int
    name: str
    tag: str
    tone: str


def all_contracts(session: Session) -> Sequence[Contract]:
    """Every contract, the highest rating first, with the forms it acts on."""
    query = sa.select(Contract).options(joinedload(Contract.forms), joinedload(Contract.user), joinedload(Contract.group))
    return session.scalars(query.order_by(Contract.rating.desc(), Contract.folded)).unique().all()


def contract_with(session: Session, contract_id: int) -> Contract:
    """The contract with this id, or `NotFound`."""
    found = session.get(Contract, contract_id)
    if found is None:
        raise NotFound(_("There is no such contract any more."))
    return found


def member_with(session: Session, member_id: int) -> Member:
    """The entry of a customer or an organization with this id, or `NotFound`."""
    found = session.get(Member, member_id)
    if found is None:
        raise NotFound(_("They are no longer in this contract."))
    return found


def folder_with(session: Session, folder_id: int) -> ContractFolder:
    """The folder with this id, or `NotFound`."""
    found = session.get(ContractFolder, folder_id)
    if found is None:
        raise NotFound(_("There is no such folder any more."))
    return found


def folders_of(session: Session, contract: Contract) -> Sequence[ContractFolder]:
    """All folders of a contract, by name."""
    return session.scalars(
        sa.select(ContractFolder)
        .where(ContractFolder.contract_id == contract.id)
        .order_by(ContractFolder.name, ContractFolder.id)
    ).all()


def today(session: Session) -> date:
    """The day it is on the desk."""
    runtime = runtime_of(session)
    return runtime.clock.now().astimezone(ZoneInfo(runtime.desk(session).zone)).date()


def takes_requests(day: date | sa.BindParameter[date]) -> sa.ColumnElement[bool]:
    """Which contracts take new requests on `day`."""
    begun = sa.or_(Contract.since.is_(None), Contract.since <= day)
    return sa.and_(Contract.is_on, begun, sa.or_(Contract.until.is_(None), Contract.until >= day))


def offered_to(ctx: Context, customer: User, form_id: int) -> list[tuple[Contract, ContractForm]]:
    """The contracts of a customer that act on a form now: their own, then the organization's, the highest rating first."""
    ctx.db.flush()  # whoever was made a member a moment ago counts
    who = {"user_id": customer.id, "organization_id": customer.organization_id}
    if ctx.db.connection().scalar(_MEMBER, who) is None:  # as most are, and every letter comes by here
        return []
    about = who | {"form_id": form_id, "day": today(ctx.db)}
    return [(contract, link) for contract, link in ctx.db.execute(_OFFERED, about)]


# Built once: every letter asks them.
_THEIR_OWN = Member.user_id == sa.bindparam("user_id")
_WITH_THEM = sa.or_(_THEIR_OWN, Member.organization_id == sa.bindparam("organization_id"))
_MEMBER = sa.select(Member.contract_id).where(_WITH_THEM).limit(1)
_RANKED = (
    sa.select(Member.contract_id, sa.func.max(sa.case((_THEIR_OWN, 1), else_=0)).label("own"))
    .where(_WITH_THEM)
    .group_by(Member.contract_id)
    .subquery()
)
_OFFERED = (
    sa.select(Contract, ContractForm)
    .join(ContractForm, ContractForm.contract_id == Contract.id)
    .join(_RANKED, _RANKED.c.contract_id == Contract.id)
    .where(ContractForm.form_id == sa.bindparam("form_id"), takes_requests(sa.bindparam("day", type_=sa.Date)))
    .order_by(_RANKED.c.own.desc(), Contract.rating.desc(), Contract.id)
)


def acting_on(ctx: Context, form_id: int) -> list[Contract]:
    """The contracts that act on a form and take requests now."""
    query = sa.select(Contract).join(ContractForm, ContractForm.contract_id == Contract.id)
    query = query.where(ContractForm.form_id == form_id, takes_requests(today(ctx.db)))
    return list(ctx.db.scalars(query.order_by(Contract.rating.desc(), Contract.folded)))


def terms_of(ctx: Context, ticket: Ticket) -> TicketContract | None:
    """Under which contract the ticket falls."""
    return ctx.db.get(TicketContract, ticket.id)


def link_of(session: Session, contract_id: int, form_id: int) -> ContractForm | None:
    """What a contract does on a form, if it acts there."""
    return session.get(ContractForm, (contract_id, form_id))


def contracts_of(session: Session, ticket_ids: Collection[int]) -> dict[int, Contract]:
    """The contracts that tickets fall under, with their hours, by the tickets' ids; one query."""
    query = sa.select(TicketContract.ticket_id, Contract).join(Contract, Contract.id == TicketContract.contract_id)
    found = session.execute(query.where(TicketContract.ticket_id.in_(ticket_ids)).options(joinedload(Contract.hours)))
    return {number: contract for number, contract in found}


def links_on(session: Session, form_id: int, contract_ids: Collection[int]) -> dict[int, ContractForm]:
    """What contracts do on a form, by the contracts' ids; one query."""
    query = sa.select(ContractForm).where(ContractForm.form_id == form_id, ContractForm.contract_id.in_(contract_ids))
    return {each.contract_id: each for each in session.scalars(query)}


def type_of(link: ContractForm | None, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a contract promises for the type that a ticket's values say."""
    code = values.get(link.type_field) if link is not None and link.type_field else None
    return next((each for each in link.types if each["type"] == code), None) if link is not None and code else None


def marks_of_customers(session: Session, customers: Collection[User]) -> dict[int, list[Mark]]:
    """The contracts customers are in, of their own or by their organization, by the customers' ids; one query."""
    columns = (Member.user_id, Member.organization_id, Contract.id, Contract.name, Contract.tag, Contract.tone)
    firms = {each.organization_id for each in customers if each.organization_id is not None}
    where = sa.or_(Member.user_id.in_([each.id for each in customers]), Member.organization_id.in_(firms))
    query = sa.select(*columns).join(Contract, Contract.id == Member.contract_id).where(where)
    found = session.execute(query.order_by(Contract.rating.desc(), Contract.folded)).all()
    marks: dict[int, dict[Mark, None]] = {each.id: {} for each in customers}
    for user, firm, number, name, tag, tone in found:
        for each in customers:
            if user == each.id or (firm is not None and firm == each.organization_id):
                marks[each.id][Mark(number, name, tag, tone)] = None
    return {number: list(each) for number, each in marks.items()}


def open_under(session: Session, contract_id: int, member: Member | None = None) -> sa.Select[Any]:
    """A query of the open tickets under a contract; of one customer or organization, where it is given."""
    query = (
        sa.select(Ticket)
        .join(TicketContract, TicketContract.ticket_id == Ticket.id)
        .where(TicketContract.contract_id == contract_id, Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None))
        .where(Ticket.merged_into_id.is_(None))
    )
    if member is not None and member.user_id is not None:
        query = query.where(Ticket.customer_id == member.user_id)
    elif member is not None:
        people = sa.select(User.id).where(User.organization_id == member.organization_id)
        query = query.where(Ticket.customer_id.in_(people))
    return query


def open_of(session: Session, contract_id: int, members: Collection[Member]) -> sa.Select[Any]:
    """A query of the open tickets under a contract of any of these customers and organizations."""
    people = [each.user_id for each in members if each.user_id is not None]
    firms = [each.organization_id for each in members if each.organization_id is not None]
    theirs = sa.select(User.id).where(sa.or_(User.id.in_(people), User.organization_id.in_(firms)))
    return open_under(session, contract_id).where(Ticket.customer_id.in_(theirs))


@dataclass(frozen=True)
class MembersAfter:
    """Where the next page of a contract's customers begins: after this name and id."""

    name: str
    id: int


def members_in(
    session: Session, viewer: User, contract: Contract, folder: ContractFolder | None, after: MembersAfter | None = None
) -> tuple[Sequence[Member], MembersAfter | None]:
    """A page of who is in a folder of a contract, or at its top, by name, as far as `viewer` works with them; the next one's key."""
    name = sa.func.coalesce(User.name, Organization.name)
    query = sa.select(Member, name).outerjoin(User, User.id == Member.user_id).where(Member.contract_id == contract.id)
    query = query.outerjoin(Organization, Organization.id == Member.organization_id)
    query = query.where(Member.folder_id == folder.id if folder else Member.folder_id.is_(None))
    query = query.where(_works_with(session, viewer))
    if after is not None:
        query = query.where(sa.or_(name > after.name, sa.and_(name == after.name, Member.id > after.id)))
    query = query.options(joinedload(Member.user), joinedload(Member.organization), joinedload(Member.following))
    found = session.execute(query.order_by(name, Member.id).limit(PAGE + 1)).all()
    key = MembersAfter(found[PAGE - 1][1], found[PAGE - 1][0].id) if len(found) > PAGE else None
    return [member for member, _name in found[:PAGE]], key


def chosen_members(session: Session, viewer: User, contract: Contract, numbers: Collection[int]) -> Sequence[Member]:
    """The entries of a contract with these ids, by id. `NotFound` where one is gone, or of somebody `viewer` does not work with."""
    query = sa.select(Member).where(Member.id.in_(numbers), Member.contract_id == contract.id, _works_with(session, viewer))
    found = session.scalars(query.options(joinedload(Member.user), joinedload(Member.organization)).order_by(Member.id)).all()
    if len(found) != len(set(numbers)):
        raise NotFound(_("They are no longer in this contract."))
    return found


def open_of_members(
    session: Session, contract: Contract, members: Collection[Member], *, viewer: User | None = None
) -> dict[int, int]:
    """How many requests are open of each of them, of those that `viewer` may see or of all, by the entries' ids; one query."""
    query = open_of(session, contract.id, members).join(User, User.id == Ticket.customer_id)
    if viewer is not None:
        query = query.where(visible_tickets(session, viewer))
    counted = query.with_only_columns(User.id, User.organization_id, sa.func.count()).group_by(User.id, User.organization_id)
    rows = session.execute(counted).all()
    return {
        each.id: sum(
            n for person, firm, n in rows if (person if each.user_id else firm) == (each.user_id or each.organization_id)
        )
        for each in members
    }


def open_by_contract(session: Session, viewer: User) -> dict[int, int]:
    """How many requests are open under each contract, of those that `viewer` may see, by its id; one query."""
    open_ones = (Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None), Ticket.merged_into_id.is_(None))
    query = sa.select(TicketContract.contract_id, sa.func.count()).join(Ticket, Ticket.id == TicketContract.ticket_id)
    query = query.where(TicketContract.contract_id.is_not(None), *open_ones, visible_tickets(session, viewer))
    query = query.group_by(TicketContract.contract_id)
    return {number: count for number, count in session.execute(query) if number is not None}


def _works_with(session: Session, viewer: User) -> sa.ColumnElement[bool]:
    """Which entries `viewer` sees: of customers they work with, and of organizations of such."""
    if viewer.is_admin:
        return sa.true()
    seen = visible_customers(session, viewer)
    people, firms = sa.select(User.id).where(seen), sa.select(User.organization_id).where(seen)
    return sa.or_(Member.user_id.in_(people), Member.organization_id.in_(firms))


def number_open(session: Session, contract_id: int, member: Member | None = None) -> int:
    """How many those are."""
    query = open_under(session, contract_id, member).with_only_columns(sa.func.count())
    return session.scalar(query) or 0
