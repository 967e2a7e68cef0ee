"""Importing customers: looked through first, stored by a job or at once where they are few, row by row. Commands: they never commit.

Only administrators of the desk import: it tells which of all its customers are known. What failed of a row is said on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from plugdesk.api import (
    Context,
    Identity,
    Invalid,
    NotFound,
    Organization,
    PlugdeskError,
    Role,
    User,
    add_customer,
    add_organization,
    current_language,
    enqueue,
    format_list,
    organization_named,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_contracts import undoing
from plugdesk_contracts.columns import ReadRow, checked_columns, read_row, recognised
from plugdesk_contracts.import_models import GOING_ON, Import, ImportLine, ImportState, Outcome
from plugdesk_contracts.members import add_members
from plugdesk_contracts.models import Contract, ContractFolder
from plugdesk_contracts.sheets import MOST_ROWS, read_sheet

BATCH = 100  # rows between two reports; each batch is a transaction
AT_ONCE = 200  # rows a page waits for
KEPT = timedelta(days=30)
LONGEST_NAME = 120


def only_importers(by: User) -> None:
    """Raises `NotFound` to whoever may not import: the pages for it do not exist for them."""
    if not (by.active and by.is_admin):
        raise NotFound(_("There is no such page."))


def start_import(
    ctx: Context, name: str, content: bytes, *, contract: Contract | None, folder: ContractFolder | None, by: User
) -> Import:
    """Keep the rows of a file and look them through. Raises `Invalid` for what is no table."""
    only_importers(by)
    rows = read_sheet(content)
    width = max(len(each) for each in rows)
    columns, has_header = recognised(next(each for each in rows if each), width)
    if has_header and not rows[0]:
        while not rows[0]:
            rows.pop(0)
    if len(rows) - has_header > MOST_ROWS:
        raise Invalid(_("At most %(most)s rows at once. Divide the file.", most=MOST_ROWS))
    found = Import(
        by_id=by.id, name=name.strip()[:LONGEST_NAME] or _("File"), into=contract is not None, contract_id=contract.id if contract else None,
        folder_id=folder.id if folder and contract and folder.contract_id == contract.id else None, columns=columns, has_header=has_header,
        total=len(rows), state=ImportState.CHECKING, language=current_language(), created_at=ctx.now,
    )  # fmt: skip
    ctx.db.add(found)
    ctx.db.flush()  # its id
    lines = [
        {"import_id": found.id, "number": at, "cells": cells, "outcome": None, "said": ""} for at, cells in enumerate(rows, 1)
    ]
    shared = {"user_id": None, "is_made": False, "contacts": 0, "member_id": None, "organization_id": None}
    ctx.db.execute(sa.insert(cast(sa.Table, ImportLine.__table__)), [each | shared for each in lines])
    _begin(ctx, found, ImportState.CHECKING)
    return found


def set_columns(ctx: Context, found: Import, columns: Sequence[str], *, has_header: bool, by: User) -> None:
    """Say by hand what stands in which column; all rows are looked through again. Raises `Invalid`."""
    only_importers(by)
    _locked(ctx, found)
    if found.has_begun:
        raise Invalid(_("This import has begun already: its columns stay as they are."))
    read = checked_columns(columns)
    if len(read) != len(found.columns):
        raise Invalid(_("This is another file's page. Look at it again."))
    found.columns, found.has_header = read, has_header
    _begin(ctx, found, ImportState.CHECKING)


def run_import(ctx: Context, found: Import, *, by: User) -> None:
    """Store what was looked through; or go on where it was stopped."""
    only_importers(by)
    _locked(ctx, found)
    if found.state not in (ImportState.CHECKED, ImportState.STOPPED) or _is_taken_back(ctx, found):
        raise Invalid(_("This import cannot be run now. Look at it again."))
    found.said = ""
    if found.state is ImportState.CHECKED:
        said = _("Began to import customers from “%(name)s”", name=found.name)
        ctx.journal("customers_imported", actor=by, import_id=found.id, said=said)
        _begin(ctx, found, ImportState.RUNNING)
    else:
        found.state, found.finished_at = ImportState.RUNNING, None
        _go(ctx, found)


def undo_import(ctx: Context, found: Import, *, by: User) -> None:
    """Take back what it made, as far as nobody has touched it since; what stays says why."""
    only_importers(by)
    _locked(ctx, found)
    if found.state not in (ImportState.DONE, ImportState.STOPPED):
        raise Invalid(_("This import cannot be taken back now. Look at it again."))
    if not _is_taken_back(ctx, found):
        said = _("Began to take back the import of “%(name)s”", name=found.name)
        ctx.journal("import_taken_back", actor=by, import_id=found.id, said=said)
    found.state, found.finished_at, found.said = ImportState.UNDOING, None, ""
    _go(ctx, found)


def stop_import(ctx: Context, found: Import, *, by: User) -> None:
    """Leave the rest as it is; what is done is done."""
    only_importers(by)
    _locked(ctx, found)
    if found.goes_on:
        found.state, found.finished_at = ImportState.STOPPED if found.has_begun else ImportState.CHECKED, ctx.now


def forget_import(ctx: Context, found: Import, *, by: User) -> None:
    """Drop the rows; customers who were imported stay, and cannot be taken back any more."""
    only_importers(by)
    _locked(ctx, found)
    if found.goes_on:
        raise Invalid(_("It goes on just now. Stop it first."))
    ctx.db.delete(found)
    ctx.db.flush()  # its rows go along in the database


def go_on(ctx: Context, import_id: int = 0, **_given: Any) -> None:
    """Job: batch after batch, as long as its administrator is one."""
    known = _Known()
    while _step(ctx, import_id, known):
        ctx.checkpoint()


def forget_old(ctx: Context) -> None:
    """Timer: what was imported weeks ago is in use, and is not taken back any more."""
    ctx.db.execute(sa.delete(Import).where(Import.created_at < ctx.now - KEPT))


class _Known:
    """What one run remembers between its batches: of a check in which row each contact was met, and the organizations."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], int] = {}
        self.is_read = False
        self.organizations: dict[str, int] = {}


def _begin(ctx: Context, found: Import, state: ImportState) -> None:
    found.state, found.at, found.finished_at = state, int(found.has_header), None
    ctx.db.flush()  # what the first batch reads
    lines = sa.update(ImportLine).where(ImportLine.import_id == found.id)
    ctx.db.execute(lines.values(outcome=None, said="", user_id=None).execution_options(synchronize_session=False))
    _go(ctx, found)


def _go(ctx: Context, found: Import) -> None:
    ctx.db.flush()  # its state, for the batches
    if found.total <= AT_ONCE:
        known = _Known()
        while _step(ctx, found.id, known):
            pass
    else:
        enqueue(ctx.db, f"{ctx.plugin}:import", key=str(found.id), import_id=found.id)


def _step(ctx: Context, number: int, known: _Known) -> bool:
    """The next batch; whether there is another."""
    found = ctx.db.get(Import, number, populate_existing=True, with_for_update=True)
    if found is None or found.state not in GOING_ON:
        return False
    with use_language(found.language):
        if why := _why_not(found):
            found.state, found.said = ImportState.STOPPED if found.has_begun else ImportState.CHECKED, why
        elif found.state is ImportState.UNDOING:
            undoing.batch(ctx, found, BATCH)
        else:
            _batch(ctx, found, known)
    if not found.goes_on:
        found.finished_at = ctx.now
    ctx.db.flush()  # read anew by the next batch
    return found.goes_on


def _why_not(found: Import) -> str:
    if not (found.by.active and found.by.is_admin):
        return _("%(name)s is no administrator any more.", name=found.by.name)
    if found.state is ImportState.RUNNING and found.into and found.contract is None:
        return _("The contract they were to be put into was deleted.")
    return ""


def _locked(ctx: Context, found: Import) -> None:
    ctx.db.flush()  # what is read anew below must not lose what was said of it before
    ctx.db.refresh(found, with_for_update=True)  # after the batch that is being done, or what somebody else has pressed


def _is_taken_back(ctx: Context, found: Import) -> bool:
    ends = (ImportLine.import_id == found.id, ImportLine.outcome.in_([Outcome.UNDONE, Outcome.STAYS]))
    return ctx.db.scalar(sa.select(ImportLine.number).where(*ends).limit(1)) is not None


def _batch(ctx: Context, found: Import, known: _Known) -> None:
    own = sa.select(ImportLine).where(ImportLine.import_id == found.id)
    lines = ctx.db.scalars(own.where(ImportLine.number > found.at).order_by(ImportLine.number).limit(BATCH)).all()
    read = [(line, read_row(line.cells, found.columns)) for line in lines]
    owners = _owners(ctx.db, [row for _line, row in read])
    if found.state is ImportState.CHECKING:
        _look_back(ctx, found, known)
        for line, row in read:
            line.outcome, line.said, line.user_id = _looked_at(line, row, owners, known)
    else:
        came = [(line, _stored(ctx, found, line, row, owners, known)) for line, row in read]
        for line, values in came:
            for name, value in values.items():
                setattr(line, name, value)
        _put_in(ctx, found, lines)
    if lines:
        found.at = lines[-1].number
    if found.at >= found.total:
        found.state = ImportState.CHECKED if found.state is ImportState.CHECKING else ImportState.DONE


def _look_back(ctx: Context, found: Import, known: _Known) -> None:
    """In which row each contact stands of those that an earlier process has looked at."""
    if known.is_read:
        return
    known.is_read = True
    own = sa.select(ImportLine.number, ImportLine.cells).where(ImportLine.import_id == found.id, ImportLine.number <= found.at)
    for number, cells in ctx.db.execute(own.where(ImportLine.number > int(found.has_header)).order_by(ImportLine.number)):
        for contact in _keys(read_row(cells, found.columns)):
            known.rows.setdefault(contact, number)


def _looked_at(
    line: ImportLine, row: ReadRow, owners: Mapping[tuple[str, str], User], known: _Known
) -> tuple[Outcome, str, int | None]:
    outcome, said, user = _judged(line, row, owners)
    if outcome is Outcome.NEW:
        earlier = next((known.rows[each] for each in _keys(row) if each in known.rows), None)
        if earlier is not None:
            return Outcome.KNOWN, _("The same contact as in row %(number)s.", number=earlier), None
        known.rows.update(dict.fromkeys(_keys(row), line.number))
    return outcome, said, user.id if user else None


def _judged(line: ImportLine, row: ReadRow, owners: Mapping[tuple[str, str], User]) -> tuple[Outcome, str, User | None]:
    if not any(line.cells):
        return Outcome.EMPTY, "", None
    if row.problems:
        return Outcome.PROBLEM, " ".join(row.problems), None
    people = {owners[each].id: owners[each] for each in _keys(row) if each in owners}
    if len(people) > 1:
        names = format_list([each.name for each in people.values()])
        return Outcome.PROBLEM, _("These contacts belong to different customers: %(names)s.", names=names), None
    user = next(iter(people.values()), None)
    if user is not None and user.role is not Role.CUSTOMER:
        return Outcome.PROBLEM, _("%(name)s is not a customer.", name=user.name), None
    return (Outcome.KNOWN, "", user) if user is not None else (Outcome.NEW, "", None)


def _stored(
    ctx: Context, found: Import, line: ImportLine, row: ReadRow, owners: dict[tuple[str, str], User], known: _Known
) -> dict[str, Any]:
    """What came of a row, for its line: that is written for the whole batch at once, and not with each customer."""
    outcome, said, user = _judged(line, row, owners)
    if outcome is not Outcome.NEW:
        return {"outcome": outcome, "said": said, "user_id": user.id if user else None}
    contacts = [(channel, written) for channel, _stored, written in row.contacts]
    organization, is_new = _organization(ctx, row.organization, known, found.by)
    made = {"organization_id": organization.id if organization and is_new else None}
    try:
        customer = add_customer(
            ctx.db, name=row.name, by=found.by, contacts=contacts, language=row.language, country=row.country,
            organization=organization, about=row.about,
        )  # fmt: skip
    except PlugdeskError as refusal:
        return {"outcome": Outcome.PROBLEM, "said": refusal.in_words, **made}
    owners.update(dict.fromkeys(_keys(row), customer))
    return {"outcome": outcome, "said": "", "user_id": customer.id, "is_made": True, "contacts": len(contacts), **made}


def _organization(ctx: Context, name: str, known: _Known, by: User) -> tuple[Organization | None, bool]:
    """The organization of this name, and whether it was added for it."""
    if not name:
        return None, False
    number = known.organizations.get(name.lower())
    organization = ctx.db.get(Organization, number) if number is not None else organization_named(ctx.db, name)
    is_new = organization is None
    organization = organization or add_organization(ctx.db, name=name, by=by)
    known.organizations[name.lower()] = organization.id
    return organization, is_new


def _put_in(ctx: Context, found: Import, lines: Sequence[ImportLine]) -> None:
    if not found.into:
        return
    assert found.contract is not None, "An import into a contract that is gone is stopped."
    people = {line.user_id: line for line in reversed(lines) if line.user_id is not None}
    entries = add_members(ctx, found.contract, list(people), folder=found.folder, by=found.by)
    for user_id, member in entries.items():
        people[user_id].member_id = member.id


def _keys(row: ReadRow) -> Iterator[tuple[str, str]]:
    return ((channel, stored) for channel, stored, _written in row.contacts)


def _owners(session: Session, rows: Sequence[ReadRow]) -> dict[tuple[str, str], User]:
    """Whom the contacts lead to, by channel and stored form; one query."""
    wanted = {each for row in rows for each in _keys(row)}
    query = (
        sa.select(Identity).where(Identity.value.in_({value for _channel, value in wanted})).options(joinedload(Identity.user))
    )
    return {key: each.user for each in session.scalars(query) if (key := (each.channel, each.value)) in wanted}
