"""Agents and admins: who there is, what they may do on which form, where they are signed in. For administrators."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.database import row_number
from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.forms.models import Form, FormAgent
from plugdesk.forms.queries import all_forms
from plugdesk.i18n import LANGUAGES
from plugdesk.i18n import gettext as _
from plugdesk.naming import places_naming
from plugdesk.permissions import forms_of
from plugdesk.sessions import SignedSession, end_all_sessions, end_everybodys_sessions, end_session, sessions_of
from plugdesk.users import commands
from plugdesk.users.leaving import places_of
from plugdesk.users.models import Group, Role, User
from plugdesk.users.queries import all_groups, groups_of, member_of_staff, staff
from plugdesk.users.rights import right_of
from plugdesk_web.choices import browser_name, zone_choices
from plugdesk_web.current import admin_only, db, me, signed_session
from plugdesk_web.editing import FRESH, Refused, refused, version_given
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.rights import explained

blueprint = Blueprint("people", __name__, url_prefix="/people")
TEXTS = ("name", "email", "role", "language", "zone")
RIGHTS = ("", "agent", "admin")
WORDS = 4  # of a start password, 5 letters each: 4 × 15 bits, which no throttled sign-in lets anybody guess


@blueprint.get("")
@admin_only
def index() -> Response:
    """Everybody who answers, narrowed by `q` and `state`; their groups beside them."""
    wanted, state = request.args.get("q", "").strip(), request.args.get("state", "active")
    people = staff(db(), active={"active": True, "inactive": False}.get(state))
    shown = [each for each in people if wanted.lower() in f"{each.name} {each.email}".lower()]
    return page(
        "people/index.html", fragment=None, people=shown, forms=all_forms(db()), groups=all_groups(db()), q=wanted, state=state,
        rights=_rights_of(shown), states=[("active", _("Active")), ("inactive", _("Deactivated")), ("all", _("All"))],
    )  # fmt: skip


@blueprint.get("/new")
@admin_only
def new() -> Response:
    return _new({"role": Role.AGENT})


@blueprint.post("")
@admin_only
def create() -> Response:
    """Add somebody, with the password typed or one made here; it is shown once, on the page that answers."""
    given = request.form
    password = given.get("password", "") or start_password()
    try:
        role = Role.ADMIN if given.get("role") == Role.ADMIN else Role.AGENT
        user = commands.add_user(
            db(), role=role, name=given.get("name", ""), email=given.get("email", ""), password=password,
            language=given.get("language"), zone=given.get("zone"), by=me(),
        )  # fmt: skip
        _set_rights(user, given)
    except (Invalid, Conflict) as refusal:
        return _new(given, refused(refusal))
    return page("people/added.html", user=user, password=password, was_made=not given.get("password"))


@blueprint.get("/<int:user_id>")
@admin_only
def show(user_id: int) -> Response:
    return _page(member_of_staff(db(), user_id))


@blueprint.post("/<int:user_id>")
@admin_only
def change(user_id: int) -> Response:
    """Save who they are and what they may do; one version guards both."""
    user, given = member_of_staff(db(), user_id), request.form
    changes = {name: given.get(name, "") for name in TEXTS} | {"can_delete": bool(given.get("can_delete"))}
    try:
        commands.change_user(db(), user, changes, by=me(), version=version_given())
        _set_rights(user, given)
    except (Invalid, Conflict) as refusal:
        said = refused(refusal)
        labels = {"name": _("Name"), "email": _("E-mail"), "role": _("Role"), "language": _("Language"), "zone": _("Time zone")}
        user = member_of_staff(db(), user_id)
        return _page(user, said.beside((label, given.get(name), getattr(user, name)) for name, label in labels.items()), given)
    return redirect_after(url_for("people.show", user_id=user.id), _("Saved."))


@blueprint.post("/<int:user_id>/password")
@admin_only
def set_password(user_id: int) -> Response:
    """Another password, typed or made; it is shown once. All their sessions end."""
    user = member_of_staff(db(), user_id)
    password = request.form.get("password", "") or start_password()
    try:
        commands.set_password(db(), user, password, by=me())
    except Invalid as refusal:
        said = refused(refusal)
        return _page(member_of_staff(db(), user_id), password=said)
    return page("people/added.html", user=user, password=password, was_made=not request.form.get("password"))


@blueprint.get("/<int:user_id>/deactivation")
@admin_only
def leaving(user_id: int) -> Response:
    """What names them and what will become of it, before it is done."""
    user = member_of_staff(db(), user_id)
    groups = [(each.id, each.name) for each in all_groups(db())]
    return page(
        "people/leaving.html", user=user, places=places_of(db(), user), groups=groups, named_places=places_naming(db(), user)
    )


@blueprint.post("/<int:user_id>/deactivation")
@admin_only
def deactivate(user_id: int) -> Response:
    user, number = member_of_staff(db(), user_id), row_number(request.form.get("group", ""))
    heir = db().get(Group, number) if number is not None else None
    commands.deactivate_user(db(), user, by=me(), version=version_given(), tickets_to=heir)
    return redirect_after(url_for("people.show", user_id=user.id), _("%(name)s can no longer sign in.", name=user.name))


@blueprint.post("/<int:user_id>/activation")
@admin_only
def activate(user_id: int) -> Response:
    user = member_of_staff(db(), user_id)
    commands.activate_user(db(), user, by=me(), version=version_given())
    return redirect_after(url_for("people.show", user_id=user.id), _("%(name)s can sign in again.", name=user.name))


@blueprint.post("/<int:user_id>/sessions/ending")
@admin_only
def end_all(user_id: int) -> Response:
    """Sign them out everywhere, oneself everywhere else."""
    user = member_of_staff(db(), user_id)
    ended = end_all_sessions(db(), user, by=me(), besides=signed_session() if user.id == me().id else None)
    return redirect_after(url_for("people.show", user_id=user.id), _("Sessions ended: %(number)d.", number=ended))


@blueprint.post("/<int:user_id>/sessions/<int:session_id>/ending")
@admin_only
def end_one(user_id: int, session_id: int) -> Response:
    user = member_of_staff(db(), user_id)
    signed = db().get(SignedSession, session_id)
    if signed is not None and signed.user_id == user.id:
        end_session(db(), signed, by=me())
    return redirect_after(url_for("people.show", user_id=user.id), _("Signed out there."))


@blueprint.post("/sessions/ending")
@admin_only
def end_everybodys() -> Response:
    """Sign everybody out but this browser: when a token may have leaked."""
    ended = end_everybodys_sessions(db(), by=me(), besides=signed_session())
    return redirect_after(url_for("people.index"), _("Sessions ended: %(number)d.", number=ended))


def start_password() -> str:
    """A password that can be read out over the telephone: syllables in words, with hyphens between them."""
    return "-".join("".join(secrets.choice(letters) for letters in _SHAPE) for _word in range(WORDS))


_SHAPE = ("bdfghjklmnprstvz", "aeiou", "bdfghklmnprstvz", "aeiou", "klmnrst")


def _set_rights(user: User, given: Mapping[str, Any]) -> None:
    """`form-ID` is "", "agent" or "admin"; a form that is not named stays as it is."""
    for form in all_forms(db(), archived=True):
        wanted = given.get(f"form-{form.id}")
        if wanted not in RIGHTS:
            continue
        if wanted:
            commands.set_form_agent(db(), form, user, is_admin=wanted == "admin", by=me())
        else:
            _take_right(form, user)


def _take_right(form: Form, user: User) -> None:
    if db().get(FormAgent, (form.id, user.id)) is not None:
        try:
            commands.remove_form_agent(db(), form, user, by=me())
        except (Invalid, NotAllowed) as problem:
            raise Invalid(problems={f"form-{form.id}": str(problem)}) from None


def _rights_of(people: list[User]) -> dict[int, dict[int, bool]]:
    return {user.id: forms_of(db(), user) for user in people}


def _lists() -> dict[str, Any]:
    return {
        "roles": [(Role.AGENT, _("Agent")), (Role.ADMIN, _("Administrator"))],
        "languages": list(LANGUAGES.items()),
        "zones": zone_choices(),
        "forms": all_forms(db()),
        "levels": [("", _("No")), ("agent", _("Works on it")), ("admin", _("Configures it, too"))],
    }


def _new(given: Mapping[str, Any], refusal: Refused = FRESH) -> Response:
    chosen = {form.id: given.get(f"form-{form.id}", "") for form in all_forms(db())}
    return page("people/new.html", status=refusal.status, given=given, refused=refusal, chosen=chosen, **_lists())


def _page(user: User, refusal: Refused = FRESH, given: Mapping[str, Any] | None = None, password: Refused = FRESH) -> Response:
    own = {form.id: right_of(db(), form, user) for form in all_forms(db())}
    stored = {form_id: "" if right is None else "admin" if right.is_admin else "agent" for form_id, right in own.items()}
    typed = {form_id: given.get(f"form-{form_id}", level) for form_id, level in stored.items()} if given else stored
    return page(
        "people/show.html", status=max(refusal.status, password.status), user=user, refused=refusal, password=password, chosen=typed,
        given=given or {name: getattr(user, name) for name in (*TEXTS, "can_delete")}, groups=groups_of(db(), user),
        sessions=sessions_of(db(), user), here=signed_session(), browser_name=browser_name,
        explained=explained(db(), user), **_lists(),
    )  # fmt: skip
