"""How a page for visitors looks where it stands for a company: a few colours and sizes, or nothing of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext

LOOK_SIZES = {"text_size": (12, 24, 16), "radius": (0, 24, 8)}  # least, most, and what it is where nothing is said
LOOK_LABELS = {
    "accent": lazy_gettext("Colour of buttons and links"), "background": lazy_gettext("Background"),
    "text_size": lazy_gettext("Size of the text, in pixels"), "radius": lazy_gettext("Rounding of corners, in pixels"),
}  # fmt: skip
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def read_look(given: Mapping[str, Any], problems: dict[str, str]) -> dict[str, Any]:
    """The look as it is stored: `plain`, `accent`, `background`, `text_size`, `radius`; what is wrong goes to `problems`."""
    look: dict[str, Any] = {"plain": bool(given.get("plain"))}
    for name in ("accent", "background"):
        colour = str(given.get(name) or "").strip().lower()
        if colour and not _COLOUR.fullmatch(colour):
            problems[name] = _("Write a colour like #0b5cad, or leave it empty.")
        elif colour:
            look[name] = colour
    for name, (least, most, _usual) in LOOK_SIZES.items():
        size = str(given.get(name) or "").strip()
        if not size:
            continue
        if not (size.isascii() and size.isdigit() and len(size) < 4 and least <= int(size) <= most):
            problems[name] = _("Write a whole number from %(least)s to %(most)s.", least=least, most=most)
        else:
            look[name] = int(size)
    return look


def look_variables(look: Mapping[str, Any]) -> str:
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


def _scheme(colour: str) -> str:
    return "dark" if _ink_on(colour) == "#ffffff" else "light"


def _ink_on(colour: str) -> str:
    """Black or white, by the contrast of WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "#111111"
