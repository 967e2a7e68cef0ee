"""How a request form looks: a few colours and sizes, or nothing of ours; and which sites may show it in a frame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from plugdesk.api import Invalid
from plugdesk.api import gettext as _

MOST_SITES = 50
SIZES = {"text_size": (12, 24, 16), "radius": (0, 24, 8)}  # least, most, and what it is where nothing is said
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*|\[[0-9a-f:]{2,39}\]")


def read_look(given: Mapping[str, Any], problems: dict[str, str]) -> dict[str, Any]:
    """The look as it is stored: `plain`, `accent`, `background`, `text_size`, `radius`; what is wrong goes to `problems`."""
    look: dict[str, Any] = {"plain": bool(given.get("plain"))}
    for name in ("accent", "background"):
        colour = str(given.get(name) or "").strip().lower()
        if colour and not _COLOUR.fullmatch(colour):
            problems[name] = _("Write a colour like #0b5cad, or leave it empty.")
        elif colour:
            look[name] = colour
    for name, (least, most, _usual) in SIZES.items():
        size = str(given.get(name) or "").strip()
        if not size:
            continue
        if not (size.isascii() and size.isdigit() and len(size) < 4 and least <= int(size) <= most):
            problems[name] = _("Write a whole number from %(least)s to %(most)s.", least=least, most=most)
        else:
            look[name] = int(size)
    return look


def variables(look: Mapping[str, Any]) -> str:
    """The look as CSS variables, for a style attribute; text on colours is black or white, whichever is read better."""
    said = []
    if background := look.get("background"):
        said += [f"--paper: {background}", f"--ink: {_ink_on(background)}", f"color-scheme: {_scheme(background)}"]
    if accent := look.get("accent"):
        said += [f"--brand: {accent}", f"--on-brand: {_ink_on(accent)}"]
    if "text_size" in look:
        said.append(f"--size: {look['text_size']}px")
    if "radius" in look:
        said.append(f"--round: {look['radius']}px")
    return "; ".join(said)


def read_sites(text: str) -> list[str]:
    """The sites of `text`, one a line, as frame-ancestors wants them. Raises `Invalid`."""
    sites = []
    for line in text.split():  # a space ends a site: in the header it would begin another
        address = line.rstrip(",;").lower()
        address = address if "://" in address else f"https://{address}"
        site = origin_of(address.replace("://*.", "://", 1))
        if not site:
            raise Invalid(_("“%(line)s” is no site. Write one like https://shop.example, without a page.", line=line[:100]))
        sites.append(site.replace("://", "://*.", 1) if "://*." in address else site)
    if len(sites) > MOST_SITES:
        raise Invalid(_("At most %(most)s sites.", most=MOST_SITES))
    return list(dict.fromkeys(sites))


def origin_of(address: str) -> str:
    """The site of a page's address, like "https://shop.example:8443"; empty for what is none.

    Also for what browsers and we would read differently: to them a backslash ends a host's name, and what stands before an @ is
    no host at all.
    """
    try:
        parts = urlsplit(address)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "\\" in address or "@" in parts.netloc or not _HOST.fullmatch(host):
        return ""
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def browsers_work_at(address: str) -> bool:
    """Whether a browser's script can hash there, which it does over HTTPS and on the machine itself."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def is_among(site: str, sites: list[Any]) -> bool:
    """Whether `site` is one of `sites`, where "https://*.shop.example" stands for everything below it."""
    for each in sites:
        scheme, _sep, host = str(each).partition("://")
        if site == each or (host.startswith("*.") and site.startswith(f"{scheme}://") and site.endswith(host[1:])):
            return True
    return False


def _host(name: str) -> str:
    """A host's name as headers hold it; empty for what is none."""
    try:
        return f"[{name}]" if ":" in name else name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return ""


def _scheme(colour: str) -> str:
    return "dark" if _ink_on(colour) == "#ffffff" else "light"


def _ink_on(colour: str) -> str:
    """Black or white, by the contrast of WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "#111111"
