"""The page on which those who configure a form say of single organizations whether their people read each other's requests."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Conflict, Form, Invalid, PlugdeskError, lazy_gettext, row_number, storable
from plugdesk.api import gettext as _
from plugdesk_portal import sharing
from plugdesk_portal.around import PLUGIN
from plugdesk_portal.colleagues import shares_with_all
from plugdesk_web.api import NavItem, Pages, context, db, form_to_configure, me, page, redirect_after

blueprint = Blueprint("sharing", __name__)
PAGES = [
    Pages(blueprint, "form"),
    NavItem(lazy_gettext("Requests of organizations"), "users", "portal_sharing.index", place="form"),
]


@blueprint.get("/organizations")
def index(slug: str) -> Response:
    """What the form says of all, and what is said of single ones."""
    return _page(form_to_configure(slug))


@blueprint.post("/organizations")
def add(slug: str) -> Response:
    """Say something of one. A refusal keeps what was typed."""
    form = form_to_configure(slug)
    try:
        said = sharing.say(context(PLUGIN), form, _typed_name(), shares=_typed_word(), by=me())
    except (Invalid, Conflict) as refusal:
        db().rollback()
        return _page(form_to_configure(slug), refusal)
    return redirect_after(url_for(".index", slug=slug), _("It holds for %(name)s from now on.", name=said.name))


@blueprint.post("/organizations/<int:organization_id>")
def change(slug: str, organization_id: int) -> Response:
    """Say the opposite."""
    form, ctx = form_to_configure(slug), context(PLUGIN)
    sharing.say_otherwise(ctx, form, sharing.word_here(ctx, form, organization_id), shares=_typed_word(), by=me())
    return redirect_after(url_for(".index", slug=slug), _("Saved."))


@blueprint.post("/organizations/<int:organization_id>/removal")
def remove(slug: str, organization_id: int) -> Response:
    """What the form says of all holds again."""
    form, ctx = form_to_configure(slug), context(PLUGIN)
    sharing.say_nothing(ctx, form, sharing.word_here(ctx, form, organization_id), by=me())
    return redirect_after(url_for(".index", slug=slug), _("Saved."))


def _typed_name() -> str:
    return storable(request.form.get("organization", "")).strip()


def _typed_word() -> bool:
    return request.form.get("shares") == "1"


def _page(form: Form, refusal: PlugdeskError | None = None) -> Response:
    ctx, after = context(PLUGIN), row_number(request.args.get("after", ""))
    problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
    return page(
        "portal:sharing.html", status=refusal.status if refusal else 200, form=form, words=sharing.words_here(ctx, form, after),
        newer=after is not None, all_share=shares_with_all(ctx, form), organization=_typed_name() if refusal else "",
        shares=_typed_word() if refusal else not shares_with_all(ctx, form), problems=problems,
        refused="" if problems or refusal is None else str(refusal),
    )  # fmt: skip
