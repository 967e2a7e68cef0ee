"""Taking back an import: exactly what it made goes, as long as nobody has touched it; what stays says why."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from plugdesk.api import Context, Identity, User, delete_unused_customers, delete_unused_organizations, referred_to
from plugdesk.api import gettext as _
from plugdesk_contracts.import_models import Import, ImportLine, ImportState, Outcome
from plugdesk_contracts.models import Member
from plugdesk_contracts.queries import open_of_members


def batch(ctx: Context, found: Import, most: int) -> None:
    """Take back the last `most` rows before `found.at`: entries in the contract, customers, then organizations."""
    own = sa.select(ImportLine).where(ImportLine.import_id == found.id, ImportLine.number <= found.at)
    made = sa.or_(ImportLine.is_made, ImportLine.member_id.is_not(None), ImportLine.organization_id.is_not(None))
    own = own.where(made, ImportLine.outcome.in_([Outcome.NEW, Outcome.KNOWN]))
    lines = ctx.db.scalars(own.options(joinedload(ImportLine.member)).order_by(ImportLine.number.desc()).limit(most)).all()
    free = _untouched(ctx, lines)
    staying = _entries(ctx, found, lines, free)
    gone = delete_unused_customers(ctx.db, free - staying, by=found.by, besides=(ImportLine,))
    for line in lines:
        _tell(line, gone, staying)
    ctx.db.flush()  # who goes is no longer named by the rows
    firms = [line.organization_id for line in lines if line.organization_id is not None]
    delete_unused_organizations(ctx.db, firms, by=found.by, besides=(ImportLine,))
    found.at = lines[-1].number - 1 if len(lines) == most else 0
    if found.at == 0:
        found.state = ImportState.UNDONE


def _untouched(ctx: Context, lines: Sequence[ImportLine]) -> set[int]:
    """The customers made by these rows who are as they were made: the card, the contacts, and nothing that points at them."""
    made = {line.user_id: line.contacts for line in lines if line.is_made and line.user_id is not None}
    unchanged = set(ctx.db.scalars(sa.select(User.id).where(User.id.in_(made), User.version == 1)))
    counted = sa.select(Identity.user_id, sa.func.count()).where(Identity.user_id.in_(unchanged)).group_by(Identity.user_id)
    same = {user_id for user_id, number in ctx.db.execute(counted) if number == made[user_id]}
    own = [line.member_id for line in lines if line.member_id is not None]
    elsewhere = sa.select(Member.user_id).where(Member.user_id.in_(same), Member.id.not_in(own))
    same -= set(ctx.db.scalars(elsewhere))
    return same - referred_to(ctx.db, User, same, besides=(ImportLine, Member))


def _entries(ctx: Context, found: Import, lines: Sequence[ImportLine], free: Collection[int]) -> set[int]:
    """Take the entries out of the contract that stand where the import has put them; returns whose stay, by the customers' ids."""
    entries = [(line, line.member) for line in lines if line.member is not None]
    placed = [
        each
        for line, each in entries
        if (each.contract_id, each.folder_id, each.leaves) == (found.contract_id, found.folder_id, False)
    ]
    counts = open_of_members(ctx.db, found.contract, placed) if found.contract is not None else {}
    staying = set[int]()
    for line, member in entries:
        in_use = member not in placed or bool(counts.get(member.id)) or (line.is_made and line.user_id not in free)
        if in_use and line.user_id is not None:
            staying.add(line.user_id)
        elif not in_use:
            line.member_id = None
            ctx.db.delete(member)
    ctx.db.flush()  # entries point at customers, who go next
    return staying


def _tell(line: ImportLine, gone: Collection[int], staying: Collection[int]) -> None:
    if line.is_made and line.user_id not in gone:
        line.outcome = Outcome.STAYS
        line.said = _("Somebody works with this customer, or has changed the card or its place in the contract: they stay.")
    elif not line.is_made and line.user_id in staying:
        line.outcome, line.said = (
            Outcome.STAYS,
            _("Requests are open under the contract, or the place in it was changed: they stay in it."),
        )
    else:
        line.outcome, line.user_id, line.is_made = Outcome.UNDONE, None, False
