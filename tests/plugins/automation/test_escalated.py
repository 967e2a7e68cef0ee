"""What stands as a rule told of it: found by a word, first on the supervisor's page, gone once somebody has done something."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.plugins.switch import disable_plugin
from plugdesk.tickets.commands import accept, change_status
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import Ticket
from plugdesk_automation.facts import search


@pytest.fixture
def escalated(ctx, session, boss):
    """`escalated()` are the numbers of the tickets that stand so."""

    def escalated(value: str = "any") -> list[int]:
        session.commit()
        return list(session.scalars(sa.select(Ticket.id).where(search(ctx, boss, value))))

    return escalated


def test_what_nobody_has_accepted_is_escalated_until_somebody_does(ctx, ask, later, session, agent, escalated):
    ticket = ask()
    assert (escalated(), escalated("none")) == ([], [ticket.id])
    later(minutes=31)
    assert (escalated(), escalated("none")) == ([ticket.id], [])
    accept(session, ticket, agent)
    assert escalated() == []


def test_what_happens_to_another_ticket_changes_nothing(ctx, ask, later, session, agent, escalated):
    ticket, other = ask(), ask()
    later(minutes=31)
    accept(session, other, agent)
    assert (escalated(), escalated("none")) == ([ticket.id], [other.id])


def test_what_is_at_work_for_long_is_escalated_until_its_status_changes(ctx, ask, later, session, agent, form, escalated):
    ticket = ask()
    accept(session, ticket, agent)
    change_status(session, ticket, form.status("in_progress"), by=agent)
    reply_to_ticket(session, ticket, agent, body="<p>I look at it.</p>", status=form.status("in_progress"))
    later(minutes=5)
    assert escalated() == []
    later(hours=2)
    assert escalated() == [ticket.id]
    change_status(session, ticket, form.status("waiting"), by=agent)
    assert escalated() == []


def test_a_word_that_means_nothing_is_said_to(ctx, boss):
    assert search(ctx, boss, "perhaps") is None


def test_it_stands_first_on_the_supervisors_page_and_not_where_the_extension_is_off(ctx, ask, later, session, client, boss, form):
    ask()
    later(minutes=31)
    session.commit()
    client.sign_in(boss)
    shown = client.get("/load").get_data(as_text=True)
    assert shown.index("Escalated") < shown.index("Nobody has accepted them")
    assert "The till beeps" in client.get("/search?q=escalated:any").get_data(as_text=True)
    disable_plugin(session, form, "automation", None)
    session.commit()
    assert "Escalated" not in client.get("/load").get_data(as_text=True)
