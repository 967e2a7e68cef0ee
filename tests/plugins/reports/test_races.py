"""Two who look at one ticket at the same time keep what is true in the end."""

from __future__ import annotations

from threading import Event, Thread

import pytest
import sqlalchemy as sa

from plugdesk.tickets.commands import assign
from plugdesk.tickets.models import Ticket
from plugdesk_reports import keeping
from plugdesk_reports.models import TicketFacts


@pytest.fixture
def database(own_database):
    return own_database


def test_what_was_read_before_a_change_does_not_stand_over_what_was_kept_after_it(
    database, database_kind, live, enable, session, agent, run_jobs, runtime, monkeypatch
):
    if database_kind == "sqlite":
        pytest.skip("on SQLite nobody writes while somebody else does")
    enable("reports")
    live(2)
    run_jobs()
    kept = next(each for each in session.scalars(sa.select(TicketFacts)) if each.assignee_id != agent.id)
    number, zone, has_read, may_go_on = kept.ticket_id, "UTC", Event(), Event()
    kept.incoming = 99  # so that the slower one has something to mend
    session.commit()
    plain = keeping.facts_of

    def slowly(*given):
        found = plain(*given)
        has_read.set()
        assert may_go_on.wait(20)
        return found

    def look():
        with runtime.database.write() as other:
            keeping.keep(other, [number], zone)

    monkeypatch.setattr(keeping, "facts_of", slowly)
    slower = Thread(target=look)
    slower.start()
    assert has_read.wait(20)
    monkeypatch.setattr(keeping, "facts_of", plain)
    assign(session, session.get_one(Ticket, number), agent, assignee=agent)
    session.commit()
    later = Thread(target=look)
    later.start()
    later.join(0.5)
    may_go_on.set()
    slower.join(20)
    later.join(20)
    session.expire_all()
    assert session.get_one(TicketFacts, number).assignee_id == agent.id
