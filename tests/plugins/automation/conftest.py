"""What the tests of automation share. Their clock begins on Monday, 23 November 2026, at nine in the morning, UTC."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk_automation import telling
from plugdesk_automation.models import Rule
from plugdesk_automation.rules import rules_of
from tests.factories import make_agent, make_customer, make_group


@pytest.fixture
def ctx(session, form, enable, run_jobs):
    """Automation on the form Support, as it usually is."""
    ctx = enable("automation")
    run_jobs()
    return ctx


@pytest.fixture
def boss(session, form):
    return make_agent(session, form, name="Bea Boss", email="bea@desk.example")


@pytest.fixture
def group(session, agent, boss, form):
    other = make_agent(session, form, name="Otto Other", email="otto@desk.example")
    return make_group(session, agent, other, name="Technicians", supervisor=boss)


@pytest.fixture
def ask(session, form, group, run_jobs):
    """`ask()` is a new request of the group."""

    def ask():
        said = Said(text="Beep.")
        ticket = open_ticket(session, form, make_customer(session), subject="The till beeps", said=said, channel="email")
        ticket.group = group
        run_jobs()
        return ticket

    return ask


@pytest.fixture
def later(clock, session, run_jobs):
    """`later(hours=2)`: so much time goes by, and what comes due in it is done."""

    def later(**length):
        session.commit()
        clock.advance(timedelta(**length))
        run_jobs()
        clock.advance(timedelta(minutes=1))
        run_jobs()

    return later


@pytest.fixture
def letters(monkeypatch):
    """The letters to people, as address, subject and the words of the letter."""
    sent = []

    def keep(session, form, *, to, subject, html):
        sent.append((to, subject, html))
        return True

    monkeypatch.setattr(telling, "send_letter", keep)
    return sent


@pytest.fixture
def only(ctx, session):
    """`only("forgotten", amount=1)`: the other rules are off, this one is so."""

    def only(code, **changes):
        for each in rules_of(ctx).values():
            each.is_on = each.code == code
        session.flush()
        session.execute(sa.update(Rule).where(Rule.code == code).values(**changes or {"is_on": True}))
        session.commit()
        session.expire_all()

    return only


@pytest.fixture
def history(session):
    """`history(ticket)`: what rules did, by kind."""

    def history(ticket):
        told = sa.select(Event.kind).where(Event.ticket_id == ticket.id, Event.kind.like("automation_%"))
        return [kind.removeprefix("automation_") for kind in session.scalars(told.order_by(Event.id))]

    return history


@pytest.fixture
def client(app):
    """A browser: `client.sign_in(boss)`."""
    return browser_of(app)
