"""Whose supervisor stands above a ticket: that of its group, else of a group of its assignee, if they work on its form."""

from __future__ import annotations

import pytest

from plugdesk.tickets.commands import assign
from plugdesk.users.supervisors import supervisors_of
from tests.factories import make_agent, make_group, make_ticket
from tests.support.queries import queries


@pytest.fixture
def above(session, form, ticket):
    """`above(assignee=…, group=…)` gives the ticket to them; the supervisor of it then, or None."""

    def above(**to):
        assign(session, ticket, None, **to)
        return supervisors_of(session, [ticket]).get(ticket.id)

    return above


def test_it_is_the_one_of_the_tickets_group(session, form, agent, above):
    boss, other = make_agent(session, form), make_agent(session, form)
    make_group(session, agent, name="A", supervisor=other)
    group = make_group(session, agent, name="B", supervisor=boss)
    assert above(group=group) == boss
    assert above(group=group, assignee=agent) == boss


def test_where_a_person_has_the_ticket_it_is_the_one_of_the_first_of_their_groups_that_has_one(session, form, agent, above):
    boss, other = make_agent(session, form), make_agent(session, form)
    make_group(session, agent, name="A")
    make_group(session, agent, name="C", supervisor=other)
    make_group(session, agent, name="B", supervisor=boss)
    assert above(assignee=agent) == boss


def test_where_the_tickets_group_has_none_it_is_that_of_the_assignees(session, form, agent, above):
    boss = make_agent(session, form)
    make_group(session, agent, name="A", supervisor=boss)
    assert above(assignee=agent, group=make_group(session, agent, name="B")) == boss


def test_who_does_not_work_on_the_form_or_not_any_more_is_passed_over(session, form, agent, above):
    stranger, gone, boss = make_agent(session), make_agent(session, form), make_agent(session, form)
    gone.active = False
    for name, supervisor in (("A", stranger), ("B", gone)):
        make_group(session, agent, name=name, supervisor=supervisor)
    assert above(assignee=agent) is None
    make_group(session, agent, name="C", supervisor=boss)
    assert above(assignee=agent) == boss


def test_a_ticket_that_nobody_has_has_none(above):
    assert above() is None


def test_many_tickets_are_asked_about_at_once(session, form, agent):
    boss = make_agent(session, form)
    group, tickets = make_group(session, agent, supervisor=boss), [make_ticket(session, form) for _number in range(8)]
    for number, each in enumerate(tickets):
        assign(session, each, None, assignee=agent, group=group if number % 2 else None)
    session.flush()
    with queries() as asked:
        assert set(supervisors_of(session, tickets).values()) == {boss}
    assert len(asked) <= 3
