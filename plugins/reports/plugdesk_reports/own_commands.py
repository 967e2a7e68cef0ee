"""Adding, changing, copying and removing own reports, and who reads which. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import (
    Conflict,
    Context,
    Group,
    Invalid,
    NotAllowed,
    NotFound,
    Role,
    User,
    all_groups,
    rights_of,
    row_number,
    storable,
)
from plugdesk.api import gettext as _
from plugdesk_reports.definition import Definition, refuse
from plugdesk_reports.own_models import OwnReport, OwnReportGroup

MOST_REPORTS, LONGEST_NAME = 200, 200  # of one person


@dataclass(frozen=True)
class OwnReportInput:
    """An own report as somebody described it, checked."""

    name: str
    definition: Definition
    is_public: bool = False
    groups: Sequence[Group] = ()


def read_input(
    session: Session, name: str, definition: Definition, sharing: str, groups: Sequence[str], *, problems: Mapping[str, str]
) -> OwnReportInput:
    """What a page sent as a report; `problems` are those of its definition. Raises `Invalid` by field."""
    found = dict(problems)
    name = " ".join(storable(name).split())[:LONGEST_NAME]
    if not name:
        found["name"] = _("Give the report a name.")
    known = {each.id: each for each in all_groups(session)}
    chosen = [known[number] for number in map(row_number, groups) if number in known] if sharing == "groups" else []
    if sharing == "groups" and not chosen:
        found["groups"] = _("Choose at least one group, or keep the report to yourself.")
    refuse(found)
    return OwnReportInput(name, definition, sharing == "everyone", chosen)


def add_report(ctx: Context, given: OwnReportInput, *, by: User) -> OwnReport:
    """Keep a report for `by`, shared as it says."""
    number = ctx.db.scalar(sa.select(sa.func.count()).select_from(OwnReport).where(OwnReport.owner_id == by.id)) or 0
    if number >= MOST_REPORTS:
        raise Invalid(_("You have %(most)s reports. Remove some that are not needed any more.", most=MOST_REPORTS))
    report = OwnReport(
        owner_id=by.id, changed_at=ctx.now, name=given.name, is_public=given.is_public, asked=given.definition.plain
    )
    report.groups = list(given.groups)
    ctx.db.add(report)
    ctx.db.flush()  # its number, for its address
    return report


def change_report(ctx: Context, report: OwnReport, given: OwnReportInput, *, by: User, version: int | None) -> None:
    """Put what was given in its place. Raises `Conflict` when the page was made from another state of it."""
    only_changers(by, report)
    if version != report.version:
        raise Conflict(_("Somebody else has changed this report meanwhile. Look at it again before you save."))
    report.name, report.asked, report.is_public = given.name, given.definition.plain, given.is_public
    report.groups, report.changed_at = list(given.groups), ctx.now


def copy_report(ctx: Context, report: OwnReport, definition: Definition, *, by: User) -> OwnReport:
    """The same for `by` alone, to be changed."""
    name = _("%(report)s, copy", report=report.name)[:LONGEST_NAME]
    return add_report(ctx, OwnReportInput(name, definition), by=by)


def remove_report(ctx: Context, report: OwnReport, *, by: User) -> None:
    """Take the report away from everybody who reads it."""
    only_changers(by, report)
    ctx.db.delete(report)


def reports_for(session: Session, reader: User) -> Sequence[OwnReport]:
    """The reports this person reads, by name."""
    return session.scalars(
        sa.select(OwnReport).where(_read_by(session, reader)).order_by(sa.func.lower(OwnReport.name), OwnReport.id)
    ).all()


def report_for(session: Session, reader: User, number: int) -> OwnReport:
    """The report with this number if `reader` reads it, else `NotFound`."""
    found = session.scalars(sa.select(OwnReport).where(OwnReport.id == number, _read_by(session, reader))).one_or_none()
    if found is None:
        raise NotFound(_("There is no such report, or it is not shared with you."))
    return found


def may_change(user: User, report: OwnReport) -> bool:
    """Its owner; of shared ones administrators, too, who clear up after people who have left."""
    return report.owner_id == user.id or user.role is Role.ADMIN


def only_changers(user: User, report: OwnReport) -> None:
    """Raise `NotAllowed` for everybody else."""
    if not may_change(user, report):
        raise NotAllowed(_("This report is %(name)s's. Copy it, and change the copy.", name=report.owner.name))


def _read_by(session: Session, reader: User) -> sa.ColumnElement[bool]:
    shared = sa.select(OwnReportGroup.report_id).where(OwnReportGroup.group_id.in_(sorted(rights_of(session, reader).groups)))
    return sa.or_(OwnReport.owner_id == reader.id, OwnReport.is_public, OwnReport.id.in_(shared))
