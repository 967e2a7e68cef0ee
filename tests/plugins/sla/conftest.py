"""What the tests of SLA share. Their clock begins on Monday, 23 November 2026, at nine in the morning, UTC."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.forms.commands import add_field, set_hours
from plugdesk.forms.models import FieldKind
from plugdesk.hours.commands import add_business_hours
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.correspondence import Said, open_ticket, receive_message
from plugdesk_sla.commands import add_policy
from plugdesk_sla.entering import PolicyInput
from plugdesk_sla.models import Clock, Promise
from tests.factories import make_customer


@pytest.fixture
def ctx(session, form, enable):
    """SLA on the form Support, which asks for a level."""
    choices = [{"code": code, "label": code.title()} for code in ("low", "high", "urgent")]
    add_field(session, form, kind=FieldKind.CHOICE, label="Level", choices=choices, by=None)
    session.commit()
    return enable("sla")


@pytest.fixture
def hours(session, form):
    """Nine to six, Monday to Friday."""
    week = {f"day-{number}": "9:00–18:00" for number in range(5)}
    return add_business_hours(session, {"name": "Office", **week}, by=None)


@pytest.fixture
def office(session, form, hours):
    """The form counts in office hours."""
    set_hours(session, form, hours, by=None)
    return hours


@pytest.fixture
def promise(ctx):
    """`promise(first="30 minutes", when=…)`: a policy with these targets; a status's is `in_STATUS`."""

    def promise(name="Usual", *, when=None, **given):
        targets = []
        for key in [each for each in given if each in ("first", "next", "resolution") or each.startswith("in_")]:
            amount, unit = given.pop(key).split()
            sort, status = ("status", key.removeprefix("in_")) if key.startswith("in_") else (key, "")
            targets.append({"sort": sort, "status": status, "amount": int(amount), "unit": unit})
        return add_policy(ctx, PolicyInput(name, when, targets, **given), by=None)

    return promise


@pytest.fixture
def ann(session, form):
    return make_customer(session, name="Ann Carter", email="ann@home.example")


@pytest.fixture
def ask(session, form):
    """`ask(ann, level="high")` is her request."""

    def ask(customer=None, **values):
        given = {"values": values} if values else {}
        customer = customer or make_customer(session)
        said = Said(text="Beep.")
        ticket = open_ticket(session, form, customer, subject="The till beeps", said=said, channel="email", **given)
        session.commit()
        return ticket

    return ask


@pytest.fixture
def write(session):
    """`write(ticket)`: its customer writes once more."""

    def write(ticket):
        receive_message(session, ticket, ticket.customer, said=Said(text="And now?"), channel="email")
        session.commit()

    return write


@pytest.fixture
def later(clock, session):
    """`later(hours=2)`: so much time goes by."""

    def later(**length):
        session.commit()
        clock.advance(timedelta(**length))

    return later


@pytest.fixture
def clocks(session):
    """`clocks(ticket)`: its clocks by sort, the latest of each."""

    def clocks(ticket):
        session.flush()
        session.expire_all()
        return {
            str(each.sort): each
            for each in session.scalars(sa.select(Clock).where(Clock.ticket_id == ticket.id).order_by(Clock.id))
        }

    return clocks


@pytest.fixture
def promised(session):
    """`promised(ticket)`: what is promised for it."""

    def promised(ticket):
        session.flush()
        session.expire_all()
        return session.get(Promise, ticket.id)

    return promised


@pytest.fixture
def client(app):
    """A browser: `client.sign_in(boss)`."""
    return browser_of(app)
