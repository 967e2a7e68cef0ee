"""Who may do what on a form: a matrix of people and groups by rights, for those who configure it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid
from plugdesk.forms.editing import open_for_change
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure
from plugdesk.users.models import Group, User
from plugdesk.users.queries import all_groups, rights_on_form, staff
from plugdesk.users.rights import RightInput, as_given, remove_right, right_of, set_form_agent, set_only_assignee, set_right
from plugdesk_web.current import agent_only, db, form_to_configure, me
from plugdesk_web.editing import FRESH, Refused, refused
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.rights import Row, actions_on, levels, read_right, right_in_words, rows_of, seal_of
from plugdesk_web.routes.forms import tabs_of

blueprint = Blueprint("rights", __name__, url_prefix="/forms/<slug>/agents")


@blueprint.get("")
@agent_only
def index(slug: str) -> Response:
    return _page(form_to_configure(slug))


@blueprint.post("")
@agent_only
def add(slug: str) -> Response:
    """Let a person or a group (`who`, as u7 or g3) work on the form; with `is_admin` also configure it."""
    form, holder = form_to_configure(slug), _holder(request.form.get("who", ""))
    is_admin = bool(request.form.get("is_admin"))
    if isinstance(holder, User):
        set_form_agent(db(), form, holder, is_admin=is_admin, by=me())
    elif right_of(db(), form, holder) is None:
        set_right(db(), form, holder, RightInput(is_admin=is_admin), by=me())
    return redirect_after(url_for("rights.index", slug=slug), _("Saved."))


@blueprint.post("/rights")
@agent_only
def save(slug: str) -> Response:
    """Save the whole matrix. A row that somebody else has changed since is not overwritten: both versions are shown."""
    form, given = form_to_configure(slug), request.form
    problems, theirs = dict[str, str](), list[tuple[str, str, str]]()
    try:
        open_for_change(db(), form, me(), None)
        alone, was_alone = bool(given.get("only_assignee")), bool(given.get("only_assignee-was"))
        if alone != was_alone == form.only_assignee:
            set_only_assignee(db(), form, alone, by=me())
        for key in sorted(given.getlist("row"), key=lambda each: each == f"u{me().id}"):  # oneself last, while one still may
            holder = _holder(key)
            stored, wanted = right_of(db(), form, holder), read_right(form, key, given)
            now, was = as_given(stored) if stored else None, given.get(f"{key}-was", "")
            if seal_of(wanted) == was or wanted == now:
                continue
            if seal_of(now) != was:
                theirs.append((holder.name, right_in_words(form, wanted), right_in_words(form, now)))
                continue
            try:
                if wanted is None:
                    remove_right(db(), form, holder, by=me())
                else:
                    set_right(db(), form, holder, wanted, by=me())
            except Invalid as problem:
                problems[key] = f"{holder.name}: {problem}"
        if problems:
            raise Invalid(problems=problems)
        if theirs:
            raise Conflict(_("Somebody else changed this meanwhile. Look at it again, then repeat what you did."))
    except (Invalid, Conflict) as refusal:
        return _page(form_to_configure(slug), refused(refusal).beside(theirs), given)
    return _after(form, _("Saved."))


def _holder(key: str) -> User | Group:
    number = row_number(key[1:])
    found = db().get({"u": User, "g": Group}.get(key[:1], User), number) if number is not None else None
    if found is None or (isinstance(found, User) and not found.is_agent):
        raise Invalid(_("Choose somebody first."))
    assert isinstance(found, (User, Group))
    return found


def _after(form: Form, words: str) -> Response:
    mine = can_configure(db(), me(), form)
    return redirect_after(url_for("rights.index", slug=form.slug) if mine else url_for("forms.index"), words)


def _page(form: Form, refusal: Refused = FRESH, given: Mapping[str, Any] | None = None) -> Response:
    held = rights_on_form(db(), form)
    rows = rows_of(form, held, given)
    known = {row.key for row in rows}
    people = [(f"u{each.id}", each.name) for each in staff(db(), active=True) if not each.is_admin]
    groups = [(f"g{each.id}", each.name) for each in all_groups(db())]
    return page(
        "forms/rights.html", status=refusal.status, form=form, tabs=tabs_of(form, "agents"), refused=refusal, levels=levels(),
        actions=actions_on(form), rows=rows, parts=_parts(rows),
        others=[(title, [each for each in who if each[0] not in known]) for title, who in ((_("Groups"), groups), (_("People"), people))],
        only_assignee=bool(given.get("only_assignee")) if given else form.only_assignee,
        admins=[each for each in staff(db(), active=True) if each.is_admin],
    )  # fmt: skip


def _parts(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    parts = [(_("Groups"), [row for row in rows if row.is_group]), (_("People"), [row for row in rows if not row.is_group])]
    return [(title, own) for title, own in parts if own]
