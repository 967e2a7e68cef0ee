"""What the tests of own automations share. Their clock begins on Monday, 23 November 2026, at nine in the morning, UTC."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk_automation.own.commands import OwnInput, add_automation
from plugdesk_automation.own.models import OwnRun
from tests.factories import make_customer

OPENED = {"kind": "event", "events": ["ticket_opened"]}


@pytest.fixture
def make(ctx, session):
    """`make(("assign", {"to": "nobody"}), starts=…, condition=…)`: an automation of the form, on."""

    def make(*does, starts=OPENED, condition=None, **about):
        rows = [{"kind": kind, "options": options} for kind, options in does]
        given = OwnInput(about.pop("name", ""), starts, condition, rows, **{"is_on": True, **about})
        row = add_automation(ctx, given, by=None)
        session.commit()
        return row

    return make


@pytest.fixture
def open_one(session, form, run_jobs):
    """`open_one("The till beeps")`: a new request; `kind` says what wrote it."""

    def open_one(subject="The till beeps", text="Beep.", kind="human"):
        said = Said(text=text, kind=kind)
        ticket = open_ticket(session, form, make_customer(session), subject=subject, said=said, channel="email")
        run_jobs()
        session.expire_all()
        return ticket

    return open_one


@pytest.fixture
def done(session):
    """`done(ticket)`: what automations did to it, as name and problem."""

    def done(ticket):
        runs = session.scalars(sa.select(OwnRun).where(OwnRun.ticket_id == ticket.id).order_by(OwnRun.id))
        return [(run.name, run.problem) for run in runs]

    return done
