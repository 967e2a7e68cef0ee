"""Making, changing and ending contracts, and what they do on a form. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from plugdesk.api import (
    BusinessHours,
    Conflict,
    Context,
    Form,
    Group,
    Invalid,
    NotFound,
    User,
    ngettext,
    row_number,
    storable,
    tell_of_terms,
)
from plugdesk.api import gettext as _
from plugdesk_contracts.models import Contract, ContractForm, Member
from plugdesk_contracts.queries import number_open
from plugdesk_contracts.ranking import follow_rating
from plugdesk_contracts.rights import may_make_on, only_makers

LONGEST_NAME, LONGEST_TAG, MOST_RATING, MOST_NOTICE, MOST = 100, 30, 1_000, 365, 2_000
TONES = ("amber", "orange", "red", "plum", "accent", "teal", "green", "grey")
MOST_MINUTES = 60 * 24 * 366


@dataclass(frozen=True)
class ContractInput:
    """A contract as somebody typed it; what each means stands at `Contract`. `who` is "user-7", "group-3" or empty."""

    name: str
    tag: str = ""
    tone: str = TONES[0]
    who: str = ""
    hours: str = ""
    rating: str = "0"
    since: str = ""
    until: str = ""
    notice_days: str = "30"
    is_on: bool = True


@dataclass(frozen=True)
class TermsInput:
    """What a contract does on a form, as typed: of each type's code the priority's code and the hours of its solution time."""

    condition: Mapping[str, Any] | None = None
    type_field: str = ""
    priority_field: str = ""
    types: Sequence[tuple[str, str, str]] = field(default=())


def add_contract(ctx: Context, given: ContractInput, *, by: User | None) -> Contract:
    """A new contract, that is with nobody and acts on no form yet. Raises `Invalid` by control."""
    only_makers(ctx.db, by)
    if (ctx.db.scalar(sa.select(sa.func.count()).select_from(Contract)) or 0) >= MOST:
        raise Invalid(_("There are %(most)s contracts. Delete some that are over first.", most=MOST))
    contract = Contract(created_at=ctx.now, noticed_until=None, **_read(ctx, given, None))
    _store(ctx, contract)
    _journal(ctx, "contract_added", contract, by, _("Added the contract “%(name)s”", name=contract.name))
    return contract


def change_contract(ctx: Context, contract: Contract, given: ContractInput, *, by: User | None, version: int | None) -> Contract:
    """Change a contract; another rating moves its requests in every list. `Conflict` when somebody else was quicker."""
    only_makers(ctx.db, by)
    _same(contract, version)
    rating, hours = contract.rating, contract.hours_id
    for name, value in _read(ctx, given, contract).items():
        setattr(contract, name, value)
    _store(ctx, contract)
    if contract.rating != rating:
        follow_rating(ctx, contract)
    if contract.hours_id != hours:
        ctx.db.refresh(contract, ["forms"])
        forms = [ctx.db.get_one(Form, link.form_id) for link in contract.forms]
        tell_of_terms(ctx.db, forms, by=by, contract_id=contract.id)
    _journal(ctx, "contract_changed", contract, by, _("Changed the contract “%(name)s”", name=contract.name))
    return contract


def delete_contract(ctx: Context, contract: Contract, *, by: User | None, version: int | None) -> None:
    """Delete a contract with its folders; its customers are in it no more. Refused while requests are open under it."""
    only_makers(ctx.db, by)
    _same(contract, version)
    number = number_open(ctx.db, contract.id)
    if number:
        raise Invalid(
            ngettext(
                "%(num)d request is open under this contract. Take “Takes new requests” off: it ends under these terms, then delete it.",
                "%(num)d requests are open under this contract. Take “Takes new requests” off: they end under these terms, then delete it.",
                number,
            )
        )
    _journal(ctx, "contract_deleted", contract, by, _("Deleted the contract “%(name)s”", name=contract.name))
    ctx.db.execute(sa.update(Member).where(Member.next_id == contract.id).values(leaves=False, next_id=None))
    ctx.db.delete(contract)
    ctx.db.flush()  # its entries go along in the database, and its requests are under none
    follow_rating(ctx, None)


def set_terms(
    ctx: Context, contract: Contract, form: Form, given: TermsInput, *, by: User | None, version: int | None
) -> ContractForm:
    """Have a contract act on `form`, in this way. `version` is that of the terms the page showed, 0 where there were none."""
    _may_here(ctx, form, by)
    link = ctx.db.get(ContractForm, (contract.id, form.id))
    if version != (link.version if link else 0):
        raise Conflict(_("Somebody else has changed this contract meanwhile. Look at it again before you save."))
    read = _terms(form, given)
    if link is None:
        link = ContractForm(contract_id=contract.id, form_id=form.id)
    for name, value in read.items():
        setattr(link, name, value)
    _store(ctx, link)
    tell_of_terms(ctx.db, [form], by=by, contract_id=contract.id)
    said = _("The contract “%(name)s” acts on %(form)s", name=contract.name, form=form.name)
    _journal(ctx, "contract_terms_set", contract, by, said)
    return link


def remove_terms(ctx: Context, contract: Contract, form: Form, *, by: User | None) -> None:
    """The contract acts on `form` no more; requests that are open there keep what they have."""
    _may_here(ctx, form, by)
    link = ctx.db.get(ContractForm, (contract.id, form.id))
    if link is not None:
        ctx.db.delete(link)
        ctx.db.flush()  # gone, for the page that comes back
        tell_of_terms(ctx.db, [form], by=by, contract_id=contract.id)
        said = _("The contract “%(name)s” acts on %(form)s no more", name=contract.name, form=form.name)
        _journal(ctx, "contract_terms_removed", contract, by, said)


def _may_here(ctx: Context, form: Form, by: User | None) -> None:
    if by is not None and not may_make_on(ctx.db, by, form):
        raise NotFound(_("There is no such page."))


def _same(contract: Contract, version: int | None) -> None:
    if version != contract.version:
        raise Conflict(_("Somebody else has changed this contract meanwhile. Look at it again before you save."))


def _store(ctx: Context, row: Contract | ContractForm) -> None:
    """Give the row its id or its new version; of two who save at the same moment the second is refused."""
    try:
        with ctx.transaction():
            ctx.db.add(row)
            ctx.db.flush()  # what another has stored since is refused here
    except IntegrityError:
        raise Conflict(_("Somebody else has changed this contract meanwhile. Look at it again before you save.")) from None


def _read(ctx: Context, given: ContractInput, contract: Contract | None) -> dict[str, Any]:
    problems: dict[str, str] = {}
    name, tag = (" ".join(storable(each).split()) for each in (given.name, given.tag))
    if not name or len(name) > LONGEST_NAME:
        problems["name"] = _("Give it a name of at most %(most)s characters.", most=LONGEST_NAME)
    taken = ctx.db.scalar(sa.select(Contract).where(Contract.folded == name.casefold()))
    if taken is not None and taken is not contract:
        problems["name"] = _("There is a contract “%(name)s” already.", name=taken.name)
    if len(tag) > LONGEST_TAG:
        problems["tag"] = _("At most %(most)s characters.", most=LONGEST_TAG)
    if given.tone not in TONES:
        problems["tone"] = _("Choose one of the colours.")
    read: dict[str, Any] = {
        "name": name, "folded": name.casefold(), "tag": tag or name[:LONGEST_TAG], "tone": given.tone, "is_on": given.is_on,
        "rating": _number(given.rating, MOST_RATING, "rating", problems),
        "notice_days": _number(given.notice_days, MOST_NOTICE, "notice_days", problems),
        "since": _day(given.since, "since", problems), "until": _day(given.until, "until", problems),
    }  # fmt: skip
    if read["since"] and read["until"] and read["until"] < read["since"]:
        problems["until"] = _("The last day must not be before the first.")
    hours = row_number(given.hours) if given.hours else None
    if given.hours and (hours is None or ctx.db.get(BusinessHours, hours) is None):
        problems["hours"] = _("There are no such business hours any more.")
    read |= {"hours_id": hours, **_who(ctx, given.who, problems)}
    if problems:
        raise Invalid(problems=problems)
    return read


def _who(ctx: Context, who: str, problems: dict[str, str]) -> dict[str, int | None]:
    kind, _dash, raw = who.partition("-")
    number = row_number(raw)
    if kind == "user" and number is not None:
        user = ctx.db.get(User, number)
        if user is not None and user.is_agent and user.active:
            return {"user_id": user.id, "group_id": None}
    if kind == "group" and number is not None and ctx.db.get(Group, number) is not None:
        return {"user_id": None, "group_id": number}
    if who:
        problems["who"] = _("Choose a group or a person.")
    return {"user_id": None, "group_id": None}


def _terms(form: Form, given: TermsInput) -> dict[str, Any]:
    problems: dict[str, str] = {}
    fields = {each.code: each for each in form.fields if str(each.kind) == "choice"}
    for name, code in (("type_field", given.type_field), ("priority_field", given.priority_field)):
        if code and code not in fields:
            problems[name] = _("Choose one of the form's choice fields.")
    if given.type_field and given.type_field == given.priority_field:
        problems["priority_field"] = _("The priority cannot be the type itself.")
    types = []
    known = {each["code"] for each in fields[given.type_field].choices} if given.type_field in fields else set()
    may = {each["code"] for each in fields[given.priority_field].choices} if given.priority_field in fields else set()
    for code, priority, hours in given.types:
        minutes = _minutes(hours, f"hours-{code}", problems)
        if code in known and (priority in may or minutes is not None):
            types.append({"type": code, "priority": priority if priority in may else "", "minutes": minutes})
    if problems:
        raise Invalid(problems=problems)
    return {
        "condition": given.condition, "type_field": given.type_field, "priority_field": given.priority_field, "types": types,
    }  # fmt: skip


def _minutes(hours: str, control: str, problems: dict[str, str]) -> int | None:
    text = hours.strip().replace(",", ".")
    if not text:
        return None
    try:
        minutes = round(float(text) * 60)
    except (ValueError, OverflowError):
        minutes = 0
    if not 0 < minutes <= MOST_MINUTES:
        problems[control] = _("Write the hours of working time, like 8 or 0.5.")
        return None
    return minutes


def _number(text: str, most: int, control: str, problems: dict[str, str]) -> int:
    number = row_number(text.strip() or "0")
    if number is None or number > most:
        problems[control] = _("Write a whole number from 0 to %(most)s.", most=most)
    return number or 0


def _day(text: str, control: str, problems: dict[str, str]) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        problems[control] = _("Write the day like 2026-05-31.")
        return None


def _journal(ctx: Context, kind: str, contract: Contract, by: User | None, said: str) -> None:
    ctx.journal(kind, actor=by, contract_id=contract.id, said=said)
