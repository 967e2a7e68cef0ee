from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugdesk.calendars import Calendar, around_the_clock
from plugdesk.errors import Invalid

OFFICE = [[(540, 1080)]] * 5 + [[], []]
MOSCOW = Calendar("Europe/Moscow", OFFICE, {date(2026, 11, 4): [], date(2026, 11, 7): [(600, 720), (780, 1440)]})


def at(text, zone="Europe/Moscow"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-02 09:00", "2026-11-02 18:00", 9),
        ("2026-11-02 00:00", "2026-11-02 10:30", 1.5),
        ("2026-11-02 17:00", "2026-11-03 10:00", 2),
        ("2026-11-03 18:00", "2026-11-05 09:00", 0),
        ("2026-11-03 17:00", "2026-11-05 10:00", 2),
        ("2026-11-07 00:00", "2026-11-08 00:00", 13),
        ("2026-11-07 23:59", "2026-11-08 10:00", 1 / 60),
        ("2026-11-02 12:00", "2026-11-02 12:00", 0),
        ("2026-11-02 18:00", "2026-11-02 09:00", -9),
        ("2026-11-09 00:00", "2026-11-16 00:00", 45),
    ],
)
def test_working_time_between_two_moments(start, end, hours):
    assert MOSCOW.working_seconds_between(at(start), at(end)) == hours * 3600


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-02 09:00", 9, "2026-11-02 18:00"),
        ("2026-11-02 09:00", 9.5, "2026-11-03 09:30"),
        ("2026-11-02 20:00", 1, "2026-11-03 10:00"),
        ("2026-11-03 17:00", 2, "2026-11-05 10:00"),
        ("2026-11-06 18:00", 13, "2026-11-08 00:00"),
        ("2026-11-08 12:00", 0, "2026-11-08 12:00"),
        ("2026-11-02 17:59", 1 / 60, "2026-11-02 18:00"),
    ],
)
def test_working_time_after_a_moment(start, hours, end):
    assert MOSCOW.add_working_seconds(at(start), hours * 3600) == at(end)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-06 16:00", 1, "2026-11-09 16:00"),  # Friday to Monday
        ("2026-11-06 20:00", 1, "2026-11-10 09:00"),  # begins on Monday
        ("2026-11-07 12:00", 0, "2026-11-09 09:00"),
        ("2026-11-09 00:00", -1, "2026-11-06 09:00"),
        ("2026-11-10 10:00", -3, "2026-11-05 10:00"),
    ],
)
def test_working_days_after_and_before_a_moment(start, days, end):
    assert Calendar("Europe/Moscow", OFFICE).add_working_days(at(start), days) == at(end)


def test_working_time_before_a_moment():
    calendar = Calendar("Europe/Moscow", OFFICE)
    for start, hours, end in (
        ("2026-11-09 10:00", 1, "2026-11-09 09:00"), ("2026-11-09 10:00", 2, "2026-11-06 17:00"), ("2026-11-09 10:00", 46, "2026-10-30 18:00"),
    ):  # fmt: skip
        found = calendar.take_working_seconds(at(start), hours * 3600)
        assert calendar.working_seconds_between(found, at(start)) == hours * 3600, end
    single = Calendar("UTC", [[]] * 7, {date(2026, 5, 2): [(0, 60)]})
    with pytest.raises(Invalid):
        single.take_working_seconds(datetime(2026, 5, 3, tzinfo=UTC), 3601)
    with pytest.raises(Invalid):
        single.add_working_days(datetime(2026, 5, 2, tzinfo=UTC), 1)


def test_whether_and_when_there_is_working_time():
    assert MOSCOW.is_working(at("2026-11-02 09:00")) and not MOSCOW.is_working(at("2026-11-02 18:00"))
    assert MOSCOW.next_working_moment(at("2026-11-03 18:00")) == at("2026-11-05 09:00")
    assert MOSCOW.next_working_moment(at("2026-11-02 12:34")) == at("2026-11-02 12:34")


def test_summer_time_lengthens_and_shortens_a_night_shift():
    nights = Calendar("Europe/Berlin", [[(0, 360)]] * 7)
    hours = {
        day: nights.working_seconds_between(at(f"{day} 00:00", "Europe/Berlin"), at(f"{day} 12:00", "Europe/Berlin")) / 3600
        for day in ("2026-03-28", "2026-03-29", "2026-10-25")
    }
    assert hours == {"2026-03-28": 6, "2026-03-29": 5, "2026-10-25": 7}
    assert nights.add_working_seconds(at("2026-03-29 00:00", "Europe/Berlin"), 5 * 3600) == at(
        "2026-03-29 06:00", "Europe/Berlin"
    )


def test_around_the_clock_all_time_is_working_time():
    always = around_the_clock("America/New_York")
    start = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
    assert always.working_seconds_between(start, start + timedelta(days=400, seconds=1.5)) == 400 * 86400 + 1.5
    assert always.add_working_seconds(start, 400 * 86400 + 1.5) == start + timedelta(days=400, seconds=1.5)


@pytest.mark.parametrize(
    ("zone", "weekly", "holidays"),
    [
        ("UTC", [[]] * 7, {}),
        ("UTC", [[]] * 7, {date(2026, 1, 1): []}),
        ("UTC", [[(540, 540)]] * 7, {}),
        ("UTC", [[(600, 540)]] * 7, {}),
        ("UTC", [[(0, 1441)]] * 7, {}),
        ("UTC", [[(-1, 5)]] * 7, {}),
        ("UTC", [[(0, 5)]] * 6, {}),
        ("Mars/Olympus", OFFICE, {}),
        ("../etc/passwd", OFFICE, {}),
        ("", OFFICE, {}),
        ("UTC", OFFICE, {date(2026, 1, 1): [(5, 4)]}),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(zone, weekly, holidays):
    with pytest.raises(Invalid):
        Calendar(zone, weekly, holidays)


def test_a_calendar_of_single_days_ends():
    fair = Calendar("UTC", [[]] * 7, {date(2026, 5, 1): [(0, 60)], date(2026, 5, 3): [(0, 60)]})
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert fair.add_working_seconds(start, 7200) == datetime(2026, 5, 3, 1, tzinfo=UTC)
    assert fair.working_seconds_between(start, datetime(2030, 1, 1, tzinfo=UTC)) == 7200
    with pytest.raises(Invalid, match="no working time left"):
        fair.add_working_seconds(start, 7201)
    with pytest.raises(Invalid, match="no working time left"):
        fair.next_working_moment(datetime(2026, 6, 1, tzinfo=UTC))
    assert not fair.is_working(datetime(2026, 6, 1, tzinfo=UTC))


def test_naive_moments_and_negative_times_are_refused():
    with pytest.raises(ValueError, match="naive"):
        MOSCOW.working_seconds_between(at("2026-11-02 09:00").replace(tzinfo=None), at("2026-11-02 10:00"))
    with pytest.raises(ValueError, match="not taken away"):
        MOSCOW.add_working_seconds(at("2026-11-02 09:00"), -1)


def test_touching_hours_are_one():
    assert Calendar("UTC", [[(540, 600), (600, 660), (630, 700), (0, 10)]] * 7).weekly[0] == ((0, 10), (540, 700))


def slowly(calendar, start, end):
    """Working minutes, looking at the clock on the wall once a minute."""
    zone, minutes = ZoneInfo(calendar.zone), 0
    while start < end:
        wall = start.astimezone(zone)
        hours = calendar.holidays.get(wall.date(), calendar.weekly[wall.weekday()])
        minutes += any(first <= wall.hour * 60 + wall.minute < last for first, last in hours)
        start += timedelta(minutes=1)
    return minutes


INTERVAL = st.builds(lambda first, length: (first, min(first + length, 1440)), st.integers(0, 1439), st.integers(1, 1440))
INTERVALS = st.lists(INTERVAL, max_size=3)
# Half an hour of summer time; none; a whole day skipped; summer time off for a month; half-hour zones.
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Europe/Moscow",
        "Pacific/Apia",
        "Africa/Casablanca",
        "Asia/Kolkata",
        "America/St_Johns",
        "UTC",
    ]
)
CHANGES = st.sampled_from(
    [
        datetime(2026, 3, 29, tzinfo=UTC),
        datetime(2026, 10, 25, tzinfo=UTC),
        datetime(2026, 3, 8, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 4, 4, tzinfo=UTC),
        datetime(2026, 10, 3, tzinfo=UTC),
        datetime(2011, 12, 30, tzinfo=UTC),
        datetime(2026, 2, 15, tzinfo=UTC),
        datetime(2026, 12, 31, tzinfo=UTC),
    ]
)
MOMENTS = st.builds(lambda change, minutes: change + timedelta(minutes=minutes), CHANGES, st.integers(-2000, 2000))


@st.composite
def calendars(draw):
    holidays = st.dictionaries(
        st.builds(lambda day, n: (day + timedelta(days=n)).date(), CHANGES, st.integers(-2, 2)), INTERVALS, max_size=3
    )
    weekly = draw(st.lists(INTERVALS, min_size=7, max_size=7))
    weekly[draw(st.integers(0, 6))] = [draw(INTERVAL)]
    return Calendar(draw(ZONES), weekly, draw(holidays))


@settings(max_examples=120)
@given(calendars(), MOMENTS, st.integers(0, 4000))
def test_working_time_is_what_the_clock_on_the_wall_says(calendar, start, minutes):
    end = start + timedelta(minutes=minutes)
    assert calendar.working_seconds_between(start, end) == slowly(calendar, start, end) * 60


@settings(max_examples=120)
@given(calendars(), MOMENTS, st.integers(1, 3000))
def test_adding_ends_at_the_first_moment_with_so_much_working_time(calendar, start, minutes):
    end = calendar.add_working_seconds(start, minutes * 60)
    assert calendar.working_seconds_between(start, end) == minutes * 60
    assert calendar.working_seconds_between(start, end - timedelta(microseconds=1)) < minutes * 60
