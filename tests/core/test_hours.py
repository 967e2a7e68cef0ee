"""Business hours: as people write them, with holidays that move, exceptions that win, and what works by them named."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.forms.commands import set_hours
from plugdesk.forms.copying import copy_form
from plugdesk.hours.commands import add_business_hours, change_business_hours, delete_business_hours
from plugdesk.hours.entering import READY, exceptions_in_words, hours_typed, read_exceptions
from plugdesk.hours.models import BusinessHours
from plugdesk.hours.queries import calendar_of, calendar_of_form, coming_days
from tests.factories import make_admin, make_agent, make_desk, make_form

OFFICE = {f"day-{number}": hours for number, hours in enumerate(READY["weekdays"])}


@pytest.fixture
def desk(session):
    return make_desk(session, zone="Europe/Moscow")


@pytest.fixture
def add(session, desk):
    return lambda **given: add_business_hours(session, {"name": "Office"} | OFFICE | given, by=None)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "works"),
    [
        ("2026-11-23 06:00", True),  # a Monday, 9:00 in Moscow
        ("2026-11-23 05:59", False),
        ("2026-11-22 08:00", False),  # a Sunday
        ("2026-11-04 08:00", False),  # a holiday
        ("2026-03-09 08:00", False),  # a day off that was moved from a Sunday
        ("2027-02-20 08:00", True),  # a Saturday that is worked instead of a Monday
        ("2027-02-22 08:00", False),
        ("2026-12-30 13:00", False),  # an exception makes it short
        ("2026-12-31 08:00", True),  # and wins over a holiday
    ],
)
def test_a_country_s_holidays_and_moved_days_count_and_exceptions_win(session, add, moment, works):
    hours = add(country="ru", exceptions="2026-12-30 9:00–15:00\n2026-12-31 9–15")
    assert calendar_of(session, hours).is_working(at(moment)) is works


def test_a_region_has_holidays_of_its_own(session, add):
    bavaria = add(country="DE", region="by", zone="Europe/Berlin")
    assert bavaria.region == "BY"
    assert not calendar_of(session, bavaria).is_working(at("2026-01-06 10:00"))
    assert calendar_of(session, add(name="Berlin", country="DE", zone="Europe/Berlin")).is_working(at("2026-01-06 10:00"))


@pytest.mark.parametrize(
    ("given", "where", "says"),
    [
        ({"name": " "}, "name", "Give the business hours a name."),
        ({"day-1": "nine to five"}, "day-1", "Write hours like 9:00–18:00"),
        ({"zone": "Europe/Atlantis"}, "zone", "There is no time zone"),
        ({"country": "XX"}, "country", "Write them down as exceptions."),
        ({"region": "BY"}, "region", "This country has no regions"),
        ({"country": "DE", "region": "ZZ"}, "region", "BE, BW, BY"),
        ({"exceptions": "tomorrow off"}, "exceptions", "is not understood. Write like 2026-12-31"),
        ({"exceptions": "2026-02-30 off"}, "exceptions", "There is no such day"),
        ({"exceptions": "2026-02-03..2026-02-01 off"}, "exceptions", "must not be before the first"),
        ({"exceptions": "2026-02-01..2026-02-03 off\n2026-02-03 9-12"}, "exceptions", "2026-02-03 stands in two lines."),
        ({f"day-{number}": "" for number in range(7)}, "day-0", "There is no working time in these hours."),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(session, add, given, where, says):
    with pytest.raises(Invalid) as refusal:
        add(**given)
    assert says in refusal.value.problems[where]


def test_only_exceptions_may_be_working_time(session, add):
    fair = add(**{f"day-{number}": "" for number in range(7)}, exceptions="2026-12-05..2026-12-06 10–16")
    assert calendar_of(session, fair).is_working(at("2026-12-06 08:00"))


def test_what_is_stored_is_read_back_as_it_was_typed(session, add):
    typed = "2026-08-01..2026-08-14 off\n2026-12-31 9:00–13:00, 14:00–15:00"
    hours = add(exceptions=typed)
    assert exceptions_in_words(hours.exceptions) == typed
    assert read_exceptions(exceptions_in_words(hours.exceptions)) == hours.exceptions
    assert hours_typed(hours.weekly) == OFFICE


def test_the_coming_weeks_begin_on_monday_and_say_why_a_day_differs(session, add):
    days = coming_days(session, add(country="RU", exceptions="2026-11-25 off"), weeks=6)
    assert (days[0].day, len(days)) == (date(2026, 11, 23), 42)
    differ = {each.day.isoformat(): (bool(each.hours), each.why) for each in days if each.why}
    assert differ["2026-11-25"] == (False, "Exception")
    assert not differ["2026-12-31"][0]
    assert differ["2026-12-31"][1]


def test_only_administrators_change_them_and_of_two_the_slower_one_is_told(session, add):
    hours = add()
    agent = make_agent(session, make_form(session))
    with pytest.raises(NotAllowed):
        change_business_hours(session, hours, {"name": "Mine"} | OFFICE, by=agent)
    version = hours.version
    change_business_hours(session, hours, {"name": "Shop"} | OFFICE, by=make_admin(session), version=version)
    with pytest.raises(Conflict):
        change_business_hours(session, hours, {"name": "Mine"} | OFFICE, by=None, version=version)
    assert hours.name == "Shop"


def test_a_name_is_taken_without_regard_to_case(session, add):
    add()
    with pytest.raises(Invalid) as refusal:
        add(name="OFFICE")
    assert refusal.value.problems["name"] == "There are business hours “Office” already."


def test_hours_that_a_form_works_by_are_kept_and_the_form_is_named(session, add):
    hours, form = add(), make_form(session, name="Repairs")
    set_hours(session, form, hours, by=None)
    with pytest.raises(Invalid, match="Form “Repairs”"):
        delete_business_hours(session, hours, by=None)
    assert copy_form(session, form, name="Like it", by=None)[0].hours_id == hours.id
    set_hours(session, form, None, by=None)
    assert calendar_of_form(session, form) is None


def test_the_calendar_of_a_form_is_that_of_its_hours(session, add):
    form = make_form(session, name="Repairs")
    set_hours(session, form, add(), by=None)
    calendar = calendar_of_form(session, form)
    assert (
        calendar is not None and not calendar.is_working(at("2026-03-07T12:00")) and calendar.is_working(at("2026-03-06T12:00"))
    )


def test_hours_that_nothing_works_by_are_deleted(session, add):
    hours = add()
    delete_business_hours(session, hours, by=None)
    assert session.get(BusinessHours, hours.id) is None
