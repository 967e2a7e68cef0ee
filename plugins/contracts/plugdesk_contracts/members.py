"""Who is in a contract, in which folder, and going to another one. Commands: they never commit.

Whoever has requests open under a contract does not simply go: either once the last one is closed, or now, those being finished
under the old terms.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import sqlalchemy as sa

from plugdesk.api import Context, Invalid, Organization, Ticket, User, format_list, ngettext, storable
from plugdesk.api import gettext as _
from plugdesk_contracts.models import Contract, ContractFolder, Member
from plugdesk_contracts.queries import number_open, open_of_members
from plugdesk_contracts.rights import only_makers

LONGEST_FOLDER, MOST_FOLDERS, DEEPEST = 80, 500, 8
NAMED = 3  # of those who cannot go yet
How = Literal["", "later", "now"]


class StillOpen(Invalid):
    """They cannot go: requests of these `members` are open under the contract."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        names = format_list([each.name for each in members[:NAMED]])
        super().__init__(
            ngettext(
                "%(names)s has requests open under this contract: nobody is moved yet.",
                "%(names)s have requests open under this contract: nobody is moved yet.",
                len(members),
                names=names,
            )
            if len(members) <= NAMED
            else _("%(number)s of them have requests open under this contract: nobody is moved yet.", number=len(members))
        )


def add_member(
    ctx: Context, contract: Contract, holder: User | Organization, *, folder: ContractFolder | None = None, by: User | None
) -> Member:
    """Put a customer, or an organization with all its people, into a contract. Raises `Invalid` where they are in it already."""
    only_makers(ctx.db, by)
    own = Member.user_id if isinstance(holder, User) else Member.organization_id
    ctx.db.execute(sa.select(Contract.id).where(Contract.id == contract.id).with_for_update())  # two who add the same one
    if ctx.db.scalar(sa.select(Member.id).where(Member.contract_id == contract.id, own == holder.id).limit(1)):
        raise Invalid(_("%(name)s is in this contract already.", name=holder.name))
    member = Member(contract_id=contract.id, folder_id=_folder_here(contract, folder))
    setattr(member, own.key, holder.id)
    ctx.db.add(member)
    ctx.db.flush()  # the entry's id
    said = _("Put %(who)s into the contract “%(name)s”", who=holder.name, name=contract.name)
    ctx.journal("contract_member_added", actor=by, contract_id=contract.id, said=said)
    return member


def add_members(
    ctx: Context, contract: Contract, customers: Collection[int], *, folder: ContractFolder | None = None, by: User | None
) -> dict[int, Member]:
    """Put many customers, by number, into a contract; returns the new entries by them. Those who are in it already stay where they are."""
    only_makers(ctx.db, by)
    ctx.db.execute(sa.select(Contract.id).where(Contract.id == contract.id).with_for_update())  # two who add the same ones
    inside = set(
        ctx.db.scalars(sa.select(Member.user_id).where(Member.contract_id == contract.id, Member.user_id.in_(customers)))
    )
    place = _folder_here(contract, folder)
    added = {each: Member(contract_id=contract.id, folder_id=place, user_id=each) for each in customers if each not in inside}
    ctx.db.add_all(added.values())
    ctx.db.flush()  # the entries' ids
    return added


def put_into_folder(ctx: Context, member: Member, folder: ContractFolder | None, *, by: User | None) -> None:
    """Within a contract they move freely; None is its top."""
    only_makers(ctx.db, by)
    member.folder_id = _folder_here(member.contract, folder)
    ctx.db.flush()  # for the page that comes back


def move_members(
    ctx: Context, contract: Contract, members: Sequence[Member], to: Contract | None, *, how: How = "", by: User | None
) -> int:
    """Take `members` of a contract to another one, or (None) out of it: all of them. Returns how many have gone already.

    Where requests are open under it that raises `StillOpen` and nobody goes, unless `how` says that those go "later", with the
    last one closed, or "now": what is open ends under the old terms.
    """
    only_makers(ctx.db, by)
    if to is contract:
        raise Invalid(_("They are in this contract already."))
    counts = open_of_members(ctx.db, contract, members)
    if how == "" and (open_ones := [each for each in members if counts[each.id]]):
        raise StillOpen(open_ones)
    stay_for_now = [each for each in members if counts[each.id] and how == "later"]
    for member in stay_for_now:
        member.leaves, member.next_id = True, to.id if to else None
        said = _("%(who)s leaves the contract “%(name)s” with the last request", who=member.name, name=contract.name)
        ctx.journal("contract_member_leaves", actor=by, contract_id=contract.id, said=said)
    ctx.db.flush()  # for the page that comes back
    going = [each for each in members if each not in stay_for_now]
    for member in going:
        _go(ctx, member, to, by)
    return len(going)


def stay(ctx: Context, member: Member, *, by: User | None) -> None:
    """They do not leave after all."""
    only_makers(ctx.db, by)
    member.leaves, member.next_id = False, None
    ctx.db.flush()  # for the page that comes back


def let_leave(ctx: Context, ticket: Ticket | None = None) -> int:
    """Those who were to leave with their last request do, where it is closed; of one ticket's customer, or all. How many."""
    leaving = sa.select(Member).where(Member.leaves)
    if ticket is not None:
        whose = [Member.user_id == ticket.customer_id]
        if ticket.customer.organization_id is not None:
            whose.append(Member.organization_id == ticket.customer.organization_id)
        leaving = leaving.where(sa.or_(*whose))
    gone = 0
    for member in ctx.db.scalars(leaving).all():
        if not number_open(ctx.db, member.contract_id, member):
            _go(ctx, member, member.following, None)
            gone += 1
    return gone


def add_folder(
    ctx: Context, contract: Contract, name: str, *, parent: ContractFolder | None = None, by: User | None
) -> ContractFolder:
    """A folder at the top of a contract, or within another. Raises `Invalid`."""
    only_makers(ctx.db, by)
    own = (
        ctx.db.scalar(sa.select(sa.func.count()).select_from(ContractFolder).where(ContractFolder.contract_id == contract.id))
        or 0
    )
    if own >= MOST_FOLDERS:
        raise Invalid(_("A contract has at most %(most)s folders.", most=MOST_FOLDERS))
    folder = ContractFolder(contract_id=contract.id, parent_id=_folder_here(contract, parent), name=_folder_name(name))
    if parent is not None and len(path_of(ctx, parent)) >= DEEPEST:
        raise Invalid(_("Folders lie at most %(most)s deep.", most=DEEPEST))
    ctx.db.add(folder)
    ctx.db.flush()  # the folder's id
    return folder


def rename_folder(ctx: Context, folder: ContractFolder, name: str, *, by: User | None) -> None:
    """Give a folder another name."""
    only_makers(ctx.db, by)
    folder.name = _folder_name(name)


def delete_folder(ctx: Context, folder: ContractFolder, *, by: User | None) -> None:
    """What is in it, folders and customers, lies one higher then."""
    only_makers(ctx.db, by)
    for kind, column in ((ContractFolder, ContractFolder.parent_id), (Member, Member.folder_id)):
        ctx.db.execute(sa.update(kind).where(column == folder.id).values({column.key: folder.parent_id}))
    ctx.db.delete(folder)
    ctx.db.flush()  # gone, for the page that comes back


def path_of(ctx: Context, folder: ContractFolder | None) -> list[ContractFolder]:
    """The folder with those it lies in, the outermost first."""
    path: list[ContractFolder] = []
    while folder is not None and folder not in path:
        path.insert(0, folder)
        folder = ctx.db.get(ContractFolder, folder.parent_id) if folder.parent_id is not None else None
    return path


def paths(folders: Sequence[ContractFolder]) -> dict[int, str]:
    """Of all folders of a contract the way to each in words, by its id: “North / Shops”."""
    known, found = {each.id: each for each in folders}, dict[int, str]()
    for each in folders:
        names, at = list[str](), known.get(each.id)
        while at is not None and len(names) <= DEEPEST:
            names.insert(0, at.name)
            at = known.get(at.parent_id) if at.parent_id is not None else None
        found[each.id] = " / ".join(names)
    return found


def _go(ctx: Context, member: Member, to: Contract | None, by: User | None) -> None:
    name, old, old_id = member.name, member.contract.name, member.contract_id
    already: Sequence[int] = ()
    if to is not None:
        own = Member.user_id == member.user_id if member.user_id is not None else Member.organization_id == member.organization_id
        already = ctx.db.scalars(sa.select(Member.id).where(Member.contract_id == to.id, own)).all()
    if to is None or already:
        ctx.db.delete(member)
    else:
        member.contract_id, member.folder_id, member.leaves, member.next_id = to.id, None, False, None
    ctx.db.flush()  # for the page that comes back
    said = _("Took %(who)s out of the contract “%(name)s”", who=name, name=old)
    if to is not None:
        said = _("Moved %(who)s from the contract “%(name)s” to “%(to)s”", who=name, name=old, to=to.name)
    ctx.journal("contract_member_moved", actor=by, contract_id=old_id, said=said)
    if member in ctx.db:
        ctx.db.refresh(member)  # its contract is another one


def _folder_here(contract: Contract, folder: ContractFolder | None) -> int | None:
    if folder is not None and folder.contract_id != contract.id:
        raise Invalid(_("This folder belongs to another contract."))
    return folder.id if folder is not None else None


def _folder_name(raw: str) -> str:
    name = " ".join(storable(raw).split())
    if not name or len(name) > LONGEST_FOLDER:
        raise Invalid(_("Give it a name of at most %(most)s characters.", most=LONGEST_FOLDER))
    return name
