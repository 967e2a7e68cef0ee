"""Actions that run by themselves before or after a date that a field holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.tickets.commands import change_status, set_fields
from plugdesk_workflow.definition import Automatic, Since, Unit
from tests.plugins.workflow.history import ran


@pytest.mark.parametrize(("before", "hours"), [(True, 24 + 24), (False, 24 * 4)])
def test_it_runs_before_or_after_a_date_at_midnight_of_the_desk(
    session, form, ticket, timed, pass_time, clock, agent, before, hours
):
    code = add_field(session, form, kind=FieldKind.DATE, label="Visit", by=None).code
    timed("Remind", Automatic(Since.FIELD, 1, Unit.DAYS, before, code))
    midnight = clock.now().replace(hour=0)
    set_fields(session, ticket, {code: (midnight + timedelta(days=3)).date().isoformat()}, by=agent)
    pass_time(hours=hours - 9 - 1)  # the clock stands at nine
    assert ran(session, ticket) == []
    pass_time(hours=1)
    pass_time(days=30)
    assert ran(session, ticket) == ["Remind"]


def test_another_date_moves_it_and_one_that_is_past_or_gone_takes_it_back(session, form, ticket, timed, pass_time, agent):
    code = add_field(session, form, kind=FieldKind.DATE_TIME, label="Visit", by=None).code
    timed("Visit", Automatic(Since.FIELD, 0, Unit.HOURS, field=code))
    set_fields(session, ticket, {code: "2026-11-25T10:00+00:00"}, by=agent)
    pass_time(days=1)
    set_fields(session, ticket, {code: "2026-11-27T10:00+00:00"}, by=agent)
    pass_time(days=2)
    assert ran(session, ticket) == []
    pass_time(days=1, hours=1)
    assert ran(session, ticket) == ["Visit"]
    for value in ("2020-01-01T10:00+00:00", ""):
        set_fields(session, ticket, {code: value}, by=agent)
        pass_time(days=9)
    assert ran(session, ticket) == ["Visit"]


@pytest.mark.parametrize(
    ("kind", "automatic", "entered", "names"),
    [
        (FieldKind.DATE, Automatic(Since.FIELD, 3), -30, []),
        (FieldKind.DATE, Automatic(Since.FIELD, 3), -3, ["Remind"]),  # three days after is today, which is not over
        (FieldKind.DATE, Automatic(Since.FIELD, 0), 0, ["Remind"]),
        (FieldKind.DATE, Automatic(Since.FIELD, 1, before=True), -1, []),
        (FieldKind.DATE, Automatic(Since.FIELD, 3, before=True), 1, ["Remind"]),
        (FieldKind.DATE_TIME, Automatic(Since.FIELD, 0), -1, []),
    ],
)
def test_a_date_that_is_past_when_it_is_entered_brings_nothing_about(
    session, form, ticket, timed, pass_time, clock, agent, kind, automatic, entered, names
):
    code = add_field(session, form, kind=kind, label="Visit", by=None).code
    timed("Remind", replace(automatic, field=code))
    pass_time(days=40)
    day = clock.now() + timedelta(days=entered)
    set_fields(session, ticket, {code: day.date().isoformat() if kind is FieldKind.DATE else day.isoformat()}, by=agent)
    pass_time(days=9)
    assert ran(session, ticket) == names


def test_the_day_before_is_over_for_a_ticket_that_comes_into_the_status_later(
    session, form, ticket, timed, pass_time, clock, agent
):
    code = add_field(session, form, kind=FieldKind.DATE, label="Visit", by=None).code
    timed("Remind", Automatic(Since.FIELD, 1, before=True, field=code), statuses=("waiting",))
    set_fields(session, ticket, {code: (clock.now() + timedelta(days=9)).date().isoformat()}, by=agent)
    pass_time(days=40)
    change_status(session, ticket, form.status("waiting"), by=agent)
    pass_time(days=1)
    assert ran(session, ticket) == []
