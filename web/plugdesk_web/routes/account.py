"""What is one's own: name, language, zone, looks, password, and where one is signed in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid, NotFound
from plugdesk.i18n import LANGUAGES
from plugdesk.i18n import gettext as _
from plugdesk.sessions import SignedSession, end_session, sessions_of, sign_in
from plugdesk.throttle import TooMany, count_attempt, forgive
from plugdesk.users.commands import change_user, set_password
from plugdesk.users.models import User
from plugdesk.users.passwords import password_matches
from plugdesk.users.signing_in import PER_ACCOUNT
from plugdesk_web.choices import browser_name, zone_choices
from plugdesk_web.cookies import keep_choice, keep_session
from plugdesk_web.current import agent_only, db, me, only_reading, runtime, signed_session
from plugdesk_web.editing import FRESH, Refused, refused, version_given
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.security import own_path

blueprint = Blueprint("account", __name__, url_prefix="/account")
OWN = ("name", "language", "zone", "theme")
DENSITIES = ("", "compact", "roomy")
THEMES = ("", "light", "dark")


@blueprint.get("")
@agent_only
def show() -> Response:
    return _page()


@blueprint.post("")
@agent_only
def change() -> Response:
    """Save name, language, zone and looks."""
    try:
        change_user(db(), me(), {name: request.form.get(name, "") for name in OWN}, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        labels = {"name": _("Name"), "language": _("Language"), "zone": _("Time zone"), "theme": _("Appearance")}
        said = refused(refusal)
        return _page(said.beside((label, request.form.get(name), getattr(me(), name)) for name, label in labels.items()))
    return _looks(redirect_after(url_for("account.show"), _("Saved.")))


@blueprint.post("/preferences")
@agent_only
def preferences() -> Response:
    """One press in the menu under the name: theme, density or language, then back to the page."""
    given = request.form
    changes = {}
    if given.get("theme") in THEMES:
        changes["theme"] = given["theme"]
    if given.get("lang") in LANGUAGES:
        changes["language"] = given["lang"]
    if changes:
        change_user(db(), me(), changes, by=me())
    return _looks(redirect_after(_referrer()))


@blueprint.post("/password")
def set_own_password() -> Response:
    """Another password, for whoever knows the old one. Every other session ends; this browser gets a new one."""
    only_reading()
    return agent_only(_set_password)()


@blueprint.post("/sessions/<int:session_id>/ending")
@agent_only
def end(session_id: int) -> Response:
    """Sign another browser of one's own out."""
    signed = db().get(SignedSession, session_id)
    if signed is None or signed.user_id != me().id:
        raise NotFound(_("There is no such session."))
    end_session(db(), signed, by=me())
    return redirect_after(url_for("account.show", _anchor="sessions"), _("Signed out there."))


def _set_password() -> Response:
    user, old, new = me(), request.form.get("old", ""), request.form.get("password", "")
    key = f"password of {user.id}"
    stays = signed_session().stays
    try:
        attempts = count_attempt(runtime(), {key: PER_ACCOUNT})
    except TooMany as refusal:
        return _page(password=Refused(refusal.status, problems={"old": str(refusal)}))
    if not password_matches(user.password_hash, old):
        return _page(password=Refused(422, problems={"old": _("That is not your password.")}))
    try:
        with runtime().database.write() as session:
            mine = session.get(User, user.id)
            if mine is None or mine.password_hash != user.password_hash:
                raise Conflict(_("Your password was changed at this moment. Sign in again."))
            set_password(session, mine, new, by=mine)
            forgive(session, attempts, keys=[key])
            token = sign_in(session, mine, remote_address=request.remote_addr, user_agent=request.user_agent.string, stay=stays)
    except Invalid as refusal:
        return _page(password=Refused(refusal.status, problems=refusal.problems))
    response = redirect_after(
        url_for("account.show", _anchor="password"), _("Your password is changed. You are signed out everywhere else.")
    )
    return keep_session(response, token, stay=stays)


def _looks(response: Response) -> Response:
    """Keep density, theme and language on this device, too, for the pages before the sign-in."""
    given = request.form
    if given.get("density") in DENSITIES:
        keep_choice(response, "density", given["density"])
    if given.get("theme") in THEMES:
        keep_choice(response, "theme", given["theme"])
    if given.get("lang") in LANGUAGES:
        keep_choice(response, "lang", given["lang"])
    return response


def _referrer() -> str:
    came_from = request.referrer or ""
    if came_from.startswith(request.host_url):
        return own_path(came_from.removeprefix(request.host_url.rstrip("/"))) or url_for("tickets.home")
    return url_for("tickets.home")


def _page(profile: Refused = FRESH, password: Refused = FRESH) -> Response:
    user = me()
    given: Any = request.form if profile is not FRESH else {name: getattr(user, name) for name in OWN}
    return page(
        "account/show.html", status=max(profile.status, password.status), user=user, given=given, refused=profile, password=password,
        sessions=sessions_of(db(), user), here=signed_session(), browser_name=browser_name, languages=list(LANGUAGES.items()),
        zones=zone_choices(),
        themes=[("light", _("Light")), ("dark", _("Dark"))], densities=[("compact", _("Compact")), ("roomy", _("Roomy"))],
    )  # fmt: skip
