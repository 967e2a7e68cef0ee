"""How the site looks: its title, logo, colours, what stands in its header and foot, and its own address. Commands: they never commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from plugdesk.api import Conflict, Context, Invalid, NotAllowed, User, shown_inline, sniff_type
from plugdesk.api import gettext as _
from plugdesk_faq.site_models import SiteLook
from plugdesk_web.api import read_look

LONGEST_TITLE, LONGEST_TEXT, MOST_LOGO = 80, 300, 200_000


@dataclass(frozen=True)
class LookInput:
    """How somebody wants it; what each means stands at `SiteLook`. `logo` is a picture's name and bytes, None keeps what there is."""

    title: str = ""
    header: str = ""
    footer: str = ""
    base_url: str = ""
    look: Mapping[str, Any] = field(default_factory=dict)
    logo: tuple[str, bytes] | None = None
    without_logo: bool = False


def look_now(ctx: Context) -> SiteLook:
    """The site's look; one nobody has touched has version 0."""
    return ctx.db.get(SiteLook, 1) or SiteLook(id=1, title="", header="", footer="", base_url="", look={}, logo=None, version=0)


def save_look(ctx: Context, given: LookInput, *, by: User, version: int | None) -> SiteLook:
    """Store it. Raises `Invalid` by control, `Conflict` when somebody else has changed it since the page was shown."""
    if not (by.active and by.is_admin):
        raise NotAllowed(_("Only administrators of the desk may do this."))
    row = look_now(ctx)
    if version != row.version:
        raise Conflict(_("Somebody else has changed this meanwhile. Look at it again before you save."))
    problems: dict[str, str] = {}
    look = read_look(given.look, problems)
    texts = {
        "title": " ".join(given.title.split()),
        "header": " ".join(given.header.split()),
        "footer": " ".join(given.footer.split()),
    }
    for name, text in texts.items():
        most = LONGEST_TITLE if name == "title" else LONGEST_TEXT
        if len(text) > most:
            problems[name] = _("At most %(most)s characters.", most=most)
    base_url = given.base_url.strip().rstrip("/")
    if base_url and not _is_address(base_url):
        problems["base_url"] = _("Write an address like https://help.shop.example, or leave it empty.")
    kind = ""
    if given.logo is not None:
        name, content = given.logo
        kind = sniff_type(name, content[:512], "")
        if len(content) > MOST_LOGO or not shown_inline(kind):
            problems["logo"] = _("Choose a picture (PNG, JPEG, GIF or WebP) of at most %(kb)s KB.", kb=MOST_LOGO // 1000)
    if problems:
        raise Invalid(problems=problems)
    for name, text in {**texts, "base_url": base_url}.items():
        setattr(row, name, text)
    row.look = look
    if (given.logo is not None or given.without_logo) and row.logo is not None:
        ctx.release_bytes(row.logo)
        row.logo, row.logo_type = None, ""
    if given.logo is not None:
        row.logo, row.logo_type = ctx.keep_bytes(given.logo[1]), kind
    if not row.version:
        row.version = 1
        ctx.db.add(row)
    ctx.journal("site_look_changed", actor=by, said=_("Changed how the site of answers looks"))
    return row


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    plain = address.isascii() and address.isprintable() and not set(address) & set(" \"'<>\\")
    return (
        plain
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and (port is None or port > 0)
        and not (parts.query or parts.fragment or "@" in parts.netloc)
    )
