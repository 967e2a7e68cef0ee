"""What happens again and again: the next moment of a rhythm, on the clock of the desk. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from plugdesk.i18n import format_date, format_time
from plugdesk.i18n import gettext as _

_MONDAY = date(2024, 1, 1)


class Every(StrEnum):
    DAY = "day"
    WEEKDAY = "weekday"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Rhythm:
    """At `hour` (0 to 23) of every day, of Monday to Friday, of one `weekday` (0 is Monday), or of one `day` of the month (1 to 31).

    In months that are shorter than `day` it is their last one.
    """

    every: Every
    hour: int
    weekday: int = 0
    day: int = 1

    def next(self, after: datetime, zone: str) -> datetime:
        """The first of its moments later than `after`, in UTC.

        An hour that the clock leaves out comes an hour later; of one that it shows twice, the first counts.
        """
        place = ZoneInfo(zone)
        day = after.astimezone(place).date()
        while True:
            moment = datetime.combine(day, time(self.hour, tzinfo=place)).astimezone(UTC)
            if self._falls_on(day) and moment > after:
                return moment
            day += timedelta(days=1)

    @property
    def words(self) -> str:
        """When that is, for people."""
        at = format_time(time(self.hour))
        if self.every is Every.WEEK:
            return _("every week: %(weekday)s at %(time)s", weekday=weekday_names()[self.weekday], time=at)
        if self.every is Every.MONTH:
            return _("every month: day %(day)s at %(time)s", day=self.day, time=at)
        if self.every is Every.WEEKDAY:
            return _("Monday to Friday at %(time)s", time=at)
        return _("every day at %(time)s", time=at)

    def _falls_on(self, day: date) -> bool:
        if self.every is Every.WEEKDAY:
            return day.weekday() < 5
        if self.every is Every.WEEK:
            return day.weekday() == self.weekday
        if self.every is Every.MONTH:
            return day.day == min(self.day, monthrange(day.year, day.month)[1])
        return True


def rhythm_choices() -> Sequence[tuple[str, str]]:
    """The rhythms to choose from."""
    return [
        (Every.DAY, _("Every day")), (Every.WEEKDAY, _("Monday to Friday")), (Every.WEEK, _("Every week")), (Every.MONTH, _("Every month")),
    ]  # fmt: skip


def weekday_names() -> list[str]:
    """Monday to Sunday."""
    return [format_date(_MONDAY + timedelta(days=number), "cccc") for number in range(7)]
