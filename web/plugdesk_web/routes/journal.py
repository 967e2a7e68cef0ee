"""The journal of the desk, for its administrators."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.forms.queries import all_forms
from plugdesk.users.queries import staff
from plugdesk_web.current import admin_only, db
from plugdesk_web.journal import GROUPS, entries
from plugdesk_web.rendering import page

blueprint = Blueprint("journal", __name__, url_prefix="/journal")


@blueprint.get("")
@admin_only
def index() -> Response:
    """Fifty events a page, newest first, narrowed to a group of kinds, a person, a form."""
    group, chosen = request.args.get("group", ""), {name: _number(name) for name in ("person", "form", "before")}
    found, key = entries(db(), group=group, actor_id=chosen["person"], form_id=chosen["form"], before=chosen["before"])
    person, form = chosen["person"], chosen["form"]
    return page(
        "journal/index.html", entries=found, group=group, chosen=chosen, groups=[(code, str(title)) for code, (title, _kinds) in GROUPS.items()],
        people=[(each.id, each.name) for each in staff(db())], forms={form.id: form.name for form in all_forms(db(), archived=True)},
        older=url_for("journal.index", group=group or None, person=person, form=form, before=key) if key else "",
        newest=url_for("journal.index", group=group or None, person=person, form=form),
    )  # fmt: skip


def _number(name: str) -> int | None:
    return row_number(request.args.get(name, ""))
