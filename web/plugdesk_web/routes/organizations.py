"""An organization: the people of it whom an agent works with, and its name."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid
from plugdesk.i18n import gettext as _
from plugdesk.i18n import pgettext
from plugdesk.users.customers import rename_organization
from plugdesk.users.models import Organization
from plugdesk.users.queries import find_customers, organization_for
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.editing import FRESH, Refused, refused
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.routes.customers import after_asked
from plugdesk_web.slots import marks_beside

blueprint = Blueprint("organizations", __name__, url_prefix="/customers/organizations")


@blueprint.get("/<int:organization_id>")
@agent_only
def show(organization_id: int) -> Response:
    return _page(organization_for(db(), me(), organization_id))


@blueprint.post("/<int:organization_id>")
@agent_only
def change(organization_id: int) -> Response:
    """Call it otherwise."""
    organization, given = organization_for(db(), me(), organization_id), request.form
    try:
        rename_organization(db(), organization, name=given.get("name", ""), was=given.get("was", ""), by=me())
    except (Invalid, Conflict) as refusal:
        said = refused(refusal)
        organization = organization_for(db(), me(), organization_id)
        was = organization.name if said.is_conflict else given.get("was", "")
        return _page(
            organization,
            said.beside([(pgettext("organization", "Name"), given.get("name"), organization.name)]),
            given.get("name", ""),
            was,
        )
    return redirect_after(url_for(".show", organization_id=organization_id), _("Saved."))


def _page(organization: Organization, refusal: Refused = FRESH, name: str | None = None, was: str | None = None) -> Response:
    found, key = find_customers(db(), me(), organization=organization, after=after_asked())
    here = url_for(".show", organization_id=organization.id)
    return page(
        "customers/organization.html", status=refusal.status, organization=organization, refused=refusal, customers=found,
        marks=marks_beside(db(), found, me()), name=organization.name if name is None else name, was=organization.name if was is None else was, here=here,
        first=here, is_first=not request.args.get("id"),
        older=url_for(".show", organization_id=organization.id, name=key.name, id=key.id) if key else "",
    )  # fmt: skip
