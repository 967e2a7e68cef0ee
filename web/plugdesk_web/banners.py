"""What extensions show above every page of agents while it goes on: long work, a demo being played."""

from __future__ import annotations

from flask import Flask, render_template
from markupsafe import Markup

from plugdesk.plugins.context import Context
from plugdesk.users.models import User
from plugdesk_web.contributions import Banner, contributed
from plugdesk_web.current import db, me_or_none, runtime


def install(app: Flask) -> None:
    """Give the layout `banners()`."""
    app.context_processor(lambda: {"banners": banners})


def banners() -> list[Markup]:
    """The banners of extensions that are on for the desk; of one that fails there is none."""
    viewer, desk = me_or_none(), runtime().desk(db())
    if viewer is None:
        return []
    shown = []
    for each in contributed(runtime().registry, Banner):
        if desk.has(each.plugin):
            banner: Banner = each.what
            drawn = runtime().executor.run(each.plugin, f"banner {banner.name}", desk, db(), _drawn, banner, viewer)
            if isinstance(drawn, Markup):
                shown.append(drawn)
    return shown


def _drawn(ctx: Context, banner: Banner, viewer: User) -> Markup | None:
    """The banner's function together with its template: an error in either is the plugin's."""
    given = banner.show(ctx, viewer)
    if given is None:
        return None
    template, values = given
    return Markup(render_template(template, ctx=ctx, **values))  # autoescaped by its own template
