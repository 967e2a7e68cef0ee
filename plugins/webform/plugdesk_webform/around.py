"""Where a visitor's page stands: how it speaks and how light it is, on whose site its frame is, and what its addresses keep of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import g, request, url_for

from plugdesk.api import LANGUAGES, Context, current_language
from plugdesk_web.api import EMBED, TONE, TONES, is_among, look_variables, origin_of, tone_in
from plugdesk_webform.models import RequestForm
from plugdesk_webform.writers import GUEST

LANGUAGE = "_lang"
KEPT = (EMBED, LANGUAGE, TONE, GUEST)


def language_of(ctx: Context, row: RequestForm | None) -> str:
    """The request form's own language; else what the address asks for, the visitor's."""
    if row is not None and row.language:
        return row.language
    asked = request.args.get(LANGUAGE, "")
    return asked if asked in LANGUAGES else current_language()


def frame_tone(arguments: Mapping[str, str]) -> str:
    """How light a page with these `arguments` in its address is in its frame, see `TONES`; "" where it stands in none."""
    return tone_in(arguments) if arguments.get(EMBED) else ""


def embedding(row: RequestForm) -> tuple[str, str]:
    """The site that shows the form in a frame and the page's address there, as far as they are told and allowed."""
    if not request.args.get(EMBED):
        return "", ""
    page_there = request.args.get("_page", "")[:500]
    for address in (page_there, request.referrer or ""):
        if site := listed(row, origin_of(address)):
            told = site + urlsplit(address).path
            return site, told if told.isprintable() else ""
    return "", ""


def listed(row: RequestForm, site: str) -> str:
    """The `site`, where it may show the form; else ""."""
    return site if is_among(site, row.sites) else ""


def around(ctx: Context, row: RequestForm | None, site: str = "", *, tone: str | None = None) -> dict[str, Any]:
    """What every page of ours needs around it; its frame's `tone` is the address's own if none is given."""
    look, tone = row.look if row else {}, frame_tone(request.args) if tone is None else tone
    return {
        "scheme": TONES.get(tone, TONES["auto"]), "desk": ctx.desk.name, "look": look, "style": look_variables(look), "embedded": bool(tone),
        "site": site,
    }  # fmt: skip


def kept_arguments() -> dict[str, str]:
    """What every address goes on saying."""
    return {name: request.args[name] for name in KEPT if request.args.get(name)}


def url_of(endpoint: str, row: RequestForm, **more: Any) -> str:
    """A page of the request form, with what addresses keep."""
    return url_for(endpoint, slug=g.form.slug, code=row.code, **{**kept_arguments(), **more})
