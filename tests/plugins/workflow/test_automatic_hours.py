"""Actions that run by themselves by business hours: nothing happens at night, and a day is one that is worked."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.hours.commands import add_business_hours, change_business_hours, delete_business_hours
from plugdesk.hours.models import BusinessHours
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.commands import set_fields
from plugdesk_workflow.definition import Automatic, Since, Unit, read
from plugdesk_workflow.linter import findings
from plugdesk_workflow.models import Action
from plugdesk_workflow.words import Wording
from tests.plugins.workflow.history import ran

WEEK = {"zone": "UTC"} | {f"day-{number}": "9:00–17:00" if number < 5 else "" for number in range(7)}


@pytest.fixture
def office(session, admin, clock):
    """Five days a week from nine to five, on a Friday at three in the afternoon."""
    now = clock.now()
    clock.advance(days=(4 - now.weekday()) % 7 + 7)
    clock.advance(hours=15 - clock.now().hour)
    hours = add_business_hours(session, {"name": "Office", **WEEK}, by=admin)
    session.flush()
    return hours


def test_hours_pass_while_somebody_works(session, office, ticket, timed, pass_time):
    timed("Remind", Automatic(Since.STATUS, 4, Unit.HOURS, hours=office.id))
    timed("By the clock", Automatic(Since.STATUS, 4, Unit.HOURS))
    pass_time(hours=4)
    assert ran(session, ticket) == ["By the clock"]
    pass_time(days=2, hours=15)  # Monday, ten o'clock
    assert ran(session, ticket) == ["By the clock"]
    pass_time(hours=1)
    assert ran(session, ticket) == ["By the clock", "Remind"]


def test_days_are_those_that_are_worked(session, office, ticket, timed, pass_time):
    timed("Close", Automatic(Since.STATUS, 2, Unit.DAYS, hours=office.id))
    pass_time(days=3, hours=23)
    assert ran(session, ticket) == []
    pass_time(hours=1)
    assert ran(session, ticket) == ["Close"]


def test_before_a_date_it_runs_on_a_working_day(session, form, office, ticket, timed, pass_time, clock, agent):
    code = add_field(session, form, kind=FieldKind.DATE, label="Visit", by=None).code
    timed("Prepare", Automatic(Since.FIELD, 3, Unit.HOURS, True, code, office.id))
    monday = clock.now() + timedelta(days=10)
    set_fields(session, ticket, {code: monday.date().isoformat()}, by=agent)
    pass_time(days=6, hours=22)  # Friday, one o'clock
    assert ran(session, ticket) == []
    pass_time(hours=1)
    assert ran(session, ticket) == ["Prepare"]


def test_other_hours_are_heeded_within_a_day(session, office, ticket, timed, pass_time, admin):
    timed("Close", Automatic(Since.STATUS, 5, Unit.DAYS, hours=office.id))
    pass_time(hours=1)
    week = {f"day-{number}": "0:00–24:00" for number in range(7)}
    change_business_hours(session, office, {"name": "Office", "zone": "UTC", **week}, by=admin, version=office.version)
    session.commit()
    for _day in range(5):
        pass_time(days=1)
    assert ran(session, ticket) == ["Close"]


def test_hours_that_are_counted_by_are_named_and_stay(session, form, workflow, office, timed, admin):
    made = timed("Close", Automatic(Since.STATUS, 2, Unit.DAYS, hours=office.id))
    session.commit()
    assert Wording(workflow).when(read(made)) == "2 days after the status began, in “Office”"
    with pytest.raises(Invalid, match="it counts by them"):
        delete_business_hours(session, office, by=admin, version=office.version)
    session.rollback()
    session.execute(sa.delete(BusinessHours))
    session.expire_all()
    assert "automatic" in {each.kind for each in findings(workflow)}


def test_an_admin_chooses_them_on_the_actions_page(app, session, form, workflow, office, timed, admin):
    made = timed("Close", Automatic(Since.STATUS, 2, Unit.DAYS))
    session.commit()
    browser, path = browser_of(app), f"/forms/{form.slug}/x/workflow/actions/{made.id}"
    browser.sign_in(admin)
    assert "in “Office”" in browser.get(path).get_data(as_text=True)
    given = {
        "version": made.version,
        "name": "Close",
        "is_on": "1",
        "statuses": "new",
        "when": "status",
        "amount": "2",
        "unit": "days",
    }
    assert browser.post(path, data=given | {"hours": str(office.id)}).status_code == 303
    session.expire_all()
    assert session.get_one(Action, made.id).automatic["hours"] == office.id
    refused = browser.post(path, data=given | {"version": session.get_one(Action, made.id).version, "hours": "999999"})
    assert refused.status_code == 422 and "business hours the action counts by are gone" in refused.get_data(as_text=True)
