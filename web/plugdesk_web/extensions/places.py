"""Who may look at which extension where: admins of the desk at all of it, admins of forms at their forms and no other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from flask import abort, request, url_for
from werkzeug.routing import BuildError

from plugdesk.errors import NotFound
from plugdesk.forms.models import Desk, Form
from plugdesk.forms.queries import configurable_forms
from plugdesk.i18n import gettext as _
from plugdesk.plugins.catalog import Card, ExtensionPage, Place, cards, extension
from plugdesk.plugins.loader import PAGES
from plugdesk_web.contributions import NavItem, contributed
from plugdesk_web.current import agent_only, db, form_to_configure, me, note_page_denied, runtime
from plugdesk_web.security import own_path

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Link:
    """A page of an extension about one form."""

    title: str
    icon: str
    url: str


def configuring_only(view: Callable[P, R]) -> Callable[P, R]:
    """Whoever configures at least one form. To other agents the page does not exist."""

    @wraps(view)
    @agent_only
    def guarded(*args: P.args, **given: P.kwargs) -> R:
        if not me().is_admin and not my_forms():
            note_page_denied()
            abort(404)
        return view(*args, **given)

    return guarded


def my_forms() -> list[Form]:
    """The forms whose extensions this person switches."""
    return configurable_forms(db(), me())


def my_cards() -> list[Card]:
    """The extensions this person may switch somewhere, each with the places that are theirs."""
    return [_mine(card) for card in cards(db(), my_forms()) if _is_mine(card)]


def my_extension(plugin: str, form: Form | None = None) -> ExtensionPage:
    """One extension, with the places that are theirs, or only `form`. Raises `NotFound`."""
    if plugin == PAGES:
        raise NotFound(_("There is no such extension."))
    found = extension(db(), plugin, my_forms() if form is None else [form])
    if not _is_mine(found.card):
        raise NotFound(_("There is no such extension."))
    return replace(found, card=_mine(found.card))


def scope_here(slug: str | None) -> Form | Desk:
    """The form at this address if it is theirs to configure, the desk (no slug) for its admins. Raises `NotFound`."""
    if slug is not None:
        return form_to_configure(slug)
    if not me().is_admin:
        note_page_denied()
        raise NotFound(_("There is no such page, or it is not for you."))
    return runtime().desk(db())


def my_form_ids() -> list[int] | None:
    """The ids of the forms whose figures and errors are shown; None for all of it, the desk's own included."""
    return None if me().is_admin else [form.id for form in my_forms()]


def url_at(endpoint: str, plugin: str, form: Form | None, **given: Any) -> str:
    """The address of `endpoint` for an extension in one place; no form means the desk."""
    return url_for(endpoint, plugin=plugin, slug=form.slug if form else None, **given)


def back_to(default: str) -> str:
    """Where the person came from, if the page says so."""
    return own_path(request.values.get("back")) or default


def form_pages(form: Form, plugin: str | None = None) -> list[Link]:
    """The own pages of the extensions that are on at `form` (or of one of them), for its settings."""
    links = []
    for each in contributed(runtime().registry, NavItem):
        if each.what.place == "form" and plugin in (None, each.plugin) and form.has(each.plugin):
            try:
                links.append(Link(_(str(each.what.title)), each.what.icon, url_for(each.what.endpoint, slug=form.slug)))
            except BuildError:  # an endpoint that is misspelt: the extension goes without its link, the page with the others
                runtime().context(each.plugin, form, db()).log.warning("There is no page %s", each.what.endpoint)
    return links


def _is_mine(card: Card) -> bool:
    return me().is_admin or card.scope != "app"


def _mine(card: Card) -> Card:
    publisher = "Plugdesk" if card.is_ours else card.publisher
    places = card.places if me().is_admin else [place for place in card.places if place.form is not None]
    return replace(card, publisher=publisher, places=places)


def place_of(card: Card, scope: Form | Desk) -> Place | None:
    """The extension's state in one place; None for the desk's level of one that is switched on per form only."""
    wanted = scope if isinstance(scope, Form) else None
    return next((place for place in card.places if place.form is wanted), None)
