"""Public holidays of countries, with the working days that are moved, as far as the library `holidays` knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache


@dataclass(frozen=True)
class HolidaysOfYear:
    """A year of a country: `days` off with their names, and the days at the weekend that are `worked` instead of others."""

    days: Mapping[date, str]
    worked: frozenset[date]


@lru_cache(maxsize=1)
def countries() -> Mapping[str, Sequence[str]]:
    """The countries whose holidays are known, by their ISO code, each with the codes of its regions."""
    import holidays  # it costs a tenth of a second, and only a desk with such a calendar needs it

    known = holidays.list_supported_countries(include_aliases=False)
    return {code: tuple(regions) for code, regions in sorted(known.items())}


@lru_cache(maxsize=500)
def holidays_of(country: str, region: str | None, year: int, language: str = "en") -> HolidaysOfYear:
    """The holidays of one year, named in `language` where the library knows it."""
    import holidays

    known = holidays.country_holidays(country, subdiv=region or None)
    spoken = next((each for each in known.supported_languages if each.partition("_")[0] == language), None)
    found = holidays.country_holidays(country, subdiv=region or None, years=year, language=spoken)
    days = {day: str(name) for day, name in found.items() if day.year == year}
    return HolidaysOfYear(days, frozenset(day for day in found.weekend_workdays if day.year == year and day not in days))
