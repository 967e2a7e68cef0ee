"""The customer's profile: name, language, password, a copy of their data, and the wish to have it deleted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, send_file, url_for

from plugdesk.api import Conflict, Invalid, PlugdeskError, TooMany, current_language, runtime_of
from plugdesk.api import gettext as _
from plugdesk_portal.around import begin, customer, customers_only, desk_ctx, portal_page, some_send_links
from plugdesk_portal.connecting import named_connections
from plugdesk_portal.letters import change_wish, wish_of
from plugdesk_portal.own import FRESH, ask_to_forget, change_profile, copy_of_all, count_copy, set_password
from plugdesk_web.api import (
    begin_customer_session,
    begin_reading,
    customer_session,
    db,
    keep_customer,
    redirect_after,
    version_given,
)

blueprint = Blueprint("profile", __name__)
blueprint.before_request(begin)


@blueprint.get("/profile")
@customers_only
def show() -> Response:
    return _page()


@blueprint.post("/profile")
@customers_only
def change() -> Response:
    """Save name and language."""
    given = request.form
    try:
        change_profile(
            desk_ctx(), customer(), name=given.get("name", ""), language=given.get("language", ""), version=version_given()
        )
    except (Invalid, Conflict) as refusal:
        return _page(refusal)
    return redirect_after(url_for(".show"), _("Saved."))


@blueprint.post("/profile/letters")
@customers_only
def choose_letters() -> Response:
    """Which letters the customer wants."""
    given = request.form
    try:
        change_wish(
            desk_ctx(), customer(), link_only=given.get("answers") == "link", closing_notices=bool(given.get("closing")),
            version=version_given(),
        )  # fmt: skip
    except Conflict as refusal:
        return _page(refusal)
    return redirect_after(url_for(".show"), _("Saved."))


@blueprint.post("/profile/password")
@customers_only
def change_password() -> Response:
    """Set a password. Every other session ends; this browser gets a new one."""
    signed = customer_session()
    fresh = signed is not None and desk_ctx().now - signed[0].created_at < FRESH
    stay = signed is not None and signed[0].stays
    try:
        set_password(desk_ctx(), customer(), request.form.get("password", ""), fresh=fresh)
    except (Invalid, Conflict) as refusal:
        return _page(refusal)
    answer = redirect_after(url_for(".show"), _("Your password is set. You are signed out everywhere else."))
    return keep_customer(answer, begin_customer_session(customer(), stay=stay), stay=stay)


@blueprint.post("/profile/copy")
@customers_only
def copy() -> Response:
    """A ZIP file with everything the customer may read. It is long in the making, and holds up no writer meanwhile."""
    reader = customer().id
    current_language()  # looked up while there is a transaction to look in: counting has one of its own
    begin_reading()
    try:
        count_copy(runtime_of(db()), reader)
        packed = copy_of_all(desk_ctx(), customer())
    except TooMany as refusal:
        return _page(refusal)
    return send_file(packed, mimetype="application/zip", as_attachment=True, download_name="my-requests.zip")


@blueprint.post("/profile/forgetting")
@customers_only
def forget() -> Response:
    """Ask for one's data to be deleted: it becomes a request."""
    try:
        ticket = ask_to_forget(desk_ctx(), customer())
    except (Conflict, TooMany) as refusal:
        return _page(refusal)
    return redirect_after(
        url_for("portal_requests.show", number=ticket.number), _("Your wish is a request now. We answer it here.")
    )


def _page(refusal: PlugdeskError | None = None) -> Response:
    """The page; after a refusal with what was typed, and the reason."""
    given: Any = request.form
    if refusal is not None:
        begin_reading()
    reader = customer()
    wish, links = wish_of(desk_ctx(), reader), some_send_links()
    problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
    return portal_page(
        "profile.html", status=refusal.status if refusal else 200, problems=problems, words="" if refusal is None or problems else str(refusal),
        name=given.get("name", reader.name), language=given.get("language", reader.language or ""), contacts=reader.identities,
        wish=wish, links=links, connections=named_connections(desk_ctx(), reader),
    )  # fmt: skip
