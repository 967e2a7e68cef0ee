"""Groups of agents who share work: their name, members, supervisor. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.i18n import gettext as _
from plugdesk.i18n import pgettext
from plugdesk.naming import places_naming
from plugdesk.tickets.models import Ticket
from plugdesk.users import commands
from plugdesk.users.models import Group, User
from plugdesk.users.queries import all_groups, staff
from plugdesk_web.current import admin_only, db, me
from plugdesk_web.editing import FRESH, Refused, refused
from plugdesk_web.rendering import page, redirect_after

blueprint = Blueprint("groups", __name__, url_prefix="/groups")


@blueprint.get("/new")
@admin_only
def new() -> Response:
    return _page(None, {})


@blueprint.post("")
@admin_only
def create() -> Response:
    try:
        group = commands.add_group(db(), name=request.form.get("name", ""), supervisor=_supervisor(), members=_members(), by=me())
    except (Invalid, Conflict) as refusal:
        return _page(None, request.form, refused(refusal))
    return redirect_after(url_for("people.index", _anchor="groups"), _("The group %(name)s is there.", name=group.name))


@blueprint.get("/<int:group_id>")
@admin_only
def show(group_id: int) -> Response:
    return _page(_group(group_id))


@blueprint.post("/<int:group_id>")
@admin_only
def change(group_id: int) -> Response:
    """Save name, supervisor and members. A page older than the group is refused: somebody else's members would be lost."""
    group = _group(group_id)
    try:
        if request.form.get("seen") != _seen(group):
            raise Conflict(_("Somebody else changed this meanwhile. Look at it again, then repeat what you did."))
        commands.change_group(db(), group, by=me(), name=request.form.get("name", ""), supervisor=_supervisor())
        commands.set_members(db(), group, _members(), by=me())
    except (Invalid, Conflict) as refusal:
        said, group = refused(refusal), _group(group_id)
        rows = [
            (pgettext("thing", "Name"), request.form.get("name"), group.name),
            (_("Members"), _names(_members()), _names(group.members)),
        ]
        return _page(group, request.form, said.beside(rows))
    return redirect_after(url_for("people.index", _anchor="groups"), _("Saved."))


@blueprint.post("/<int:group_id>/deletion")
@admin_only
def delete(group_id: int) -> Response:
    """Delete it; its tickets go to the group `move_to`, or to nobody's."""
    group, heir = _group(group_id), row_number(request.form.get("move_to", ""))
    name = group.name
    moved = commands.delete_group(db(), group, by=me(), move_to=_group(heir) if heir is not None else None)
    text = _("The group %(name)s is gone. Tickets moved: %(number)d.", name=name, number=moved)
    return redirect_after(url_for("people.index", _anchor="groups"), text)


def _group(group_id: int) -> Group:
    group = db().get(Group, group_id)
    if group is None:
        raise NotFound(_("There is no such group."))
    return group


def _seen(group: Group) -> str:
    """What the page was made from, in one line."""
    return f"{group.name}|{group.supervisor_id or ''}|{','.join(str(each.id) for each in sorted(group.members, key=lambda user: user.id))}"


def _supervisor() -> User | None:
    wanted = request.form.get("supervisor", "")
    return next((each for each in staff(db(), active=True) if str(each.id) == wanted), None)


def _members() -> list[User]:
    wanted = set(request.form.getlist("members"))
    return [each for each in staff(db()) if str(each.id) in wanted]


def _names(people: list[User]) -> str:
    return ", ".join(each.name for each in people)


def _page(group: Group | None, given: Mapping[str, Any] | None = None, refusal: Refused = FRESH) -> Response:
    if given:
        chosen, supervisor, name = _members(), given.get("supervisor"), given.get("name")
    else:
        chosen = list(group.members) if group else []
        supervisor, name = (group.supervisor_id, group.name) if group else (None, "")
    tickets = db().scalar(sa.select(sa.func.count()).select_from(Ticket).where(Ticket.group_id == group.id)) if group else 0
    return page(
        "people/group.html", status=refusal.status, group=group, name=name, supervisor=supervisor, refused=refusal, tickets=tickets,
        members=[each.id for each in chosen], people=[(each.id, each.name) for each in staff(db(), active=True)],
        others=[(each.id, each.name) for each in all_groups(db()) if group is None or each.id != group.id],
        seen=_seen(group) if group else "", named_places=places_naming(db(), group) if group else (),
    )  # fmt: skip
