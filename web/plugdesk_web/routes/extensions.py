"""The catalog of extensions, its matrix, one extension, the way to switch it, and the inspector of a form's hooks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from plugdesk.errors import NotFound
from plugdesk.forms.models import Desk, Form
from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext
from plugdesk.plugins.catalog import Card, PlaceState, inspector
from plugdesk.plugins.manifest import API_VERSION
from plugdesk_web.current import db, form_to_configure, me, runtime
from plugdesk_web.editing import FRESH, Refused
from plugdesk_web.extensions.figures import errors_of, figures_of
from plugdesk_web.extensions.flow import Tested, flow_of
from plugdesk_web.extensions.journal import journal_of
from plugdesk_web.extensions.places import (
    back_to,
    configuring_only,
    form_pages,
    my_cards,
    my_extension,
    my_form_ids,
    my_forms,
    scope_here,
    url_at,
)
from plugdesk_web.extensions.shelves import (
    SHELVES,
    STATES,
    Narrowed,
    at_time,
    catalog_of,
    icon_of,
    install_command,
    sockets,
    where_on,
    wrong,
)
from plugdesk_web.rendering import page, redirect_after
from plugdesk_web.settings_form import known_variables

blueprint = Blueprint("extensions", __name__, url_prefix="/extensions")

ADDED = {
    "channels": lazy_gettext("Channel"),
    "panels": lazy_gettext("Panel"),
    "columns": lazy_gettext("Column"),
    "actions": lazy_gettext("Action"),
    "pages": lazy_gettext("Pages"),
    "facts": lazy_gettext("Fact"),
    "report_metrics": lazy_gettext("Figure of reports"),
    "jobs": lazy_gettext("Job"),
    "variables": lazy_gettext("Variable"),
    "commands": lazy_gettext("Command"),
    "hooks": lazy_gettext("Hook"),
}
KINDS = {
    "first": lazy_gettext("Decision: the first answer counts"),
    "filter": lazy_gettext("Decision: one after another"),
    "follow": lazy_gettext("Decision: each does its part"),
    "veto": lazy_gettext("Decision: each may refuse"),
    "announcement": lazy_gettext("Announcement"),
    "gathered": lazy_gettext("Announcement, for many tickets at once"),
    "asked": lazy_gettext("Asked by a page"),
    "contribution": lazy_gettext("Asked at the start"),
}


@blueprint.app_context_processor
def _drawing() -> dict[str, Any]:
    """What the partials about extensions ask of a card; not for the components, which are imported without context."""
    return {
        "at_time": at_time, "icon_of": icon_of, "where_on": where_on, "sockets": sockets, "wrong": wrong, "url_at": url_at, "shelf_names": SHELVES,
        "form_pages": form_pages, "PlaceState": PlaceState,
    } if request.blueprint in ("extensions", "switching") else {}  # fmt: skip


@blueprint.get("")
@configuring_only
def catalog() -> Response:
    """Every extension as a card, on the shelf of its category."""
    narrowed = _narrowed()
    return page(
        "extensions/catalog.html", fragment="extensions/_catalog.html", catalog=catalog_of(my_cards(), narrowed), states=STATES,
        arguments=_arguments(narrowed), install=install_command("PACKAGE") if me().is_admin else "",
    )  # fmt: skip


@blueprint.get("/by-form")
@configuring_only
def matrix() -> Response:
    """Extensions by forms, a switch in each cell."""
    return matrix_page()


@blueprint.get("/by-form/<slug>")
@configuring_only
def inspect(slug: str) -> Response:
    """Each hook as it is on this form: who is asked in which order, how long it takes, how it fails."""
    form = form_to_configure(slug)
    rows, specs = inspector(db(), form), runtime().registry.specs
    asked = sorted({row.hook: None for row in rows}, key=lambda hook: list(KINDS).index(specs[hook].plugdesk_kind))
    hooks = [(hook, str(KINDS[specs[hook].plugdesk_kind]), [row for row in rows if row.hook == hook]) for hook in asked]
    return page("extensions/inspector.html", form=form, hooks=hooks, names={card.id: card.name for card in my_cards()})


@blueprint.get("/<plugin>")
@configuring_only
def show(plugin: str) -> Response:
    """What an extension does, how it does, where it is on, and what was done to it."""
    found = my_extension(plugin)
    ids = my_form_ids()
    installed = runtime().registry.plugins.get(plugin)
    permissions = installed.manifest.permissions if installed and installed.manifest else ()
    return page(
        "extensions/show.html",
        about=found,
        card=found.card,
        installed=installed,
        added=ADDED,
        meanings={f"${{{name}}}": about for name, about in known_variables(runtime().registry).items()},
        our_api=".".join(map(str, API_VERSION)),
        not_touched=_not_touched(permissions),
        figures=figures_of(db(), plugin, ids),
        errors=errors_of(db(), plugin, ids),
        entries=journal_of(db(), plugin, None if me().is_admin else my_forms()),
        form_names={form.id: form.name for form in my_forms()},
        has_settings=bool(
            installed and installed.manifest and installed.manifest.settings and runtime().registry.is_loaded(plugin)
        ),
    )


@blueprint.get("/<plugin>/choose")
@configuring_only
def choose(plugin: str) -> Response:
    """From the choice of a form to that form's page."""
    slug = request.args.get("form") or _first_off(my_extension(plugin).card)
    if slug is None and not me().is_admin:
        raise NotFound(_("There is no such form."))
    return redirect_after(url_for("extensions.switch", plugin=plugin, slug=slug, back=request.args.get("back")))


@blueprint.get("/<plugin>/desk", defaults={"slug": None})
@blueprint.get("/<plugin>/forms/<slug>")
@configuring_only
def switch(plugin: str, slug: str | None) -> Response:
    """Settings, what will change, and the switch, for one form or (without a slug) for the desk."""
    return flow_page(plugin, slug)


def matrix_page() -> Response:
    """The matrix, or for htmx its part, narrowed by what the request says."""
    narrowed, cards, forms = _narrowed(), my_cards(), my_forms()
    return page(
        "extensions/matrix.html", fragment="extensions/_matrix.html", catalog=catalog_of(cards, narrowed), forms=forms,
        states=STATES, arguments=_arguments(narrowed), on_here={form.id: _number_on(cards, form) for form in forms},
    )  # fmt: skip


def flow_page(
    plugin: str, slug: str | None, *, given: Any = None, refused: Refused = FRESH, tested: Tested | None = None
) -> Response:
    """The flow as a sheet for htmx, else as a page; after a refusal with what was `given`."""
    flow = flow_of(db(), plugin, scope_here(slug), forms=my_forms(), given=given, refused=refused, tested=tested)
    status = refused.status if tested is None or not tested.problem else 422
    back = back_to(url_for("extensions.show", plugin=plugin))
    return page(
        "extensions/switch.html",
        fragment="extensions/_sheet.html",
        status=status,
        flow=flow,
        back=back,
        along=request.form.get("along"),
    )


def place_name(scope: Form | Desk) -> str:
    """A form's name, or the words for the desk."""
    return scope.name if isinstance(scope, Form) else _("the whole desk")


def _narrowed() -> Narrowed:
    state = request.values.get("state", "all")
    publisher = request.values.get("publisher", "")[:200]
    return Narrowed(request.values.get("q", "").strip()[:200], state if state in STATES else "all", publisher)


def _arguments(narrowed: Narrowed) -> dict[str, str]:
    """What the addresses of the filters keep of one another."""
    return {name: value for name, value in (("q", narrowed.words), ("publisher", narrowed.publisher)) if value}


def _number_on(cards: list[Card], form: Form) -> int:
    return sum(place.form is form and place.is_on for card in cards for place in card.places)


def _first_off(card: Card) -> str | None:
    forms = [place for place in card.places if place.form is not None]
    off = next((place for place in forms if not place.is_on), forms[0] if forms else None)
    return off.form.slug if off is not None and off.form is not None else None


def _not_touched(permissions: tuple[str, ...]) -> list[str]:
    """What an extension does without, as far as people ask about it first."""
    lacks = []
    if not any(each.startswith("net") for each in permissions):
        lacks.append(_("Connects to nothing outside"))
    if "public-pages" not in permissions:
        lacks.append(_("Has no public pages"))
    if "messages:send" not in permissions:
        lacks.append(_("Sends nothing to customers"))
    return lacks
