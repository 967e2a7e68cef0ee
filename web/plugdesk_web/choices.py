"""Lists to choose from that belong to no row: the time zones of places, the names of browsers, the colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext

TONES: Mapping[str, Any] = {
    "orange": lazy_gettext("orange"),
    "accent": lazy_gettext("blue"),
    "plum": lazy_gettext("plum"),
    "green": lazy_gettext("green"),
    "teal": lazy_gettext("teal"),
    "amber": lazy_gettext("amber"),
    "red": lazy_gettext("red"),
    "grey": lazy_gettext("grey"),
}

# Each says it is those below it, too.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("YaBrowser/", "Yandex Browser"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def zone_choices() -> list[tuple[str, str]]:
    """The time zones of places, as pairs of value and label."""
    return [
        (zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone and not zone.startswith("Etc/")
    ]


def browser_name(user_agent: str | None) -> str:
    """A browser and its system as people call them, from what it says of itself."""
    said = user_agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in said), "")
    system = next((name for mark, name in _SYSTEMS if mark in said), "")
    return ", ".join(part for part in (browser, system) if part) or said[:60] or _("Unknown browser")
