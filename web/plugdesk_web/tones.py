"""How light a page in a frame on another site is: as the page around it, which says so in the frame's address."""

from __future__ import annotations

from collections.abc import Mapping

TONE = "_tone"
# What an address may say, and what that is in CSS; `auto` goes with the visitor's system, as the page around does.
TONES: Mapping[str, str] = {"light": "light", "dark": "dark", "auto": "light dark"}


def tone_in(arguments: Mapping[str, str]) -> str:
    """One of `TONES`, for a page in a frame with these `arguments` in its address: light where they say nothing, as most sites are."""
    asked = arguments.get(TONE, "")
    return asked if asked in TONES else "light"
