"""Which organizations share their requests on a form, whatever it says of the others. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from plugdesk.api import (
    Conflict,
    Context,
    Form,
    Invalid,
    NotFound,
    Organization,
    User,
    can_configure,
    can_work_on,
    organization_seen,
)
from plugdesk.api import gettext as _
from plugdesk_portal.colleagues import sharing_forms
from plugdesk_portal.models import Sharing
from plugdesk_portal.queries import portal_forms

PAGE = 50


@dataclass(frozen=True)
class Words:
    """Some of the words about organizations, by name; `after` is the number of the organization from which the next ones go on."""

    rows: Sequence[Sharing]
    after: int | None


def words_here(ctx: Context, form: Form, after: int | None = None) -> Words:
    """What is said on the form about single organizations, fifty at a time."""
    wanted = sa.select(Sharing).join(Sharing.organization).options(contains_eager(Sharing.organization))
    last = ctx.db.get(Organization, after) if after is not None else None
    if last is not None:
        wanted = wanted.where(sa.tuple_(Organization.name, Organization.id) > sa.tuple_(sa.literal(last.name), last.id))
    ordered = wanted.where(Sharing.form_id == form.id).order_by(Organization.name, Organization.id).limit(PAGE + 1)
    rows = ctx.db.scalars(ordered).all()
    return Words(rows[:PAGE], rows[PAGE - 1].organization_id if len(rows) > PAGE else None)


def word_here(ctx: Context, form: Form, organization_id: int) -> Sharing:
    """What is said about one. Raises `NotFound`."""
    found = ctx.db.get(Sharing, (form.id, organization_id))
    if found is None:
        raise NotFound(_("Nothing is said about this organization any more."))
    return found


def say(ctx: Context, form: Form, name: str, *, shares: bool, by: User) -> Organization:
    """Something is said about the organization of this name. Raises `Invalid` beside "organization", `Conflict` where something is said already."""
    organization = organization_seen(ctx.db, by, name)
    if organization is None:
        raise Invalid(problems={"organization": _("Write the name of an organization you work with.")})
    if ctx.db.get(Sharing, (form.id, organization.id)) is not None:
        raise Conflict(_("Something is said about %(name)s already: change it in the list.", name=organization.name))
    ctx.db.add(Sharing(form_id=form.id, organization_id=organization.id, shares=shares))
    _journal(ctx, form, organization, shares, by)
    return organization


def say_otherwise(ctx: Context, form: Form, row: Sharing, *, shares: bool, by: User) -> None:
    """The opposite of what was said."""
    if row.shares != shares:
        row.shares = shares
        _journal(ctx, form, row.organization, shares, by)


def say_nothing(ctx: Context, form: Form, row: Sharing, *, by: User) -> None:
    """What the form says of all holds for this organization, too."""
    _journal(ctx, form, row.organization, None, by)
    ctx.db.delete(row)


def of_customer(ctx: Context, customer: User, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """On the customer's card: on which forms their organization's people read each other's requests."""
    if customer.organization is None:
        return None
    sharing = {form.id for form in sharing_forms(ctx, customer.organization.id)}
    forms = [form for form in portal_forms(ctx) if can_work_on(ctx.db, viewer, form.id)]
    rows = [{"form": form, "shares": form.id in sharing, "may": can_configure(ctx.db, viewer, form)} for form in forms]
    return "portal:card.html", {"rows": rows, "organization": customer.organization}


def _journal(ctx: Context, form: Form, organization: Organization, shares: bool | None, by: User) -> None:
    about = {"name": organization.name, "form": form.name}
    if shares is None:
        said = _("The people of %(name)s read each other's requests as the form %(form)s says of all", **about)
    elif shares:
        said = _("The people of %(name)s read each other's requests on %(form)s", **about)
    else:
        said = _("The people of %(name)s do not read each other's requests on %(form)s", **about)
    ctx.journal("organization_sharing", actor=by, organization_id=organization.id, shares=shares, said=said)
