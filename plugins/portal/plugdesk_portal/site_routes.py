"""The page on which an administrator says which sites vouch for customers, and makes the secret they sign with."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Conflict, Context, Invalid, PlugdeskError
from plugdesk.api import gettext as _
from plugdesk_portal.around import desk_ctx
from plugdesk_portal.vouching import renew_secret, save_sites, vouching_now
from plugdesk_web.api import admin_only, db, me, page, redirect_after, version_given

blueprint = Blueprint("site", __name__)


@blueprint.get("/site")
@admin_only
def show() -> Response:
    return _page(desk_ctx())


@blueprint.post("/site")
@admin_only
def change() -> Response:
    """Which sites may show the portal in a frame."""
    try:
        save_sites(desk_ctx(), request.form.get("sites", ""), by=me(), version=version_given())
    except (Conflict, Invalid) as refusal:
        db().rollback()
        return _page(desk_ctx(), refusal)
    return redirect_after(url_for(".show"), _("Saved."))


@blueprint.post("/site/secret")
@admin_only
def renew() -> Response:
    """A new secret, shown on this answer alone."""
    try:
        secret = renew_secret(desk_ctx(), by=me(), version=version_given())
    except Conflict as refusal:
        db().rollback()
        return _page(desk_ctx(), refusal)
    db().flush()  # the version the page is to hold
    return _page(desk_ctx(), secret=secret)


def _page(ctx: Context, refusal: PlugdeskError | None = None, *, secret: str = "") -> Response:
    row = vouching_now(ctx)
    problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
    typed = request.form.get("sites", "") if refusal is not None and "sites" in request.form else "\n".join(map(str, row.sites))
    return page(
        "portal:site.html", status=refusal.status if refusal else 200, row=row, sites=typed, problems=problems, secret=secret,
        words="" if refusal is None or problems else str(refusal), base=ctx.base_url or "",
    )  # fmt: skip
