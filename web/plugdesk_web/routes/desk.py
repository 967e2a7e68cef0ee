"""What the desk is called, speaks and goes by. For administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import Conflict, Invalid
from plugdesk.forms.models import Desk
from plugdesk.i18n import LANGUAGES
from plugdesk.i18n import gettext as _
from plugdesk.setup import change_desk
from plugdesk_web.choices import zone_choices
from plugdesk_web.current import admin_only, db, me, runtime
from plugdesk_web.editing import FRESH, Refused, chosen_words, refused, version_given
from plugdesk_web.rendering import page, redirect_after

blueprint = Blueprint("desk", __name__, url_prefix="/desk")


@blueprint.get("")
@admin_only
def show() -> Response:
    """Name, language and zone, to be changed."""
    desk = runtime().desk(db())
    return _page(desk, _stored(desk))


@blueprint.post("")
@admin_only
def change() -> Response:
    """Save them; a refusal keeps what was typed."""
    given = {name: request.form.get(name, "") for name in ("name", "language", "zone")}
    try:
        change_desk(db(), runtime().desk(db()), **given, by=me(), version=version_given())
    except (Invalid, Conflict) as refusal:
        said, desk = refused(refusal), runtime().desk(db())
        return _page(desk, given, said.compared(_in_words(given), _in_words(_stored(desk))))
    return redirect_after(url_for("desk.show"), _("Saved."))


def _page(desk: Desk, given: Mapping[str, str], said: Refused = FRESH) -> Response:
    return page(
        "desk/show.html", status=said.status, refused=said, given=given, version=said.version_of(desk.version),
        languages=list(LANGUAGES.items()), zones=zone_choices(),
    )  # fmt: skip


def _stored(desk: Desk) -> dict[str, str]:
    return {"name": desk.name, "language": desk.language, "zone": desk.zone}


def _in_words(given: Mapping[str, Any]) -> dict[str, str]:
    """Each control's label with what stands in it."""
    return {
        _("What your desk is called"): given["name"], _("Language"): chosen_words(LANGUAGES.items(), given["language"]),
        _("Time zone"): given["zone"],
    }  # fmt: skip
