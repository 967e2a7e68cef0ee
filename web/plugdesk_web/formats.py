"""How templates write dates, numbers and sizes: the names the components use, over `plugdesk.i18n`."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from babel import units
from flask import Flask

from plugdesk import i18n
from plugdesk.app import current_runtime
from plugdesk.i18n import gettext as _


def install(app: Flask) -> None:
    """Add the filters and globals that are not there by `plugdesk.i18n`."""
    app.jinja_env.filters.update(reltime=relative_time, filesize=i18n.format_file_size)
    app.jinja_env.globals.update(script_messages=i18n.script_messages)


def relative_time(moment: datetime) -> str:
    """How long ago, as `behaviors/relative-time.js` goes on counting: "now", "12 min", up to a day; then the date."""
    now = current_runtime().clock.now()
    passed = abs(now - moment)
    if passed < timedelta(minutes=1):
        return _("now")
    if passed < timedelta(hours=1):
        return _amount(int(passed.total_seconds() // 60), "minute", i18n.current_language())
    if passed < timedelta(days=1):
        return _amount(int(passed.total_seconds() // 3600), "hour", i18n.current_language())
    same_year = moment.astimezone(i18n.current_zone()).year == now.astimezone(i18n.current_zone()).year
    return i18n.format_date(moment, "d MMM" if same_year else "medium")


@lru_cache(maxsize=512)
def _amount(number: int, unit: str, language: str) -> str:
    return units.format_unit(number, f"duration-{unit}", "short", locale=language)
