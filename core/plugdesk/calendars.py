"""Working time between two moments: pure, for deadlines, shifts, contracts and reports.

A moment is working time when the clock on the wall of its zone shows a time of that day's working hours. So an hour
that is repeated when summer time ends counts twice, and one that is skipped counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from plugdesk.clock import in_utc
from plugdesk.errors import Invalid
from plugdesk.i18n import gettext as _

Interval = tuple[int, int]
"""From minute to minute of a day, the second one not included: (540, 1080) is 9:00 to 18:00, and 1440 is 24:00."""

DAY_MINUTES = 1440
_DAY, _MINUTE, _SECOND = 86_400_000_000, 60_000_000, 1_000_000  # in microseconds, in which all is reckoned here
_FURTHEST = timedelta(days=20_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Calendar:
    """Working hours: for each day of the week (Monday first), and for single days that differ (none: a day off).

    Raises Invalid when an interval or the zone makes no sense, or when there is no working time at all.
    """

    zone: str
    weekly: Sequence[Sequence[Interval]]
    holidays: Mapping[date, Sequence[Interval]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise Invalid(_("A calendar needs the working hours of seven days."))
        object.__setattr__(self, "weekly", tuple(_tidy(day) for day in self.weekly))
        object.__setattr__(self, "holidays", {day: _tidy(hours) for day, hours in self.holidays.items()})
        _zone(self.zone)
        if not any(self.weekly) and not any(self.holidays.values()):
            raise Invalid(_("The calendar has no working time. Give at least one day its hours."))

    def working_seconds_between(self, start: datetime, end: datetime) -> float:
        """The working time from `start` to `end` in seconds; negative when `end` is the earlier one."""
        first, last = _microseconds(start), _microseconds(end)
        if last < first:
            return -self.working_seconds_between(end, start)
        total = 0
        for begin, stop in self._spans(first):
            if begin >= last:
                break
            total += min(stop, last) - begin
        return total / _SECOND

    def add_working_seconds(self, start: datetime, seconds: float) -> datetime:
        """The first moment by which `seconds` of working time have passed since `start`, in UTC.

        With 0 that is `start` itself. Raises Invalid when the calendar's working time ends before that.
        """
        if seconds < 0:
            raise ValueError(f"Working time is added, not taken away: {seconds}")
        now, left = _microseconds(start), round(seconds * _SECOND)
        if not left:
            return in_utc(start)
        for begin, stop in self._spans(now):
            if left <= stop - begin:
                return _EPOCH + timedelta(microseconds=begin + left)
            left -= stop - begin
        raise Invalid(_("The calendar has no working time left after its last working day."))

    def take_working_seconds(self, start: datetime, seconds: float) -> datetime:
        """The last moment from which on `seconds` of working time pass until `start`, in UTC. Raises Invalid when there never was so much."""
        reach = timedelta(days=7)
        while (known := self.working_seconds_between(start - reach, start)) < seconds:
            reach *= 2
            if reach > _FURTHEST:
                raise Invalid(_("The calendar has no working time left before its first working day."))
        return self.next_working_moment(self.add_working_seconds(start - reach, known - seconds))

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """The same time of day `days` days with working hours later, earlier where negative, or as soon after that as work goes on; in UTC.

        What begins while nobody works begins when work does. Raises Invalid when there are not so many days.
        """
        zone = ZoneInfo(self.zone)
        begun = (self.next_working_moment(start) if days > 0 else in_utc(start)).astimezone(zone)
        day, left, step = begun.date().toordinal() - _EPOCH_DAY, abs(days), 1 if days > 0 else -1
        furthest = 7 * (left + len(self.holidays) + 1)
        while left and furthest:
            day, furthest = day + step, furthest - 1
            left -= bool(self._hours(day))
        if left:
            raise Invalid(_("The calendar has not so many working days."))
        return self.next_working_moment(datetime.combine(date.fromordinal(day + _EPOCH_DAY), begun.time(), zone))

    def is_working(self, moment: datetime) -> bool:
        """Whether `moment` is working time."""
        now = _microseconds(moment)
        return any(begin == now for begin, _stop in self._next_span(now))

    def next_working_moment(self, moment: datetime) -> datetime:
        """`moment` itself if it is working time, else the next that is, in UTC. Raises Invalid when there is none."""
        for begin, _stop in self._next_span(_microseconds(moment)):
            return _EPOCH + timedelta(microseconds=begin)
        raise Invalid(_("The calendar has no working time left after its last working day."))

    def _next_span(self, moment: int) -> Iterator[tuple[int, int]]:
        for span in self._spans(moment):
            yield span
            return

    def _spans(self, start: int) -> Iterator[tuple[int, int]]:
        """Stretches of working time from `start` on, for ever where the week has working hours."""
        last_day = None if any(self.weekly) else max(self.holidays).toordinal() - _EPOCH_DAY
        for since, until, offset in _offsets(self.zone, start):
            day = (max(since, start) + offset) // _DAY
            while (midnight := day * _DAY - offset) < until:
                if last_day is not None and day > last_day:
                    return
                for first, last in self._hours(day):
                    begin = max(midnight + first * _MINUTE, since, start)
                    stop = min(midnight + last * _MINUTE, until)
                    if begin < stop:
                        yield begin, stop
                day += 1

    def _hours(self, day: int) -> Sequence[Interval]:
        # 1 January 1970 was a Thursday.
        weekly = self.weekly[(day + 3) % 7]
        return self.holidays.get(date.fromordinal(day + _EPOCH_DAY), weekly) if self.holidays else weekly


def around_the_clock(zone: str = "UTC") -> Calendar:
    """The calendar of those who never close."""
    return Calendar(zone, [[(0, DAY_MINUTES)]] * 7)


def _tidy(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """In order, those that touch or overlap made one."""
    tidy: list[Interval] = []
    for first, last in sorted((int(first), int(last)) for first, last in intervals):
        if not 0 <= first < last <= DAY_MINUTES:
            raise Invalid(_("Working hours must begin before they end, within 0:00 and 24:00."))
        if tidy and first <= tidy[-1][1]:
            tidy[-1] = (tidy[-1][0], max(last, tidy[-1][1]))
        else:
            tidy.append((first, last))
    return tuple(tidy)


def _microseconds(moment: datetime) -> int:
    return (in_utc(moment) - _EPOCH) // timedelta(microseconds=1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(_("There is no time zone “%(zone)s”.", zone=name)) from None


def _offsets(zone: str, start: int) -> Iterator[tuple[int, int, int]]:
    """Stretches (since, until, offset from UTC) in which the zone's clocks run evenly, from the year of `start` on."""
    year = (_EPOCH + timedelta(microseconds=start)).year
    while year < 9998:
        for since, until, offset in _offsets_of_year(zone, year):
            if until > start:
                yield since, until, offset
        year += 1
    raise Invalid(_("The calendar has no working time left after its last working day."))


@lru_cache(maxsize=500)
def _offsets_of_year(zone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    info = _zone(zone)

    def offset_at(microseconds: int) -> int:
        offset = (_EPOCH + timedelta(microseconds=microseconds)).astimezone(info).utcoffset()
        assert offset is not None
        return offset // timedelta(microseconds=1)

    start, end = _microseconds(datetime(year, 1, 1, tzinfo=UTC)), _microseconds(datetime(year + 1, 1, 1, tzinfo=UTC))
    stretches: list[tuple[int, int, int]] = []
    since, offset = start, offset_at(start)
    for day in range(start, end, _DAY):
        if (next_offset := offset_at(day + _DAY)) == offset:
            continue
        before, after = day, day + _DAY
        while after - before > _SECOND:
            middle = (before + after) // 2 // _SECOND * _SECOND
            before, after = (middle, after) if offset_at(middle) == offset else (before, middle)
        if after < end:
            stretches.append((since, after, offset))
            since, offset = after, next_offset
    return (*stretches, (since, end, offset))
