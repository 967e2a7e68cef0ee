"""The page on which an administrator says how the site looks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.api import Conflict, Invalid
from plugdesk.api import gettext as _
from plugdesk_faq.looking import MOST_LOGO, LookInput, look_now, save_look
from plugdesk_faq.rights import PLUGIN
from plugdesk_faq.site_models import SiteLook
from plugdesk_web.api import (
    FRESH,
    LOOK_LABELS,
    LOOK_SIZES,
    Pages,
    Refused,
    admin_only,
    context,
    me,
    page,
    redirect_after,
    refused,
    version_given,
)

blueprint = Blueprint("look", __name__)
PAGES = [Pages(blueprint, "app")]
TEXTS = ("title", "header", "footer", "base_url")


@blueprint.get("/site")
@admin_only
def edit() -> Response:
    return _edit(_stored(look_now(context(PLUGIN))))


@blueprint.post("/site")
@admin_only
def change() -> Response:
    given = {name: request.form.get(name, "") for name in (*TEXTS, *LOOK_LABELS)}
    sent = request.files.get("logo")
    logo = (sent.filename or "", sent.read(MOST_LOGO + 1)) if sent and sent.filename else None
    wanted = LookInput(
        **{name: given[name] for name in TEXTS}, look={name: given[name] for name in LOOK_LABELS}, logo=logo,
        without_logo=bool(request.form.get("without_logo")),
    )  # fmt: skip
    try:
        save_look(context(PLUGIN), wanted, by=me(), version=version_given())
    except (Conflict, Invalid) as refusal:
        said = refused(refusal)
        return _edit(given, said.compared(_in_words(given), _in_words(_stored(look_now(context(PLUGIN))))))
    return redirect_after(url_for(".edit"), _("Saved."))


def _edit(typed: dict[str, Any], said: Refused = FRESH) -> Response:
    row = look_now(context(PLUGIN))
    return page(
        "faq:articles/look.html", status=said.status, typed=typed, row=row, version=said.version_of(row.version), refused=said,
        problems=said.problems, sizes=LOOK_SIZES, looks=LOOK_LABELS,
    )  # fmt: skip


def _stored(row: SiteLook) -> dict[str, Any]:
    return {name: getattr(row, name) for name in TEXTS} | dict(row.look)


def _in_words(typed: dict[str, Any]) -> dict[str, Any]:
    """Each control's label with what stands in it; pictures are not compared."""
    return {
        _("Title"): typed["title"], **{str(label): typed.get(name) for name, label in LOOK_LABELS.items()},
        _("Text above every page"): typed["header"], _("Text at the foot"): typed["footer"], _("Own address"): typed["base_url"],
    }  # fmt: skip
