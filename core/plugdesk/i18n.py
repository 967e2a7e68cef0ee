"""Words, dates and numbers in the reader's language: the one module that knows gettext and Babel.

Inside a request the language comes from Flask-Babel (see `install`); anywhere else (workers, the command line), and
wherever a text is for somebody other than who asked, from `use_language`. English msgids are the English texts. A package's
code and templates speak its own words; what it has none for is said in those of the package that was registered first.
So no plugin rewords another's pages, nor the core's ("Name" of a person and "Name" of a form are two words in Russian).
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from math import ceil
from typing import Any, Literal
from zoneinfo import ZoneInfo

import flask_babel  # type: ignore[import-untyped]
from babel import Locale, dates, lists, numbers, units
from flask import Flask, current_app, has_request_context
from flask_babel.speaklater import LazyString  # type: ignore[import-untyped]

from plugdesk.catalogs import messages as words_in
from plugdesk.catalogs import package_of

LANGUAGES = {"en": "English", "ru": "Русский"}
DEFAULT_LANGUAGE = "en"

_override: ContextVar[tuple[str, tzinfo] | None] = ContextVar("plugdesk_language", default=None)
_UTC = ZoneInfo("UTC")


# Which language


@contextmanager
def use_language(language: str, zone: str | tzinfo | None = None) -> Iterator[None]:
    """Speak `language` inside the block, and tell times in `zone` (an IANA name or tzinfo; as before when None).

    An unknown language falls back to English, so that a customer's odd preference never stops a letter.
    """
    if zone is None:
        zone = current_zone()
    token = _override.set((known_language(language), ZoneInfo(zone) if isinstance(zone, str) else zone))
    try:
        yield
    finally:
        _override.reset(token)


def current_language() -> str:
    """The code of the language spoken now: `use_language`'s, the request's, or English."""
    if chosen := _override.get():
        return chosen[0]
    locale = flask_babel.get_locale() if _in_request() else None
    return known_language(locale.language) if locale else DEFAULT_LANGUAGE


def current_zone() -> tzinfo:
    """The time zone times are told in now; UTC where nobody chose one."""
    if chosen := _override.get():
        return chosen[1]
    zone: tzinfo = (flask_babel.get_timezone() if _in_request() else None) or _UTC
    return zone


def known_language(*wanted: str | None) -> str:
    """The first of `wanted` ("ru-RU" counts as "ru") that we speak, else English."""
    for code in wanted:
        language = (code or "").replace("_", "-").split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE


def install(app: Flask, language: Callable[[], str | None], zone: Callable[[], tzinfo | None]) -> None:
    """Teach a Flask app to speak: `language` and `zone` are asked once a request.

    Templates get `_ gettext ngettext pgettext npgettext` through Jinja's i18n extension (a per cent sign is written
    `%%` there), and the messages of form fields come translated from WTForms.
    """
    flask_babel.Babel(app, configure_jinja=False, locale_selector=language, timezone_selector=zone)
    install_in_templates(app.jinja_env)


def install_in_templates(environment: Any) -> None:
    """Give a Jinja environment, of an app or of letters, the words and the formats of the current language."""
    environment.add_extension("jinja2.ext.i18n")
    # Jinja fills the variables itself, and escapes them: what it is given still has its places empty.
    environment.install_gettext_callables(
        gettext,
        lambda singular, plural, n: _plural(singular, singular, plural, n),
        newstyle=True,
        pgettext=pgettext,
        npgettext=lambda context, singular, plural, n: _plural(f"{context}\x04{singular}", singular, plural, n),
    )
    environment.filters.update(
        date=format_date,
        datetime=format_datetime,
        time=format_time,
        number=format_number,
        percent=format_percent,
        money=format_money,
        file_size=format_file_size,
        relative_time=format_relative_time,
        duration=format_duration,
        and_list=format_list,
    )


# Words


def gettext(message: str, /, **values: object) -> str:
    """`message` in the current language; `%(name)s` in it is filled from `values` when any are given."""
    text = _word(message, message, _speaker())
    return text % values if values else text


def gettext_of(package: str, message: str, /, **values: object) -> str:
    """`gettext` as the package says it: for a text that stands there and is shown from elsewhere."""
    text = _word(message, message, package)
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, /, **values: object) -> str:
    """The form of the message that goes with the count `n`, which fills `%(num)s`."""
    return _plural(singular, singular, plural, n, _speaker()) % {"num": n, **values}


def pgettext(context: str, message: str, /, **values: object) -> str:
    """Like `gettext` for a word whose meaning depends on its context ("Open" the button, "Open" the status)."""
    text = _word(f"{context}\x04{message}", message, _speaker())
    return text % values if values else text


def npgettext(context: str, singular: str, plural: str, n: int, /, **values: object) -> str:
    """`ngettext` with a context."""
    return _plural(f"{context}\x04{singular}", singular, plural, n, _speaker()) % {"num": n, **values}


def lazy_gettext(message: str, /, **values: object) -> Any:
    """A text that is translated each time it is shown: for labels made when a module is imported."""
    return LazyString(_gettext_from, _module(), message, **values)


def lazy_pgettext(context: str, message: str, /, **values: object) -> Any:
    """`lazy_gettext` with a context."""
    return LazyString(_pgettext_from, _module(), context, message, **values)


def translatable(message: str, /) -> str:
    """`message` itself, marked for the catalogs: for a setting's default text, which is translated where it is shown or sent."""
    return message


_ = gettext


def _speaker() -> str:
    """The package whose code asked for a text."""
    return package_of(sys._getframe(2).f_globals.get("__name__", ""))


def _module() -> str:
    """The module whose code made a lazy text. Whose words it says is asked when it is shown: extensions make theirs while they are
    imported, before their packages are known."""
    name: str = sys._getframe(2).f_globals.get("__name__", "")
    return name


def _gettext_from(module: str, message: str, /, **values: object) -> str:
    return gettext_of(package_of(module), message, **values)


def _word(key: str, message: str, package: str) -> str:
    messages = words_in(current_language())
    own = messages.own.get(package)
    found = own.words.get(key) if own is not None else None
    return messages.words.get(key, message) if found is None else found


def _pgettext_from(module: str, context: str, message: str, /, **values: object) -> str:
    text = _word(f"{context}\x04{message}", message, package_of(module))
    return text % values if values else text


def _plural(key: str, singular: str, plural: str, n: int, package: str = "") -> str:
    messages = words_in(current_language())
    own = messages.own.get(package)
    known = (own.plurals.get(key) if own is not None else None) or messages.plurals.get(key)
    if known is None:
        return singular if n == 1 else plural
    choose, forms = known
    return forms.get(choose(n), singular if n == 1 else plural)


def _in_request() -> bool:
    return has_request_context() and "babel" in current_app.extensions


# Formats


def format_date(value: date | datetime, format: str = "medium") -> str:
    """A day; a moment's day in the current zone. `format`: short, medium, long, full, or a CLDR pattern."""
    if isinstance(value, datetime):
        value = value.astimezone(current_zone()).date()
    return _day(value, format, current_language())


@lru_cache(maxsize=4096)
def _day(value: date, format: str, language: str) -> str:
    """Threads and lists show the same days again and again."""
    return dates.format_date(value, format, locale=_locale_of(language))


def format_time(value: datetime | time, format: str = "short") -> str:
    """The time of day, in the current zone."""
    zone = current_zone() if isinstance(value, datetime) else None
    return dates.format_time(value, format, tzinfo=zone, locale=_locale())


def format_datetime(value: datetime, format: str = "medium") -> str:
    """Day and time in the current zone, without seconds in `medium`, as people write them."""
    if format != "medium":
        return dates.format_datetime(value, format, tzinfo=current_zone(), locale=_locale())
    return _day_and_minute(value.replace(second=0, microsecond=0), current_zone(), current_language())


@lru_cache(maxsize=4096)
def _day_and_minute(value: datetime, zone: tzinfo, language: str) -> str:
    """Lists show the same moments again and again."""
    locale = _locale_of(language)
    pattern: str = str(locale.datetime_formats["medium"]).replace("'", "")
    day = _day(value.astimezone(zone).date(), "medium", language)
    return pattern.format(dates.format_time(value, "short", tzinfo=zone, locale=locale), day)


def format_number(value: float | Decimal, digits: int | None = None) -> str:
    """A number with the language's separators, rounded to `digits` decimals when given."""
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, pattern, locale=_locale())


def format_percent(value: float, digits: int = 0) -> str:
    """A share: 0.25 is "25%"."""
    return numbers.format_percent(value, "#,##0" + ("." + "0" * digits if digits else "") + "%", locale=_locale())


def format_money(value: float | Decimal, currency: str) -> str:
    """An amount of `currency` (ISO 4217 code)."""
    return numbers.format_currency(value, currency, locale=_locale())


def format_file_size(size: int) -> str:
    """A size in bytes as people say it: "14 kB", "1.5 MB" (powers of 1000, as storage is sold)."""
    amount, unit = float(size), "byte"
    for larger in ("kilobyte", "megabyte", "gigabyte", "terabyte"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    shown = round(amount, 1) if amount < 9.95 and unit != "byte" else round(amount)
    length: Literal["long", "short"] = "long" if unit == "byte" else "short"
    return units.format_unit(int(shown) if shown == int(shown) else shown, f"digital-{unit}", length, locale=_locale())


def format_relative_time(moment: datetime, now: datetime) -> str:
    """How long ago, or in how long: "3 hours ago", "через 2 дня"."""
    if abs(moment - now) < timedelta(seconds=45):
        return gettext("just now")
    return dates.format_timedelta(moment - now, add_direction=True, threshold=1.2, locale=_locale())


def format_wait(wait: timedelta) -> str:
    """In how long, never sooner than it is: "in 7 minutes", "in 24 hours", "через 2 дня"."""
    for length, most in ((60, 89), (3600, 35), (86400, 0)):  # a unit goes on until one and a half of the next
        amount = max(1, ceil(wait.total_seconds() / length))
        if amount <= most:
            break
    return dates.format_timedelta(
        timedelta(seconds=amount * length), granularity="minute", add_direction=True, threshold=1.5, locale=_locale()
    )


def format_duration(seconds: float) -> str:
    """A length of time by its two largest parts: "3 hr, 20 min"."""
    parts: list[tuple[int, str]] = []
    rest = abs(round(seconds))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        amount, rest = divmod(rest, length)
        if amount or (parts and len(parts) < 2):
            parts.append((amount, unit))
        if len(parts) == 2:
            break
    shown = [units.format_unit(amount, f"duration-{unit}", "short", locale=_locale()) for amount, unit in parts if amount]
    return ("−" if seconds < 0 else "") + (
        lists.format_list(shown, "unit-short", locale=_locale())
        if shown
        else units.format_unit(0, "duration-second", "short", locale=_locale())
    )


def format_list(items: Iterable[object]) -> str:
    """Things in a row: "Anna, Boris and Clara"."""
    return lists.format_list([str(item) for item in items], locale=_locale())


def _locale() -> Locale:
    return _locale_of(current_language())


@cache
def _locale_of(language: str) -> Locale:
    return Locale.parse(language)
