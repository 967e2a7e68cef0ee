"""The page on which an administrator says how the site looks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Conflict, Invalid, PlugdeskError
from plugdesk.api import gettext as _
from plugdesk_faq.looking import MOST_LOGO, LookInput, look_now, save_look
from plugdesk_faq.rights import PLUGIN
from plugdesk_web.api import LOOK_SIZES, Pages, admin_only, context, db, me, page, redirect_after, version_given

blueprint = Blueprint("look", __name__)
PAGES = [Pages(blueprint, "app")]
TEXTS = ("title", "header", "footer", "base_url")
LOOKS = ("accent", "background", *LOOK_SIZES)


@blueprint.get("/site")
@admin_only
def edit() -> Response:
    row = look_now(context(PLUGIN))
    return _edit({name: getattr(row, name) for name in TEXTS} | dict(row.look))


@blueprint.post("/site")
@admin_only
def change() -> Response:
    given = {name: request.form.get(name, "") for name in (*TEXTS, *LOOKS)}
    sent = request.files.get("logo")
    logo = (sent.filename or "", sent.read(MOST_LOGO + 1)) if sent and sent.filename else None
    wanted = LookInput(
        **{name: given[name] for name in TEXTS}, look={name: given[name] for name in LOOKS}, logo=logo,
        without_logo=bool(request.form.get("without_logo")),
    )  # fmt: skip
    try:
        save_look(context(PLUGIN), wanted, by=me(), version=version_given())
    except (Conflict, Invalid) as refusal:
        db().rollback()
        return _edit(given, refusal=refusal)
    return redirect_after(url_for(".edit"), _("Saved."))


def _edit(typed: dict[str, Any], *, refusal: PlugdeskError | None = None) -> Response:
    problems = dict(refusal.problems) if isinstance(refusal, Invalid) else {}
    return page(
        "faq:articles/look.html", status=refusal.status if refusal else 200, typed=typed, problems=problems, sizes=LOOK_SIZES,
        row=look_now(context(PLUGIN)), words="" if problems or refusal is None else str(refusal),
    )  # fmt: skip
