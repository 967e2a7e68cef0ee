"""Rehearsals: what an automation would have done in the last days; nothing is done by that."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.errors import Invalid, NotFound
from plugdesk.tickets.models import Direction, Message
from plugdesk_automation.own import rehearsing
from plugdesk_automation.own.commands import OwnInput
from plugdesk_automation.own.models import OwnRun, Rehearsal, RehearsalState
from tests.factories import make_admin, make_form
from tests.plugins.automation.own.conftest import OPENED

THANKS = [{"kind": "customer", "options": {"text": "Thank you."}}]


@pytest.fixture
def rehearse(ctx, session, run_jobs):
    """`rehearse(starts=…, condition=…)`: a rehearsal of something that writes to the customer, as far as it went."""

    def rehearse(starts=OPENED, condition=None, days=7):
        draft = OwnInput("Thanks", starts, condition, THANKS)
        begun = rehearsing.start(ctx, draft, row=None, days=days, by=make_admin(session))
        session.commit()
        run_jobs()
        session.expire_all()
        return session.get(Rehearsal, begun.id)

    return rehearse


def numbers(rehearsal):
    return [each["number"] for each in rehearsal.found]


def test_what_would_have_run_is_listed_and_nothing_is_done(session, ctx, open_one, rehearse, clock):
    old = open_one("The till of long ago")
    clock.advance(timedelta(days=8))
    tills = [open_one("The till beeps") for _number in range(2)]
    open_one("Another thing")
    condition = {"all": [{"fact": "ticket.subject", "contains": "till"}]}
    found = rehearse(condition=condition)
    assert (found.state, found.total, found.done, found.times, found.letters) == (RehearsalState.DONE, 3, 3, 2, 2)
    assert numbers(found) == [each.number for each in reversed(tills)]
    assert numbers(rehearse(condition=condition, days=30))[-1] == old.number
    assert session.scalars(sa.select(OwnRun)).all() == []
    assert session.scalar(sa.select(sa.func.count()).select_from(Message).where(Message.direction == Direction.OUTGOING)) == 0


def test_times_and_the_clock_are_rehearsed_too(session, ctx, open_one, rehearse, clock):
    first = open_one()
    clock.advance(timedelta(hours=3))
    second = open_one()
    silent = {"kind": "time", "since": "said", "amount": 2, "unit": "hours", "in_hours": False}
    assert numbers(rehearse(silent)) == [first.number], "of the other not so much time has gone by"
    daily = {"kind": "schedule", "every": "day", "hour": 12, "weekday": 0, "day": 1}
    assert numbers(rehearse(daily)) == [second.number, first.number]


def test_a_long_one_goes_on_as_a_job_and_can_be_stopped(session, ctx, open_one, rehearse, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 2)
    monkeypatch.setattr(rehearsing, "BATCH", 2)
    for _number in range(5):
        open_one()
    whole = rehearse()
    assert (whole.state, whole.done, whole.times) == (RehearsalState.DONE, 5, 5)
    begun = rehearsing.start(ctx, OwnInput("Thanks", OPENED, None, THANKS), row=None, days=7, by=make_admin(session))
    assert begun.state == RehearsalState.WAITING
    rehearsing.stop(ctx, begun)
    session.commit()
    rehearsing.run(ctx, rehearsal_id=begun.id)
    assert (begun.state, begun.done) == (RehearsalState.STOPPED, 0)


def test_days_that_are_not_offered_are_refused(rehearse):
    with pytest.raises(Invalid):
        rehearse(days=365)


def test_another_forms_rehearsal_is_not_found_and_old_ones_are_cleared_away(session, ctx, enable, rehearse, clock):
    begun = rehearse()
    other = enable("automation", on=make_form(session, slug="other", name="Other"))
    with pytest.raises(NotFound):
        rehearsing.rehearsal_here(other, begun.id)
    clock.advance(timedelta(days=3))
    rehearsing.forget(ctx)
    assert session.scalars(sa.select(Rehearsal)).all() == []
