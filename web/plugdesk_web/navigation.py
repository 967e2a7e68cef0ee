"""The left panel and who is signed in, for every template: computed once a request, and only if the page draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Flask, g, has_request_context, request, url_for
from werkzeug.utils import cached_property

from plugdesk.forms.models import Form
from plugdesk.forms.queries import forms_for
from plugdesk.i18n import current_language
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure, deletes_some, sees_load
from plugdesk.tickets.counts import last_event_id, view_counts
from plugdesk.tickets.lists import VIEWS
from plugdesk_web.contributions import Contributed, NavItem, contributed
from plugdesk_web.current import db, desk_or_none, me, me_or_none, runtime
from plugdesk_web.customers import in_a_frame
from plugdesk_web.rendering import is_fragment, take_toasts
from plugdesk_web.tones import tone_in

KEYS = {
    "new": "n",
    "mine": "m",
    "groups": "g",
    "asked": "h",
    "unread": "u",
    "watching": "w",
    "unanswered": "c",
    "open": "o",
    "waiting": "p",
    "done": "d",
    "bin": "b",
}
PARTS = {
    "groups": "people",
    "fields": "forms",
    "statuses": "forms",
    "rights": "forms",
    "shifts": "people",
}  # pages that belong to another resource


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the left panel: where it leads; `count` and its `tone`, whether it is `current`, the `key` that goes there."""

    title: str
    url: str
    icon: str = ""
    current: bool = False
    count: int | None = None
    tone: str = ""
    key: str = ""
    id: str = ""


class Navigation:
    """What `nav` is in templates. Sections are computed when they are drawn."""

    shared: tuple[Item, ...] = ()
    mine: tuple[Item, ...] = ()
    shared_add_url = shared_order_url = mine_add_url = mine_order_url = ""

    @property
    def home_url(self) -> str:
        return url_for("tickets.view", slug="open")

    @cached_property
    def counts(self) -> dict[str, int]:
        return dict(view_counts(db(), me()))

    @cached_property
    def views(self) -> tuple[Item, ...]:
        counts = tuple(self.counts.get(view.slug) if view.counted else None for view in VIEWS)
        return _views(_view_here(), counts, deletes_some(db(), me()), current_language(), request.script_root)

    @cached_property
    def pages(self) -> tuple[Item, ...]:
        items = [_item(_("Customers"), "users", "customers.index")]
        if sees_load(db(), me()):
            items.append(_item(_("Supervision"), "chart", "load.show"))
        desk = runtime().desk(db())
        for each in contributed(runtime().registry, NavItem):
            if each.what.place == "desk" and (desk.has(each.plugin) or _is_shown(each, self._forms)):
                items.append(_item(str(each.what.title), each.what.icon, each.what.endpoint))
        return tuple(items)

    @cached_property
    def extensions(self) -> Item | None:
        """The way to the settings, for those who may change any."""
        if not self._configures:
            return None
        return _item(_("Extensions"), "plug", "extensions.catalog")

    @cached_property
    def settings(self) -> list[dict[str, Any]]:
        forms = [
            Item(form.name, url_for("forms.show", slug=form.slug), current=_here("forms") and _slug() == form.slug)
            for form in self._configures
        ]
        first = [_item(_("Extensions"), "plug", "extensions.catalog", "extensions"), _item(_("Forms"), "inbox", "forms.index")]
        if me().is_admin:
            first.append(_item(_("People"), "users", "people.index", "people"))
            first.append(_item(_("Tags"), "tag", "tags.index"))
            first.append(_item(_("Business hours"), "clock", "hours.index", "hours"))
        groups = [{"title": _("Settings"), "items": first}, {"title": _("Forms"), "items": forms}]
        if me().is_admin:
            own = [
                _item(_("This desk"), "home", "desk.show", "desk"),
                _item(_("System"), "settings", "system.show", "system"),
                _item(_("Journal"), "list", "journal.index", "journal"),
            ]
            for each in contributed(runtime().registry, NavItem):
                if each.what.place == "settings" and (runtime().desk(db()).has(each.plugin) or _is_shown(each, self._forms)):
                    own.append(_item(str(each.what.title), each.what.icon, each.what.endpoint))
            groups.append({"title": _("This installation"), "items": own})
        return groups

    @property
    def account(self) -> tuple[Item, ...]:
        return (_item(_("Your settings"), "user", "account.show"),)

    @property
    def me_note(self) -> str:
        return _("Administrator") if me().is_admin else ""

    @property
    def preferences_url(self) -> str:
        return url_for("account.preferences")

    @property
    def sign_out_url(self) -> str:
        return url_for("sign_in.sign_out")

    @property
    def search_url(self) -> str:
        return url_for("search.show")

    @property
    def palette_url(self) -> str:
        return url_for("search.palette")

    @property
    def refresh_url(self) -> str:
        return url_for("live.sidebar", at=request.full_path)

    @property
    def live_url(self) -> str:
        return url_for("live.changes")

    @cached_property
    def since(self) -> int:
        assert self.counts is not None  # their query brings it along
        return last_event_id(db())

    @cached_property
    def _forms(self) -> Sequence[Form]:
        return forms_for(db(), me())

    @cached_property
    def _configures(self) -> list[Form]:
        return [form for form in self._forms if can_configure(db(), me(), form)]


@lru_cache(maxsize=512)
def _views(here: str | None, counts: tuple[int | None, ...], with_bin: bool, language: str, root: str) -> tuple[Item, ...]:
    """The views' lines, which are made anew only when a count has changed; in `language`, at the addresses under `root`."""
    return tuple(
        Item(
            str(view.title), url_for("tickets.view", slug=view.slug), view.icon, view.slug == here,
            count, "orange" if view.slug == "new" else "", KEYS.get(view.slug, ""),
        )
        for view, count in zip(VIEWS, counts, strict=True)
        if view.slug != "bin" or with_bin
    )  # fmt: skip


def install(app: Flask) -> None:
    """Give every template `nav`, `me` and what the layouts rely on."""
    app.context_processor(_values)


def _values() -> dict[str, Any]:
    if not has_request_context():
        return {}
    user = me_or_none()
    desk = desk_or_none()
    own = (user.theme if user else None) or request.cookies.get("theme", "")
    return {
        "nav": _navigation() if user and user.is_agent else None,
        "me": user,
        "desk_name": desk.name if desk else "Plugdesk",
        "lang": current_language(),
        "theme": tone_in(request.args) if in_a_frame() else own,
        "density": request.cookies.get("density", ""),
        "safe_mode": runtime().settings.safe_mode,
        "toasts": [] if is_fragment() else take_toasts(),
    }


def _navigation() -> Navigation:
    if "navigation" not in g:
        g.navigation = Navigation()
    made: Navigation = g.navigation
    return made


def _is_shown(item: Contributed, mine: Sequence[Form]) -> bool:
    """Whether the page of an extension that is on for forms is there for whoever asks and works on the forms `mine`."""
    forms = [form for form in mine if form.has(item.plugin)]
    if item.what.shown is None:
        return bool(forms)
    asked = (runtime().executor.run(item.plugin, "menu", form, db(), item.what.shown, me()) for form in forms)
    return any(answer is True for answer in asked)


def _item(title: str, icon: str, endpoint: str, part: str | None = None) -> Item:
    return Item(title, url_for(endpoint), icon, _here(part or endpoint))


def _here(part: str) -> bool:
    """Whether this page belongs to an endpoint, or (for a bare name) to any page of that resource."""
    endpoint = request.endpoint or ""
    resource = endpoint.split(".")[0]
    return endpoint == part or ("." not in part and PARTS.get(resource, resource) == part)


def _view_here() -> str | None:
    """The view that is shown: this page, or the one a refreshed left panel stands beside (`at`)."""
    if request.endpoint == "live.sidebar":
        path = request.args.get("at", "").partition("?")[0]
        return path.removeprefix("/views/") if path.startswith("/views/") else None
    return _slug() if request.endpoint == "tickets.view" else None


def _slug() -> str | None:
    return (request.view_args or {}).get("slug")
