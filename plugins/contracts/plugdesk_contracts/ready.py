"""Two contracts to look at: around the clock for a few, five days a week for others, by the ordinary commands."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from plugdesk.api import (
    BusinessHours,
    Context,
    Field,
    Form,
    Organization,
    User,
    add_business_hours,
    all_business_hours,
)
from plugdesk.api import gettext as _
from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, set_terms
from plugdesk_contracts.members import add_folder, add_member
from plugdesk_contracts.models import Contract
from plugdesk_contracts.queries import all_contracts, link_of

VIPS, OTHERS = 2, 4  # organizations in each


def add_examples(ctx: Context, *, by: User) -> None:
    """The two contracts, where there are none yet, acting on this form; the desk's first organizations are in them."""
    form = ctx.form
    assert form is not None
    contracts = list(all_contracts(ctx.db)) or _two(ctx, form, by)
    for contract, hours in zip(contracts, ("4", "16"), strict=False):
        if link_of(ctx.db, contract.id, form.id) is None:
            set_terms(ctx, contract, form, _terms(form, hours), by=by, version=0)


def _two(ctx: Context, form: Form, by: User) -> list[Contract]:
    office = _office(ctx, by)
    group = form.responsible_group_id
    who = f"group-{group}" if group else ""
    vip = ContractInput(_("VIP 24/7"), tag=_("VIP 24/7"), tone="amber", rating="100", who=who)
    usual = ContractInput(_("Support 5/2"), tag=_("5/2"), tone="teal", rating="0", who=who, hours=str(office.id))
    contracts = [add_contract(ctx, each, by=by) for each in (vip, usual)]
    firms = ctx.db.scalars(sa.select(Organization).order_by(Organization.name).limit(VIPS + OTHERS)).all()
    branches = add_folder(ctx, contracts[1], _("Branches"), by=by)
    for number, firm in enumerate(firms):
        if number < VIPS:
            add_member(ctx, contracts[0], firm, by=by)
        else:
            add_member(ctx, contracts[1], firm, folder=branches if number % 2 else None, by=by)
    return contracts


def _office(ctx: Context, by: User) -> BusinessHours:
    known = all_business_hours(ctx.db)
    if known:
        return known[0]
    week = {f"day-{number}": "9:00–18:00" for number in range(5)}
    return add_business_hours(ctx.db, {"name": _("Five days a week"), **week}, by=by)


def _terms(form: Form, hours: str) -> TermsInput:
    """Of the first choice field besides the priority, each type with a solution time."""
    chosen: Sequence[Field] = [each for each in form.fields if str(each.kind) == "choice"]
    priority = next((each.code for each in chosen if each.code == "priority"), "")
    kind = next((each for each in chosen if each.code != "priority"), None)
    if kind is None:
        return TermsInput(priority_field=priority)
    return TermsInput(None, kind.code, priority, [(each["code"], "", hours) for each in kind.choices])
