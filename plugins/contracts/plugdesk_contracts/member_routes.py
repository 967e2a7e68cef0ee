"""The pages of who is in which contract: all customers with their marks, a contract's customers in folders, moving them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for

from plugdesk.api import (
    CustomersAfter,
    Invalid,
    NotFound,
    Organization,
    PlugdeskError,
    User,
    all_tags,
    customer_for,
    find_customers,
    organization_named,
    row_number,
    tags_of_customers,
    ticket_for,
    visible_customers,
    visible_tickets,
)
from plugdesk.api import gettext as _
from plugdesk_contracts import members
from plugdesk_contracts.models import Contract, ContractFolder, Member
from plugdesk_contracts.queries import (
    OPEN_SHOWN,
    MembersAfter,
    all_contracts,
    contract_with,
    folder_with,
    folders_of,
    marks_of_customers,
    member_with,
    members_in,
    number_open,
    open_of_members,
    open_under,
)
from plugdesk_contracts.rights import PLUGIN, may_make, only_makers, only_readers
from plugdesk_web.api import Pages, agent_only, context, db, me, page, redirect_after

blueprint = Blueprint("members", __name__)
PAGES = [Pages(blueprint, "app")]


@blueprint.get("/customers")
@agent_only
def everybody() -> Response:
    """The root list: every customer one sees, with the tags they have and the marks of their contracts; of one `tag` alone."""
    only_readers(db(), me())
    words, tag = request.args.get("q", "")[:200], request.args.get("tag", "")[:100]
    number = row_number(request.args.get("id", ""))
    after = CustomersAfter(request.args.get("name", ""), number) if number is not None else None
    found, key = find_customers(db(), me(), words=words, after=after, tag=tag)
    older = url_for(".everybody", q=words or None, tag=tag or None, name=key.name, id=key.id) if key else ""
    return page(
        "contracts:everybody.html", customers=found, marks=marks_of_customers(db(), found), tags=tags_of_customers(db(), found),
        q=words, tag=tag, older=older, first=url_for(".everybody", q=words or None, tag=tag or None), is_first=after is None,
        contracts=all_contracts(db()), codes={each.id: each.code for each in all_tags(db())},
    )  # fmt: skip


@blueprint.get("/<int:contract_id>/customers")
@agent_only
def index(contract_id: int) -> Response:
    """Who is in a contract, folder by folder."""
    only_readers(db(), me())
    return _page(contract_with(db(), contract_id), request.args.get("folder", ""))


@blueprint.post("/<int:contract_id>/members")
@agent_only
def add(contract_id: int) -> Response:
    """Put a customer, by address, or an organization, by name, into the contract."""
    only_makers(db(), me())
    contract, given = contract_with(db(), contract_id), request.form
    folder = given.get("folder", "")
    try:
        holder = _holder(given.get("customer", "").strip(), given.get("organization", "").strip())
        members.add_member(context(PLUGIN), contract, holder, folder=_folder(folder), by=me())
        name = holder.name
    except (Invalid, NotFound) as refusal:
        db().rollback()
        return _page(contract_with(db(), contract_id), folder, refusal)
    return _back(contract_id, folder, _("%(name)s is in the contract now.", name=name))


@blueprint.post("/members/<int:member_id>/move")
@agent_only
def move(member_id: int) -> Response:
    """To a folder (`to` folder-3), to another contract (contract-7) or out of it; open requests are listed with what can be done."""
    only_makers(db(), me())
    member, ctx = member_with(db(), member_id), context(PLUGIN)
    _only_seen(member)
    contract_id, folder, name = member.contract_id, str(member.folder_id or ""), member.name
    kind, _dash, raw = request.form.get("to", "").partition("-")
    if kind == "folder":
        members.put_into_folder(ctx, member, _folder(raw), by=me())
        return _back(contract_id, raw, _("Saved."))
    target = contract_with(db(), row_number(raw) or 0) if kind == "contract" else None
    how = request.form.get("how", "")
    try:
        gone = members.move_member(ctx, member, target, how="later" if how == "later" else "now" if how == "now" else "", by=me())
    except members.StillOpen as refusal:
        return _still_open(member, target, refusal)
    said = _("%(name)s goes once the last request is closed.", name=name)
    if gone:
        said = _("%(name)s is moved.", name=name) if target is not None else _("%(name)s is in this contract no more.", name=name)
    return _back(contract_id, folder, said)


@blueprint.post("/members/<int:member_id>/staying")
@agent_only
def stay(member_id: int) -> Response:
    """They do not leave after all."""
    only_makers(db(), me())
    member = member_with(db(), member_id)
    _only_seen(member)
    members.stay(context(PLUGIN), member, by=me())
    return _back(member.contract_id, str(member.folder_id or ""), _("Saved."))


@blueprint.post("/<int:contract_id>/folders")
@agent_only
def add_folder(contract_id: int) -> Response:
    only_makers(db(), me())
    contract, parent = contract_with(db(), contract_id), request.form.get("folder", "")
    try:
        folder = members.add_folder(context(PLUGIN), contract, request.form.get("name", ""), parent=_folder(parent), by=me())
    except Invalid as refusal:
        db().rollback()
        return _page(contract_with(db(), contract_id), parent, refusal)
    return _back(contract_id, str(folder.id), _("Saved."))


@blueprint.post("/folders/<int:folder_id>")
@agent_only
def rename_folder(folder_id: int) -> Response:
    only_makers(db(), me())
    folder = folder_with(db(), folder_id)
    contract_id = folder.contract_id
    try:
        members.rename_folder(context(PLUGIN), folder, request.form.get("name", ""), by=me())
    except Invalid as refusal:
        db().rollback()
        return _page(contract_with(db(), contract_id), str(folder_id), refusal)
    return _back(contract_id, str(folder_id), _("Saved."))


@blueprint.post("/folders/<int:folder_id>/deletion")
@agent_only
def delete_folder(folder_id: int) -> Response:
    """What is in it lies one higher then."""
    only_makers(db(), me())
    folder = folder_with(db(), folder_id)
    contract_id, parent = folder.contract_id, str(folder.parent_id or "")
    members.delete_folder(context(PLUGIN), folder, by=me())
    return _back(contract_id, parent, _("The folder is deleted; what was in it lies here."))


def _holder(customer: str, organization: str) -> User | Organization:
    if customer:
        found, _key = find_customers(db(), me(), words=customer, limit=2)
        exact = [
            each
            for each in found
            if customer.casefold() in (each.name.casefold(), *(i.value.casefold() for i in each.identities))
        ]
        number = row_number(customer)
        if len(exact) == 1:
            return exact[0]
        if number is not None:
            return customer_for(db(), me(), number)
        raise Invalid(_("Choose one customer by the address. Nobody you work with, or more than one, is called so."))
    firm = organization_named(db(), organization) if organization else None
    if firm is None or not _sees_firm(firm.id):
        raise Invalid(_("Write the address of a customer, or the name of an organization you work with."))
    return firm


def _sees_firm(organization_id: int) -> bool:
    seen = sa.select(User.id).where(User.organization_id == organization_id, visible_customers(db(), me())).limit(1)
    return me().is_admin or db().scalar(seen) is not None


def _only_seen(member: Member) -> None:
    """To whoever does not work with them there is no such entry."""
    seen = sa.select(User.id).where(User.id == member.user_id, visible_customers(db(), me()))
    if not (_sees_firm(member.organization_id) if member.organization_id is not None else db().scalar(seen)):
        raise NotFound(_("They are no longer in this contract."))


def _folder(raw: str) -> ContractFolder | None:
    number = row_number(raw)
    return folder_with(db(), number) if number is not None else None


def _back(contract_id: int, folder: str, said: str) -> Response:
    return redirect_after(url_for(".index", contract_id=contract_id, folder=folder or None), said)


def _page(contract: Contract, folder: str, refusal: PlugdeskError | None = None) -> Response:
    here = _folder(folder)
    if here is not None and here.contract_id != contract.id:
        raise NotFound(_("There is no such folder any more."))
    folders = folders_of(db(), contract)
    number = row_number(request.args.get("id", ""))
    after = MembersAfter(request.args.get("name", ""), number) if number is not None else None
    shown, key = members_in(db(), me(), contract, here, after)
    counts = open_of_members(db(), contract, shown)
    rows = [(each, counts[each.id]) for each in shown]
    older = url_for(".index", contract_id=contract.id, folder=folder or None, name=key.name, id=key.id) if key else ""
    names = members.paths(folders)
    targets = [(f"folder-{number}", name) for number, name in names.items() if here is None or number != here.id]
    targets += [("folder-", _("The top of this contract"))] if here else []
    return page(
        "contracts:members.html", status=refusal.status if refusal else 200, contract=contract, here=here,
        path=members.path_of(context(PLUGIN), here), inside=[each for each in folders if each.parent_id == (here.id if here else None)],
        rows=rows, may=may_make(db(), me()), targets=targets, words=str(refusal) if refusal else "", older=older,
        first=url_for(".index", contract_id=contract.id, folder=folder or None) if after else "",
        others=[(f"contract-{each.id}", each.name) for each in all_contracts(db()) if each.id != contract.id], typed=request.form,
    )  # fmt: skip


def _still_open(member: Member, target: Contract | None, refusal: PlugdeskError) -> Response:
    """What is open, as far as the reader may see it, and the two ways to go on."""
    query: Any = open_under(db(), member.contract_id, member).where(visible_tickets(db(), me()))
    tickets = [ticket_for(db(), me(), each.id) for each in db().scalars(query.limit(OPEN_SHOWN))]
    total = number_open(db(), member.contract_id, member)
    return page(
        "contracts:open.html",
        status=refusal.status,
        member=member,
        target=target,
        tickets=tickets,
        total=total,
        words=str(refusal),
    )
