"""The first run: until there is an administrator every page leads here, afterwards the address is gone for ever.

What follows (a ready-made configuration, a mailbox, a test request, its answer) are pages of the new administrator.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, abort, current_app, request, url_for

from plugdesk.addresses import is_email, normal_email
from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.i18n import LANGUAGES, current_language
from plugdesk.i18n import gettext as _
from plugdesk.sessions import sign_in
from plugdesk.setup import apply_configuration, create_desk, first_administrator, is_set_up
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.users.customers import find_or_create_customer
from plugdesk.users.models import User
from plugdesk_web import once
from plugdesk_web.choices import zone_choices
from plugdesk_web.cookies import keep_session, speak_as_asked
from plugdesk_web.current import admin_only, db, me, runtime
from plugdesk_web.editing import FRESH, Refused, refused
from plugdesk_web.first_steps import STEPS, Progress, progress_of
from plugdesk_web.rendering import page, redirect_after

blueprint = Blueprint("first_run", __name__)
blueprint.before_request(speak_as_asked)
OPEN = ("first_run.show", "first_run.create", "static_file", "static_of_plugin")
DONE = "plugdesk_set_up"
CONFIGURATION = "support_desk"


@blueprint.before_app_request
def lead_here() -> Response | None:
    """Until the desk is set up there is nothing else to see."""
    if request.endpoint in OPEN or _is_done():
        return None
    return redirect_after(url_for("first_run.show"))


@blueprint.get("/set-up")
def show() -> Response:
    """The first administrator and the desk's name."""
    if _is_done():
        abort(404)
    return _administrator({"language": runtime().settings.language or current_language(), "zone": ""})


@blueprint.post("/set-up")
def create() -> Response:
    """Make the desk and its administrator, who is signed in at once. Of two who press at the same moment one succeeds."""
    if _is_done():
        abort(404)
    given = request.form
    try:
        with _as("desk"):
            desk = create_desk(db(), name=given.get("desk", ""), language=given.get("language", ""), zone=given.get("zone", ""))
            desk.base_url = request.host_url.rstrip("/")
        user = first_administrator(
            db(), name=given.get("name", ""), email=given.get("email", ""), password=given.get("password", ""),
            language=given.get("language", ""), zone=given.get("zone", ""),
        )  # fmt: skip
    except Invalid as refusal:
        return _administrator(given, refused(refusal))
    except (NotAllowed, Conflict):
        db().rollback()
        return redirect_after(
            url_for("sign_in.show"), _("Somebody else has just set up this desk. Sign in, or ask them to add you."), tone="error"
        )
    token = sign_in(db(), user, remote_address=request.remote_addr, user_agent=request.user_agent.string)
    return keep_session(redirect_after(url_for("first_run.steps")), token, stay=False)


@blueprint.get("/first-steps")
@admin_only
def steps() -> Response:
    """What is done and what is next; any step can be looked at, or left for later."""
    return _steps(request.args.get("step", ""))


@blueprint.post("/first-steps/configuration")
@admin_only
def configure() -> Response:
    """Make the ready-made form, unless there is one."""
    if progress_of(db()).form is None:
        apply_configuration(db(), CONFIGURATION, by=me(), language=me().language)
    return redirect_after(url_for("first_run.steps"))


@blueprint.post("/first-steps/mailbox")
@admin_only
def begin_mailbox() -> Response:
    """The address first; the extension's own page asks for the rest and comes back here."""
    form, address = progress_of(db()).form, request.form.get("address", "").strip()
    if form is None:
        return redirect_after(url_for("first_run.steps"))
    if not is_email(address):
        return _steps("mailbox", {"address": _("Write an e-mail address like support@example.org.")})
    taken = db().scalar(sa.select(User).where(User.email == normal_email(address)))
    if taken is not None:
        who = _("you sign in with") if taken.id == me().id else _("%(name)s signs in with", name=taken.name)
        words = _(
            "%(address)s is the address %(who)s. Letters to a mailbox become tickets, so it must be another one.",
            address=address,
            who=who,
        )
        return _steps("mailbox", {"address": words})
    after = url_for("first_run.steps", step="test")
    return redirect_after(url_for("email_mailboxes.new", slug=form.slug, address=address, next=after))


@blueprint.post("/first-steps/test")
@admin_only
def write_test() -> Response:
    """A request from the administrator's own address, as a customer would send it: the receipt and the answer go there."""
    if (target := once.done_before(db(), me().id)) is not None:
        return redirect_after(target)
    now = progress_of(db())
    if now.form is None or now.ticket is not None:
        return redirect_after(url_for("first_run.steps"))
    customer = find_or_create_customer(db(), channel="email", value=me().email or "", name=me().name, language=me().language)
    said = Said(text=_("This is a test of our new desk. Whoever reads it answers it, and sees how the answer arrives."))
    by = None if now.mailboxes else me()
    open_ticket(db(), now.form, customer, subject=_("A test request"), said=said, channel="email", by=by)
    target = url_for("first_run.steps", step="answer")
    return redirect_after(once.remember(db(), me().id, target) or target)


def _is_done() -> bool:
    """Whether the set-up is over. Once it is, it stays so: asked of the database only until then, in a transaction of its own."""
    if not current_app.extensions.get(DONE):
        with runtime().database.read() as session:
            current_app.extensions[DONE] = is_set_up(session)
    return bool(current_app.extensions[DONE])


class _as:
    """Inside, a problem with a `name` is called `field`: the page has two names, the desk's and the administrator's."""

    def __init__(self, field: str) -> None:
        self.field = field

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Invalid) and "name" in error.problems:
            error.problems[self.field] = error.problems.pop("name")


def _administrator(given: Any, refusal: Refused = FRESH) -> Response:
    return page(
        "first_run/administrator.html", status=refusal.status, given=given, refused=refusal, languages=list(LANGUAGES.items()),
        zones=zone_choices(),
    )  # fmt: skip


def _steps(wanted: str, problems: dict[str, str] | None = None) -> Response:
    now: Progress = progress_of(db())
    current = wanted if wanted in STEPS and (now.form is not None or wanted == "configuration") else now.next
    return page(
        "first_run/steps.html", status=422 if problems else 200, progress=now, current=current, once=once.new_key(),
        given=request.form, problems=problems or {}, language=current_language(),
        knows_mail=now.takes_mail and "email_mailboxes.new" in current_app.view_functions,
    )  # fmt: skip
