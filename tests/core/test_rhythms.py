"""When what happens again and again comes next: tables of moments, over daylight changes and short months."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plugdesk.rhythms import Every, Rhythm

DAILY, OFFICE = Rhythm(Every.DAY, 9), Rhythm(Every.WEEKDAY, 9)
NIGHTLY, MONDAYS = Rhythm(Every.DAY, 2), Rhythm(Every.WEEK, 9, weekday=0)
LAST = Rhythm(Every.MONTH, 9, day=31)

CASES = (
    ("later today", DAILY, "2026-11-23 07:59", "Europe/Berlin", "2026-11-23 08:00"),
    ("at its moment, the next", DAILY, "2026-11-23 08:00", "Europe/Berlin", "2026-11-24 08:00"),
    ("the day of the zone, not of UTC", DAILY, "2026-11-23 21:00", "Pacific/Auckland", "2026-11-24 20:00"),
    ("over the weekend", OFFICE, "2026-11-27 09:00", "UTC", "2026-11-30 09:00"),
    ("next week", MONDAYS, "2026-11-23 09:00", "UTC", "2026-11-30 09:00"),
    ("the last day of February", LAST, "2027-01-31 09:00", "UTC", "2027-02-28 09:00"),
    ("of a leap year", LAST, "2028-02-01 00:00", "UTC", "2028-02-29 09:00"),
    ("over the end of the year", LAST, "2026-12-31 09:00", "UTC", "2027-01-31 09:00"),
    ("the same hour when summer begins", DAILY, "2027-03-27 08:00", "Europe/Berlin", "2027-03-28 07:00"),
    ("the same hour when summer ends", DAILY, "2026-10-24 07:00", "Europe/Berlin", "2026-10-25 08:00"),
    ("an hour the clock leaves out", NIGHTLY, "2027-03-27 12:00", "Europe/Berlin", "2027-03-28 01:00"),
    ("an hour the clock shows twice", NIGHTLY, "2026-10-24 12:00", "Europe/Berlin", "2026-10-25 00:00"),
    ("not a second time", NIGHTLY, "2026-10-25 00:00", "Europe/Berlin", "2026-10-26 01:00"),
)


@pytest.mark.parametrize(("rhythm", "after", "zone", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_next_moment(rhythm, after, zone, expected):
    after, expected = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (after, expected))
    assert rhythm.next(after, zone) == expected
