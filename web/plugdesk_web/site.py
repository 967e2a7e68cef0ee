"""Puts the pages into the application: templates, static files, people, errors, and what plugins add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, g, request
from flask_login import current_user
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

from plugdesk import i18n
from plugdesk.app import begins_by_reading
from plugdesk.plugins.loader import PAGES
from plugdesk.templating import Application
from plugdesk_web import banners, current, customers, failures, formats, navigation, routes, security, static
from plugdesk_web.contributions import Pages, contributed
from plugdesk_web.quick import quick_answer

if TYPE_CHECKING:
    from datetime import tzinfo

    from plugdesk.runtime import Runtime

PLACES = {
    "form": "/forms/<slug>/x/{id}",
    "public": "/p/<slug>/{id}",
    "app": "/x/{id}",
    "inbound": "/in/{id}",
    "site": "/{address}",
}


class Site:
    """What the pages contribute to the application."""

    def install(self, app: Flask, runtime: Runtime) -> None:
        """Called once by `create_app`, before the first request."""
        _templates(app, runtime)
        static.install(app, runtime)
        i18n.install(app, _language, _zone)
        formats.install(app)
        current.install(app)
        security.install(app)
        navigation.install(app)
        banners.install(app)
        failures.install(app)
        routes.install(app)
        for each in contributed(runtime.registry, Pages):
            pages: Pages = each.what
            prefix = _prefix(runtime, each.plugin, pages)
            name = f"{each.plugin}.{pages.blueprint.name}" if each.plugin != PAGES else pages.blueprint.name
            app.register_blueprint(pages.blueprint, url_prefix=prefix, name=name.replace(".", "_"))
            if pages.place == "inbound":
                security.csrf.exempt(pages.blueprint)
            if pages.quick is not None and isinstance(app, Application):
                method = "POST" if pages.place in ("inbound", "public") else "GET"
                app.quick.append(quick_answer(runtime, each.plugin, f"{prefix}/", pages.quick, method=method))
            if pages.place in ("public", "site") and pages.with_own_tokens:
                security.brings_own_tokens(app, name.replace(".", "_"))
            if pages.place == "site" and pages.in_frames:
                customers.works_in_frames(app, name.replace(".", "_"))
            if pages.reads_first:
                begins_by_reading(app, name.replace(".", "_"))


def _prefix(runtime: Runtime, plugin: str, pages: Pages) -> str:
    manifest = runtime.registry.plugins[plugin].manifest
    if pages.place == "site" and (manifest is None or manifest.address is None):
        raise ValueError(f"{plugin} has pages of a site of its own: its manifest must say under which address.")
    return PLACES[pages.place].format(id=plugin, address=manifest.address if manifest else None)


def _templates(app: Flask, runtime: Runtime) -> None:
    folders = {
        plugin.id: FileSystemLoader(plugin.manifest.folder / "templates") for plugin in runtime.registry.loaded if plugin.manifest
    }
    app.jinja_env.loader = ChoiceLoader([folders.pop(PAGES), PrefixLoader(folders, delimiter=":")])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = False
    app.jinja_env.auto_reload = runtime.settings.strict
    app.config["TEMPLATES_AUTO_RELOAD"] = runtime.settings.strict


def _language() -> str | None:
    """The person's own language, what the visitor chose, what their browser asks for, the desk's."""
    if "language" in g:
        chosen: str = g.language
        return chosen
    if current_user.is_authenticated and current_user.user.language:
        own: str = current_user.user.language
        return own
    asked = request.cookies.get("lang") or request.accept_languages.best_match(list(i18n.LANGUAGES))
    if asked in i18n.LANGUAGES:
        return asked
    desk = current.desk_or_none()
    return desk.language if desk else None


def _zone() -> tzinfo | None:
    from zoneinfo import ZoneInfo

    desk = current.desk_or_none()
    name = (current_user.user.zone if current_user.is_authenticated else None) or (desk.zone if desk else None)
    return ZoneInfo(name) if name else None
