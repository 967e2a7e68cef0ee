"""How templates write dates, numbers and sizes: the names the components use, over `plugdesk.i18n`."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta, tzinfo
from functools import cache, lru_cache

from babel import units
from flask import Flask
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from plugdesk import i18n
from plugdesk.app import current_runtime
from plugdesk.i18n import gettext as _
from plugdesk.users.models import initials_of

KEPT_PARTIALS = 512


def install(app: Flask) -> None:
    """Add the filters and globals that are not there by `plugdesk.i18n`."""
    app.jinja_env.filters.update(reltime=relative_time, filesize=i18n.format_file_size, when=when)
    app.jinja_env.globals.update(script_words=script_words, initials=initials_of, kept=Kept(app))


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


def when(moment: datetime, css: str = "") -> Markup:
    """A moment as `components/status.html` shows it: relative, the absolute time on hover, going on in the browser."""
    return Markup(f"{_when(moment, css, i18n.current_zone(), i18n.current_language())}{relative_time(moment)}</time>")


@lru_cache(maxsize=4096)
def _when(moment: datetime, css: str, zone: tzinfo, language: str) -> Markup:
    named = Markup(' class="{}"').format(css) if css else ""
    start = Markup('<time{} datetime="{}" title="{}" data-behavior="relative-time">')
    return start.format(named, moment.isoformat(), i18n.format_datetime(moment))


class Kept:
    """`kept("layouts/_styles.html", lang=lang)`: a partial that draws the same for the same values, kept in each language.

    It sees these values and nothing else of the page. Values can be looked up by: texts, numbers, tuples.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._kept = lru_cache(maxsize=KEPT_PARTIALS, typed=True)(self._draw)

    def __call__(self, template: str, **values: Hashable) -> Markup:
        draw = self._draw if self._app.config["TEMPLATES_AUTO_RELOAD"] else self._kept
        return draw(template, i18n.current_language(), **values)

    def _draw(self, template: str, language: str, **values: Hashable) -> Markup:
        return Markup(self._app.jinja_env.get_template(template).render(values))  # our own template, autoescaped


@cache
def script_words(language: str) -> Markup:
    """What the pages' scripts say, as JSON for a data block."""
    return Markup(htmlsafe_json_dumps(i18n.script_messages(language)))  # escaped for a script element by Jinja itself


@lru_cache(maxsize=512)
def _amount(number: int, unit: str, language: str) -> str:
    return units.format_unit(number, f"duration-{unit}", "short", locale=language)
