"""Rehearsing an edited rule over the last tickets: the difference before anything is saved, and nothing else."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.tickets.models import Ticket
from plugdesk_routing import replay
from plugdesk_routing.commands import RuleInput
from plugdesk_routing.models import Outcome, Replay, Rule
from tests.factories import make_customer, make_ticket

RULES = "/forms/support/x/routing/"
WHEN = {"when-0-join": "all", "when-row": "0.0", "when-0.0-fact": "ticket.words", "when-0.0-operator": "contains"}


@pytest.fixture
def tickets(session, form, admin):
    """Nine tickets, three of them about invoices."""
    ann = make_customer(session)
    return [make_ticket(session, form, ann, text="An invoice" if n % 3 == 0 else "It beeps") for n in range(9)]


@pytest.fixture
def page(client, admin):
    client.sign_in(admin)
    return client


def invoices(group):
    condition = {"all": [{"fact": "ticket.words", "contains": "invoice"}]}
    return RuleInput("Invoices", condition, {"group_id": group.id})


def stored(session):
    return {
        table.__name__: [repr(tuple(row)) for row in session.execute(sa.select(*table.__table__.columns).order_by(table.id))]
        for table in (Ticket, Rule, Outcome)
    }


def test_it_tells_which_tickets_would_go_elsewhere_and_changes_nothing(
    session, admin, routing, tickets, programmers, commerce, rule
):
    rule(name="All", group_id=programmers.id)
    session.flush()
    before = stored(session)
    done = replay.start(routing, invoices(commerce), row=None, most=100, by=admin)
    assert (done.state, done.total, done.done, done.elsewhere) == ("done", 9, 9, 0), "the rule for all stands before it"
    row = session.scalars(sa.select(Rule)).one()
    done = replay.start(routing, invoices(commerce), row=row, most=100, by=admin)
    assert (done.elsewhere, done.otherwise) == (9, 0)
    found = {each["number"]: (each["before"], each["after"]) for each in done.found}
    assert found[tickets[0].id] == (
        {"assignee_id": None, "group_id": programmers.id},
        {"assignee_id": None, "group_id": commerce.id},
    )
    assert found[tickets[1].id][1] == {}
    assert stored(session) == before


def test_other_values_are_counted_apart(session, admin, routing, tickets, programmers):
    condition = {"all": [{"fact": "ticket.words", "contains": "invoice"}]}
    done = replay.start(routing, RuleInput("Urgent", condition, {"values": {"priority": "high"}}), row=None, most=100, by=admin)
    assert (done.elsewhere, done.otherwise) == (0, 3)


def test_a_large_one_goes_on_in_the_background_and_reports(
    session, form, page, routing, tickets, commerce, run_jobs, monkeypatch
):
    monkeypatch.setattr(replay, "AT_ONCE", 5)
    monkeypatch.setattr(replay, "BATCH", 4)
    session.commit()
    typed = {"name": "Invoices", "group": str(commerce.id), "most": "500", "is_on": "1", **WHEN, "when-0.0-value": "invoice"}
    begun = page.post(RULES + "replays", data=typed)
    assert begun.status_code == 303
    waiting = page.get(begun.headers["Location"]).get_data(as_text=True)
    assert "every 1s" in waiting and 'max="9"' in waiting and "Save the rule" not in waiting
    run_jobs()
    shown = page.get(begun.headers["Location"]).get_data(as_text=True)
    assert "3 of 9 tickets would go elsewhere." in shown and "to Commercial department" in shown
    assert session.scalar(sa.select(sa.func.count()).select_from(Rule)) == 0


def test_what_was_rehearsed_is_saved_or_changed_further(session, page, routing, tickets, programmers, commerce, rule):
    made = rule(name="All", group_id=programmers.id)
    session.commit()
    typed = {
        "rule": str(made.id),
        "version": str(made.version),
        "name": "Invoices",
        "group": str(commerce.id),
        "most": "100",
        "is_on": "1",
    }
    place = page.post(RULES + "replays", data=typed).headers["Location"]
    number = place.rpartition("/")[2]
    further = page.get(f"{RULES}rules/{made.id}?replay={number}").get_data(as_text=True)
    assert "Invoices" in further
    assert page.post(f"{RULES}replays/{number}/saving", data={}).status_code == 303
    session.expire_all()
    assert session.scalars(sa.select(Rule.name)).all() == ["Invoices"]
    again = page.post(f"{RULES}replays/{number}/saving", data={})
    assert again.status_code == 409, "it was rehearsed against another state of the rule"


def test_it_can_be_stopped(session, admin, routing, tickets, commerce, monkeypatch, run_jobs):
    monkeypatch.setattr(replay, "AT_ONCE", 0)
    begun = replay.start(routing, invoices(commerce), row=None, most=100, by=admin)
    replay.stop(routing, begun)
    run_jobs()
    assert (session.get_one(Replay, begun.id).state, session.get_one(Replay, begun.id).done) == ("stopped", 0)


def test_rehearsals_are_cleared_away_after_some_days(session, admin, routing, tickets, commerce, clock, run_jobs):
    replay.start(routing, invoices(commerce), row=None, most=100, by=admin)
    clock.advance(days=3)
    run_jobs()
    assert session.scalar(sa.select(sa.func.count()).select_from(Replay)) == 0


def test_a_number_nobody_offered_is_refused(session, page, routing, commerce):
    session.commit()
    assert page.post(RULES + "replays", data={"group": str(commerce.id), "most": "999999"}).status_code == 422
