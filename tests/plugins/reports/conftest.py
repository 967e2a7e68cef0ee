"""A desk with some months behind it: tickets of every fate, on a form where reports are on."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from plugdesk.errors import PlugdeskError
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind, StatusKind
from plugdesk.tags.commands import add_tag, change_tags
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.bin import delete_ticket
from plugdesk.tickets.commands import accept, assign, become, set_fields
from plugdesk.tickets.correspondence import Said, open_ticket, receive_message, reply_to_ticket
from plugdesk.tickets.merging import merge_tickets
from tests.factories import make_agent, make_customer, make_group

TEXT = Said(text="It beeps twice.")


@pytest.fixture
def live(session, form, clock, agent, admin, enable):
    """`live(days, a_day)`: as many days go by, with as many new tickets each, to which all kinds of things happen."""
    chance, opened = random.Random(7), []
    causes = [{"code": "cash", "label": "Cash"}, {"code": "net", "label": "Net"}]
    assert add_field(session, form, kind=FieldKind.CHOICE, label="Cause", choices=causes, by=None).code == "cause"
    ben = make_agent(session, form, name="Ben Stone")
    group = make_group(session, agent, ben, name="Technicians")
    tags = [add_tag(session, name=name, by=None) for name in ("till", "vip")]
    customers = [make_customer(session, name=f"Customer {n}", email=f"c{n}@home.example") for n in range(5)]
    session.commit()

    def live(days=70, a_day=2):
        for _day in range(days):
            for _n in range(a_day):
                clock.advance(minutes=chance.randint(1, 500))
                ticket = open_ticket(
                    session, form, chance.choice(customers), subject="Beeps", said=TEXT, channel=chance.choice(["email", "phone"]),
                    values={"cause": chance.choice(["cash", "net"])},
                )  # fmt: skip
                opened.append(ticket)
            for _n in range(3 * a_day):
                clock.advance(minutes=chance.randint(1, 90))
                _something(session, chance, chance.choice(opened[-12:]), [agent, ben], group, tags, admin, opened)
            clock.advance(minutes=chance.randint(1, 400))
            session.commit()
        return opened

    return live


@pytest.fixture
def count(live, enable, run_jobs, clock):
    """`count(days, a_day)`: they go by, and reports, switched on afterwards, have counted them: faster than as they go by."""

    def count(days=70, a_day=2):
        live(days, a_day)
        enable("reports")
        run_jobs()
        clock.advance(minutes=11)
        run_jobs()

    return count


@pytest.fixture
def counted(count):
    """Twenty days with reports on."""
    count(20)


@pytest.fixture
def ada(app, agent):
    browser = browser_of(app)
    browser.sign_in(agent)
    return browser


def _something(session, chance, ticket, agents, group, tags, admin, opened):
    who = chance.choice(agents)
    with_ticket = [
        lambda: accept(session, ticket, who),
        lambda: assign(session, ticket, who, assignee=who, group=group),
        lambda: reply_to_ticket(session, ticket, who, body="<p>Hello</p>", undo=timedelta(0)),
        lambda: become(session, ticket, StatusKind.RESOLVED, by=who),
        lambda: become(session, ticket, StatusKind.OPEN, by=who),
        lambda: receive_message(session, ticket, ticket.customer, said=TEXT, channel="email"),
        lambda: change_tags(session, ticket, add=[chance.choice(tags)], by=who),
        lambda: set_fields(session, ticket, {"cause": chance.choice(["cash", "net"])}, by=who),
    ]
    rare = [
        lambda: delete_ticket(session, ticket, admin),
        lambda: merge_tickets(session, ticket, chance.choice(opened[-12:]), admin),
    ]
    act = chance.choice(rare) if chance.random() < 0.04 else chance.choice(with_ticket)
    with session.begin_nested() as savepoint:
        try:
            act()
        except PlugdeskError:
            savepoint.rollback()
