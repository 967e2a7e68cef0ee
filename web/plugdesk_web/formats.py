"""How templates write dates, numbers and sizes: the names the components use, over `plugdesk.i18n`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta, tzinfo
from functools import cache, lru_cache

from babel import units
from flask import Flask
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from plugdesk import catalogs, i18n
from plugdesk.app import current_runtime
from plugdesk.i18n import gettext as _
from plugdesk.users.models import initials_of

KEPT_PARTIALS = 512
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_drawn_at: ContextVar[datetime | None] = ContextVar("drawn_at", default=None)


def install(app: Flask) -> None:
    """Add the filters and globals that are not there by `plugdesk.i18n`."""
    app.jinja_env.filters.update(reltime=relative_time, filesize=i18n.format_file_size, when=when)
    app.jinja_env.globals.update(script_words=script_words, initials=initials_of, kept=Kept(app))


@contextmanager
def drawing() -> Iterator[None]:
    """A page is drawn within: its language, its zone and what it calls now are asked for once, not at every word."""
    token = _drawn_at.set(current_runtime().clock.now())
    try:
        with i18n.use_language(i18n.current_language(), i18n.current_zone()):
            yield
    finally:
        _drawn_at.reset(token)


def now() -> datetime:
    """What the page that is being drawn calls now."""
    return _drawn_at.get() or current_runtime().clock.now()


def relative_time(moment: datetime) -> str:
    """How long ago, as `behaviors/relative-time.js` goes on counting: "now", "12 min", up to a day; then the date."""
    return _said(moment, now(), i18n.current_zone(), i18n.current_language())


def when(moment: datetime, css: str = "") -> Markup:
    """A moment as `components/status.html` shows it: relative, the absolute time on hover, going on in the browser."""
    zone, language = i18n.current_zone(), i18n.current_language()
    return _when(moment, css, zone, language, _said(moment, now(), zone, language))


def _said(moment: datetime, now: datetime, zone: tzinfo, language: str) -> str:
    passed = abs(now - moment)
    if passed < _MINUTE:
        return _("now")
    if passed < _HOUR:
        return _amount(passed // _MINUTE, "minute", language)
    if passed < _DAY:
        return _amount(passed // _HOUR, "hour", language)
    return _day(moment, now.astimezone(zone).year, zone, language)


@lru_cache(maxsize=4096)
def _day(moment: datetime, this_year: int, zone: tzinfo, language: str) -> str:
    day = moment.astimezone(zone)
    with i18n.use_language(language, zone):
        return i18n.format_date(day, "d MMM" if day.year == this_year else "medium")


@lru_cache(maxsize=4096)
def _when(moment: datetime, css: str, zone: tzinfo, language: str, said: str) -> Markup:
    named = Markup(' class="{}"').format(css) if css else ""
    start = Markup('<time{} datetime="{}" title="{}" data-behavior="relative-time">{}</time>')
    return start.format(named, moment.isoformat(), i18n.format_datetime(moment), said)


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
    return Markup(htmlsafe_json_dumps(catalogs.script_messages(language)))  # escaped for a script element by Jinja itself


@lru_cache(maxsize=512)
def _amount(number: int, unit: str, language: str) -> str:
    return units.format_unit(number, f"duration-{unit}", "short", locale=language)
