"""When agents are at work, and what of their groups is then at hand for them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from plugdesk.clock import MovableClock
from plugdesk.errors import Invalid, NotAllowed
from plugdesk.forms.models import Sees
from plugdesk.tickets.commands import accept, assign, release
from plugdesk.tickets.counts import view_counts
from plugdesk.tickets.lists import tickets_of_view
from plugdesk.users.models import User
from plugdesk.users.rights import RightInput, set_right
from plugdesk.users.shifts import (
    absences_of,
    add_absence,
    hours_in_words,
    hours_of,
    is_on_shift,
    presence_of,
    remove_absence,
    set_shifts,
)
from tests.factories import make_admin, make_agent, make_customer, make_form, make_group, make_ticket

WEEKDAYS = ["9:00-18:00"] * 5 + ["", ""]  # the tests' clock begins on a Monday morning


def in_mine(session: Session, user: User) -> int:
    """How many stand in Mine; the list and its count say the same."""
    session.flush()
    found = tickets_of_view(session, user, "mine").tickets
    assert view_counts(session, user)["mine"] == len(found)
    return len(found)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", []),
        ("9:00–18:00", [(540, 1080)]),
        ("9-13, 14:30 - 18", [(540, 780), (870, 1080)]),
        ("22:00—24:00; 0:00—6:00", [(0, 360), (1320, 1440)]),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, minutes: list[tuple[int, int]]) -> None:
    assert hours_of(text) == minutes
    assert hours_of(hours_in_words(minutes)) == minutes


@pytest.mark.parametrize("text", ["nine to five", "9:00", "18:00-9:00", "9:00-25:00", "9:70-10:00", "9:00-9:00"])
def test_what_are_no_hours_is_refused_at_its_day(session: Session, text: str) -> None:
    user = make_agent(session)
    with pytest.raises(Invalid) as refusal:
        set_shifts(session, user, ["9-18", text, "", "", "", "", ""], by=None)
    assert list(refusal.value.problems) == ["day-1"]
    assert user.shifts is None


def test_shifts_are_told_in_the_time_zone_of_the_person(session: Session, clock: MovableClock) -> None:
    berlin, tokyo, always, never = (make_agent(session) for _each in range(4))
    berlin.zone, tokyo.zone = "Europe/Berlin", "Asia/Tokyo"
    for user, week in ((berlin, WEEKDAYS), (tokyo, WEEKDAYS), (never, [""] * 7)):
        set_shifts(session, user, week, by=None)
    clock.set(clock.now().replace(hour=12, minute=0))  # 13:00 or 14:00 in Berlin, 21:00 in Tokyo
    assert [is_on_shift(session, each) for each in (berlin, tokyo, always, never)] == [True, False, True, False]
    clock.advance(timedelta(days=5))
    assert [is_on_shift(session, each) for each in (berlin, tokyo, always, never)] == [False, False, True, False]


@pytest.mark.both_databases
def test_what_a_group_has_is_mine_while_i_am_on_shift(session: Session, clock: MovableClock) -> None:
    clock.set(clock.now().replace(hour=12, minute=0))
    form = make_form(session)
    day, night, admin = make_agent(session, form), make_agent(session), make_admin(session)
    set_right(session, form, night, RightInput(sees=Sees.GROUP), by=None)
    group = make_group(session, day, night, admin)
    make_group(session, make_agent(session, form), name="Others")
    set_shifts(session, day, WEEKDAYS, by=None)
    set_shifts(session, night, ["20:00-24:00"] * 7, by=None)
    ticket = make_ticket(session, form)
    make_ticket(session, form)
    assign(session, ticket, None, group=group)
    assert [in_mine(session, each) for each in (day, night, admin)] == [1, 0, 1]
    clock.set(clock.now().replace(hour=21))
    assert [in_mine(session, each) for each in (day, night, admin)] == [0, 1, 1]
    assert {row.id for row in tickets_of_view(session, day, "groups").tickets} == {ticket.id}
    accept(session, ticket, day)
    assert [in_mine(session, each) for each in (day, night, admin)] == [1, 0, 0]
    release(session, ticket, day)
    assert [in_mine(session, each) for each in (day, night, admin)] == [0, 1, 1]


@pytest.mark.both_databases
def test_who_is_away_has_nothing_of_the_group_and_a_substitute(session: Session, clock: MovableClock) -> None:
    form = make_form(session)
    ivan, olga = make_agent(session, form, name="Ivan"), make_agent(session, form, name="Olga")
    assign(session, make_ticket(session, form), None, group=make_group(session, ivan))
    today = clock.now().date()
    absence = add_absence(
        session, ivan, first_day=today.isoformat(), last_day=(today + timedelta(days=2)).isoformat(), substitute=olga, by=ivan
    )
    assert in_mine(session, ivan) == 0
    there = presence_of(session, [ivan, olga])
    assert (there[ivan.id].at_work, there[ivan.id].away_until, there[ivan.id].substitute) == (
        False, today + timedelta(days=2), olga,
    )  # fmt: skip
    assert there[olga.id].at_work
    clock.advance(timedelta(days=3))
    assert in_mine(session, ivan) == 1
    assert presence_of(session, [ivan])[ivan.id].at_work
    assert absences_of(session, ivan) == []
    clock.advance(timedelta(days=-3))
    remove_absence(session, absence, by=ivan)
    assert in_mine(session, ivan) == 1


def test_a_substitute_who_left_is_none(session: Session, clock: MovableClock) -> None:
    ivan, olga = make_agent(session), make_agent(session)
    add_absence(session, ivan, first_day=clock.now().date().isoformat(), last_day="", substitute=olga, by=None)
    olga.active = False
    assert presence_of(session, [ivan])[ivan.id].substitute is None


def test_days_off_that_make_no_sense_are_refused_at_their_field(session: Session, clock: MovableClock) -> None:
    user, gone = make_agent(session), make_agent(session)
    gone.active = False
    today = clock.now().date()

    def refused(first: str, last: str, substitute: User | None = None) -> list[str]:
        with pytest.raises(Invalid) as refusal:
            add_absence(session, user, first_day=first, last_day=last, substitute=substitute, by=user)
        return list(refusal.value.problems)

    tomorrow, later = (today + timedelta(days=1)).isoformat(), (today + timedelta(days=9)).isoformat()
    assert refused("soon", "") == ["first_day", "last_day"]
    assert refused(later, tomorrow) == ["last_day"]
    assert refused("2020-01-01", "2020-01-02") == ["last_day"]
    assert refused(tomorrow, date.max.isoformat()) == ["last_day"]
    for substitute in (user, gone, make_customer(session)):
        assert refused(tomorrow, later, substitute) == ["substitute"]
    add_absence(session, user, first_day=tomorrow, last_day=later, by=user)
    assert refused(later, later) == ["first_day"]


def test_everybody_says_when_they_are_away_and_admins_of_anybody(session: Session, clock: MovableClock) -> None:
    ivan, olga, admin = make_agent(session), make_agent(session), make_admin(session)
    today = clock.now().date().isoformat()
    with pytest.raises(NotAllowed):
        add_absence(session, ivan, first_day=today, last_day="", by=olga)
    absence = add_absence(session, ivan, first_day=today, last_day="", by=admin)
    with pytest.raises(NotAllowed):
        remove_absence(session, absence, by=olga)
    with pytest.raises(NotAllowed):
        set_shifts(session, ivan, WEEKDAYS, by=ivan)
    with pytest.raises(NotAllowed):
        add_absence(session, make_customer(session), first_day=today, last_day="", by=None)
