"""The pages of who is in which contract: all customers with their marks, a contract's customers in folders, moving them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import joinedload

from plugdesk.api import (
    CustomersAfter,
    Invalid,
    NotFound,
    Organization,
    PlugdeskError,
    Ticket,
    User,
    all_tags,
    customer_for,
    find_customers,
    ngettext,
    organization_seen,
    row_number,
    tags_of_customers,
    visible_tickets,
)
from plugdesk.api import gettext as _
from plugdesk_contracts import members
from plugdesk_contracts.models import Contract, ContractFolder, Member
from plugdesk_contracts.queries import (
    OPEN_SHOWN,
    PAGE,
    MembersAfter,
    all_contracts,
    chosen_members,
    contract_with,
    folder_with,
    folders_of,
    marks_of_customers,
    member_with,
    members_in,
    open_of,
    open_of_members,
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
        contracts=all_contracts(db()), codes={each.id: each.code for each in all_tags(db())}, imports=me().is_admin,
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


@blueprint.post("/<int:contract_id>/moves")
@agent_only
def move(contract_id: int) -> Response:
    """Every ticked `member` to a folder (`to` folder-3), another contract (contract-7) or out (out-); open requests are listed first."""
    only_makers(db(), me())
    contract, given, ctx = contract_with(db(), contract_id), request.form, context(PLUGIN)
    folder, how = given.get("folder", ""), given.get("how", "")
    kind, _dash, raw = given.get("to", "").partition("-")
    numbers = [row_number(each) or 0 for each in given.getlist("member")[:PAGE]]
    try:
        chosen = chosen_members(db(), me(), contract, numbers)
    except NotFound as refusal:
        return _page(contract, folder, Invalid(str(refusal)), ticked=numbers)
    if not chosen or kind not in ("folder", "contract", "out"):
        said = _("Tick who is to be moved, and choose where to.")
        return _page(contract, folder, Invalid(said), ticked={each.id for each in chosen})
    if kind == "folder":
        target_folder = _folder(raw)
        for each in chosen:
            members.put_into_folder(ctx, each, target_folder, by=me())
        return _back(contract_id, raw, _moved(len(chosen)))
    target = contract_with(db(), row_number(raw) or 0) if kind == "contract" else None
    try:
        gone = members.move_members(
            ctx, contract, chosen, target, how="later" if how == "later" else "now" if how == "now" else "", by=me()
        )
    except members.StillOpen as refusal:
        return _still_open(contract, chosen, target, folder, refusal)
    return _back(contract_id, folder, " ".join(filter(None, (_moved(gone), _going_later(len(chosen) - gone)))))


def _moved(number: int) -> str:
    return ngettext("%(num)d is moved.", "%(num)d are moved.", number) if number else ""


def _going_later(number: int) -> str:
    if not number:
        return ""
    return ngettext("%(num)d goes once the last request is closed.", "%(num)d go, each once the last request is closed.", number)


@blueprint.post("/members/<int:member_id>/staying")
@agent_only
def stay(member_id: int) -> Response:
    """They do not leave after all."""
    only_makers(db(), me())
    contract = member_with(db(), member_id).contract
    member = chosen_members(db(), me(), contract, [member_id])[0]
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
    firm = organization_seen(db(), me(), organization)
    if firm is None:
        raise Invalid(_("Write the address of a customer, or the name of an organization you work with."))
    return firm


def _folder(raw: str) -> ContractFolder | None:
    number = row_number(raw)
    return folder_with(db(), number) if number is not None else None


def _back(contract_id: int, folder: str, said: str) -> Response:
    return redirect_after(url_for(".index", contract_id=contract_id, folder=folder or None), said)


def _page(contract: Contract, folder: str, refusal: PlugdeskError | None = None, *, ticked: Collection[int] = ()) -> Response:
    here = _folder(folder)
    if here is not None and here.contract_id != contract.id:
        raise NotFound(_("There is no such folder any more."))
    folders = folders_of(db(), contract)
    number = row_number(request.args.get("id", ""))
    after = MembersAfter(request.args.get("name", ""), number) if number is not None else None
    shown, key = members_in(db(), me(), contract, here, after)
    counts = open_of_members(db(), contract, shown, viewer=me())
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
        others=[(f"contract-{each.id}", each.name) for each in all_contracts(db()) if each.id != contract.id], typed=request.form, ticked=ticked, imports=me().is_admin,
    )  # fmt: skip


def _still_open(
    contract: Contract, chosen: Sequence[Member], target: Contract | None, folder: str, refusal: members.StillOpen
) -> Response:
    """What is open, as far as the reader may see it, and the two ways to go on."""
    every = open_of(db(), contract.id, refusal.members)
    seen = every.where(visible_tickets(db(), me()))
    names = joinedload(Ticket.customer, innerjoin=True), joinedload(Ticket.form, innerjoin=True)
    tickets = db().scalars(seen.options(*names).order_by(Ticket.id).limit(OPEN_SHOWN)).all()
    number, total = (db().scalar(each.with_only_columns(sa.func.count())) or 0 for each in (seen, every))
    return page(
        "contracts:open.html", status=refusal.status, contract=contract, chosen=chosen, target=target, folder=folder,
        tickets=tickets, more=number - len(tickets), unseen=total - number, words=str(refusal),
    )  # fmt: skip
