"""The supervisor's page: what needs somebody now, and how much everybody has to do."""

from __future__ import annotations

from flask import Blueprint, Response, url_for

from plugdesk.forms.models import StatusKind
from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext
from plugdesk.users.load import LoadView, load_for
from plugdesk.users.models import Group, User
from plugdesk_web.assignees import presence_in_words
from plugdesk_web.current import agent_only, db, me
from plugdesk_web.pressing import pressing_lists
from plugdesk_web.rendering import page

blueprint = Blueprint("load", __name__, url_prefix="/load")
KINDS = {
    StatusKind.NEW: lazy_gettext("New"),
    StatusKind.OPEN: lazy_gettext("Being worked on"),
    StatusKind.PENDING: lazy_gettext("Waiting for customer"),
}


@blueprint.get("")
@agent_only
def show() -> Response:
    """What presses; everybody one answers for, who has most to answer first; then what their groups have and nobody in them."""
    seen = load_for(db(), me())
    people = sorted(
        seen.people, key=lambda user: (-seen.of_people[user.id].waits, -seen.of_people[user.id].all, user.name.casefold())
    )
    return page(
        "load/show.html", fragment="load/_load.html", kinds=KINDS, seen=seen,
        people=[(user, presence_in_words(seen.presence[user.id]), _tickets_of(user)) for user in people],
        pressing=pressing_lists(db(), me()), at_work={group.id: _at_work(seen, group) for group in seen.groups},
    )  # fmt: skip


def _at_work(seen: LoadView, group: Group) -> str:
    members = [each for each in group.members if each.active]
    there = [each for each in members if each.id in seen.presence and seen.presence[each.id].at_work]
    return _("%(here)d of %(all)d at work", here=len(there), all=len(members)) if members else _("nobody in it")


def _tickets_of(user: User) -> str:
    return url_for("search.show", q=f"assignee:{user.email} status:open")
