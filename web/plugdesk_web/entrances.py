"""The sites of extensions by which customers come in: where they are led when a page of theirs is not there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from plugdesk.forms.queries import all_forms
from plugdesk_web.contributions import Pages, contributed
from plugdesk_web.current import db, runtime


@dataclass(frozen=True)
class Entrance:
    """The first page of a site, and what a link to it says."""

    title: str
    url: str


def is_for_customers() -> bool:
    """Whether the page that was asked for is one for customers: of a form for anybody, or of a site."""
    first = request.path.split("/")[1]
    return first == "p" or first in runtime().registry.sites


def ways_on() -> list[Entrance]:
    """The entrances of the sites that are open, the one of the site that was asked for first."""
    registry, forms, found = runtime().registry, all_forms(db()), list[Entrance]()
    for each in contributed(registry, Pages):
        manifest = registry.plugins[each.plugin].manifest
        if each.what.entrance and manifest and any(form.has(each.plugin) for form in forms):
            found.append(Entrance(str(each.what.entrance), f"/{manifest.address}/"))
    return sorted(found, key=lambda each: not request.path.startswith(each.url))
