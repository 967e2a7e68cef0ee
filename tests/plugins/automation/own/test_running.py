"""Automations at work: at events, after a time, by the clock; in their order, within their limits, once for each time."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind, StatusKind
from plugdesk.jobs import Job
from plugdesk.setup import change_desk
from plugdesk.tags.commands import add_tag
from plugdesk.tags.models import TicketTag
from plugdesk.tickets.commands import become, set_fields
from plugdesk.tickets.correspondence import Said, receive_message
from plugdesk.tickets.models import Direction, Message, Ticket, Watcher
from plugdesk_automation.own.commands import OwnInput, change_automation, change_limits, pause, switch_automation
from plugdesk_automation.own.models import OwnRun
from plugdesk_automation.own.running import forget
from tests.factories import make_admin

WRITES = {"kind": "event", "events": ["message_received"]}
FIELDS = {"kind": "event", "events": ["fields_changed"]}


def about(subject):
    return {"all": [{"fact": "ticket.subject", "contains": subject}]}


def messages(session, ticket, *directions):
    query = sa.select(Message).where(Message.ticket_id == ticket.id, Message.direction.in_(directions))
    return session.scalars(query.order_by(Message.id)).all()


def test_what_it_does_is_done_in_order_and_stands_in_history(session, form, ctx, agent, boss, group, make, open_one, done):
    add_field(session, form, kind=FieldKind.TEXT, label="Order", by=None)
    add_tag(session, name="VIP", by=make_admin(session))
    session.commit()
    make(
        ("assign", {"to": f"person:{agent.id}"}),
        ("field:order", {"value": "A-1"}),
        ("tags_on", {"tags": ["vip"]}),
        ("watch", {"people": [str(boss.id)]}),
        ("note", {"text": "From ${automation:name}: ${ticket:subject}"}),
        ("subtask", {"to": f"group:{group.id}", "subject": "Look at it", "text": "Please."}),
        ("status", {"status": "in_progress"}),
        condition=about("till"),
        name="Tills",
    )
    other = open_one("Another thing")
    ticket = open_one("The till beeps")
    assert done(other) == [] and done(ticket) == [("Tills", "")]
    assert (ticket.assignee_id, ticket.values["order"], ticket.status.code) == (agent.id, "A-1", "in_progress")
    assert session.scalar(sa.select(sa.func.count()).select_from(TicketTag).where(TicketTag.ticket_id == ticket.id)) == 1
    assert session.get(Watcher, (ticket.id, boss.id)) is not None
    assert messages(session, ticket, Direction.NOTE)[0].text == "From Tills: The till beeps"
    assert session.scalars(sa.select(Ticket).where(Ticket.parent_id == ticket.id)).one().subject == "Look at it"


def test_the_customer_is_written_to_but_no_program_is(session, ctx, make, open_one, done):
    make(("customer", {"text": "Thank you, ${customer:name}."}), name="Thanks")
    ticket, alarm = open_one(), open_one("Disk full", kind="auto-reply")
    (letter,) = [each for each in messages(session, ticket, Direction.OUTGOING) if each.reason == "Thanks"]
    assert letter.text.startswith("Thank you, ") and "$" not in letter.text
    assert not [each for each in messages(session, alarm, Direction.OUTGOING) if each.reason == "Thanks"]
    ((_name, problem),) = done(alarm)
    assert "written by a program" in problem


def test_one_thing_that_fails_does_not_hold_up_the_others(session, form, ctx, agent, make, open_one, done):
    make(("assign", {"to": f"person:{agent.id}"}), ("note", {"text": "Seen"}), name="Both")
    agent.active = False
    session.commit()
    ticket = open_one()
    ((_name, problem),) = done(ticket)
    assert "does not work on this form" in problem and messages(session, ticket, Direction.NOTE)[0].text == "Seen"


def test_what_stops_is_the_last_one_asked(session, ctx, make, open_one, done):
    make(("note", {"text": "1"}), condition=about("till"), stops=True, name="First")
    make(("note", {"text": "2"}), name="Second")
    assert done(open_one("The till")) == [("First", "")]
    assert done(open_one("Another")) == [("Second", "")]


@pytest.fixture
def turns(session, form, make, open_one, run_jobs):
    """`turns("ab", "ba")`: an automation each that turns the first letter into the second; the ticket, once its turn is "a"."""

    def turns(*pairs):
        add_field(session, form, kind=FieldKind.TEXT, label="Turn", by=None)
        session.commit()
        for before, after in pairs:
            condition = {"all": [{"fact": "field.turn", "is": before}]}
            make(("field:turn", {"value": after}), starts=FIELDS, condition=condition, name=before + after)
        ticket = open_one()
        set_fields(session, ticket, {"turn": "a"}, by=make_admin(session))
        session.commit()
        run_jobs()
        session.expire_all()
        return ticket

    return turns


@pytest.mark.parametrize("pairs", [("ab", "ba"), ("ba", "ab"), ("ab", "bc", "ca")])
def test_those_that_feed_each_other_act_once_each(turns, done, pairs):
    assert sorted(done(turns(*pairs))) == sorted((each, "") for each in pairs)


def test_a_chain_ends_at_its_limit_and_says_so(turns, done):
    ticket = turns("ef", "de", "cd", "bc", "ab")
    *acted, (name, problem) = done(ticket)
    assert acted == [("ab", ""), ("bc", ""), ("cd", ""), ("de", "")] and ticket.values["turn"] == "e"
    assert name == "ef" and problem.startswith("4 automations had followed from one another.")


def test_letters_end_at_the_limit_of_the_hour_and_go_on_after_it(session, ctx, make, open_one, done, clock):
    make(("customer", {"text": "Thank you."}), ("note", {"text": "Seen"}), name="Thanks")
    change_limits(ctx, {"letters": "1", "changes": "5", "depth": "3"}, by=None)
    session.commit()
    first, second = open_one(), open_one()
    assert done(first) == [("Thanks", "")] and "limit of 1 an hour" in done(second)[0][1]
    assert messages(session, second, Direction.NOTE), "the rest is done"
    clock.advance(timedelta(minutes=61))
    assert done(open_one()) == [("Thanks", "")]


def test_all_are_paused_and_nothing_is_made_up_for(session, ctx, make, open_one, done):
    make(("note", {"text": "Seen"}))
    pause(ctx, on=False, by=None)
    session.commit()
    ticket = open_one()
    pause(ctx, on=True, by=None)
    session.commit()
    assert done(ticket) == [] and len(done(open_one())) == 1


def test_after_a_time_once_for_each_time(session, ctx, make, open_one, done, later, run_jobs):
    silent = {"kind": "time", "since": "said", "amount": 2, "unit": "hours", "in_hours": False}
    make(
        ("note", {"text": "Still there?"}),
        starts=silent,
        condition={"all": [{"fact": "ticket.waits", "is": True}]},
        name="Silent",
    )
    ticket = open_one()
    later(minutes=118)
    assert done(ticket) == []
    later(minutes=1)
    assert len(done(ticket)) == 1
    later(days=1)
    assert len(done(ticket)) == 1
    receive_message(session, ticket, ticket.customer, said=Said(text="Well?"), channel="email")
    session.commit()
    run_jobs()
    later(hours=2)
    assert len(done(ticket)) == 2


def test_what_did_not_hold_in_time_is_asked_again_when_something_happens(
    session, form, ctx, make, open_one, done, later, run_jobs
):
    add_field(session, form, kind=FieldKind.CHECK, label="Urgent", by=None)
    session.commit()
    opened = {"kind": "time", "since": "opened", "amount": 1, "unit": "hours", "in_hours": False}
    make(("note", {"text": "Hurry"}), starts=opened, condition={"all": [{"fact": "field.urgent", "is": True}]})
    ticket = open_one()
    later(hours=3)
    assert done(ticket) == []
    set_fields(session, ticket, {"urgent": "yes"}, by=make_admin(session))
    session.commit()
    run_jobs()
    assert len(done(ticket)) == 1


def test_time_in_a_status_counts_from_the_status(session, ctx, make, open_one, done, later, run_jobs):
    status = {"kind": "time", "since": "status", "amount": 1, "unit": "hours", "in_hours": False}
    make(("note", {"text": "Long"}), starts=status, condition={"all": [{"fact": "ticket.status", "is": "in_progress"}]})
    ticket = open_one()
    later(minutes=50)
    become(session, ticket, StatusKind.OPEN, by=make_admin(session))
    session.commit()
    run_jobs()
    later(minutes=50)
    assert done(ticket) == []
    later(minutes=10)
    assert len(done(ticket)) == 1


def test_by_the_clock_all_open_tickets_are_asked_within_the_limit(session, ctx, make, open_one, done, later):
    tickets = [open_one() for _number in range(3)]
    become(session, tickets[0], StatusKind.CLOSED, by=None)
    change_limits(ctx, {"letters": "1", "changes": "1", "depth": "3"}, by=None)
    make(("note", {"text": "Daily"}), starts={"kind": "schedule", "every": "day", "hour": 12, "weekday": 0, "day": 1})
    later(hours=3)
    assert [len(done(each)) for each in tickets] == [0, 1, 0], "one a run, and none that is closed"
    change_limits(ctx, {"letters": "1", "changes": "10", "depth": "3"}, by=None)
    later(days=3)
    assert [len(done(each)) for each in tickets] == [0, 2, 1], "once after three days of rest"


def test_another_zone_of_the_desk_moves_what_runs_by_the_clock(session, runtime, ctx, make, open_one, done, later, run_jobs):
    ticket, desk = open_one(), runtime.desk(session)
    make(("note", {"text": "Daily"}), starts={"kind": "schedule", "every": "day", "hour": 20, "weekday": 0, "day": 1})
    change_desk(session, desk, name=desk.name, language=desk.language, zone="Asia/Tokyo", by=make_admin(session))
    run_jobs()
    later(hours=2, minutes=10)  # ten past eight in the evening in Tokyo
    assert len(done(ticket)) == 1


def test_an_automation_that_is_off_or_cannot_be_asked_does_nothing(session, form, ctx, make, open_one, done):
    add_field(session, form, kind=FieldKind.TEXT, label="Order", by=None)
    session.commit()
    row = make(("note", {"text": "Seen"}))
    lost = make(("note", {"text": "Seen"}), condition={"all": [{"fact": "field.order", "empty": True}]})
    switch_automation(ctx, row, on=False, by=None)
    lost.condition = {"all": [{"fact": "field.gone", "empty": True}]}
    session.commit()
    assert done(open_one()) == []


def test_a_webhook_is_a_job_with_the_ticket_in_it(session, ctx, make, open_one):
    make(("webhook", {"url": "https://hooks.example/in"}), name="Tell")
    ticket = open_one()
    (job,) = session.scalars(sa.select(Job).where(Job.kind == "automation:call"))
    told = json.loads(job.args["body"])
    assert told["ticket"]["number"] == ticket.number and told["automation"] == "Tell"


def test_a_change_of_when_begins_anew_and_a_change_of_words_does_not(session, ctx, make, clock):
    row = make(("note", {"text": "Seen"}))
    before = row.since
    clock.advance(timedelta(hours=1))
    kept = {"starts": row.starts, "does": row.does, "is_on": True}
    change_automation(ctx, row, OwnInput("Another name", **kept), by=None, version=row.version)
    assert row.since == before
    session.commit()
    change_automation(ctx, row, OwnInput("Another name", **{**kept, "starts": WRITES}), by=None, version=row.version)
    assert row.since > before


def test_what_was_done_long_ago_is_forgotten_on_closed_tickets(session, ctx, make, open_one, clock):
    make(("note", {"text": "Seen"}))
    first, second = open_one(), open_one()
    become(session, first, StatusKind.CLOSED, by=None)
    session.commit()
    clock.advance(timedelta(days=200))
    forget(ctx)
    assert session.scalars(sa.select(OwnRun.ticket_id)).all() == [second.id]


@pytest.mark.parametrize("kind", ["merged", "subtask", "bin"])
def test_tickets_that_are_not_worked_on_are_left_alone(session, ctx, agent, make, open_one, done, run_jobs, kind):
    make(("note", {"text": "Seen"}), starts=WRITES)
    ticket, other = open_one(), open_one()
    column = {"merged": "merged_into_id", "subtask": "parent_id", "bin": "deleted_at"}[kind]
    setattr(ticket, column, ctx.now if kind == "bin" else other.id)
    session.commit()
    receive_message(session, ticket, ticket.customer, said=Said(text="And?"), channel="email")
    session.commit()
    run_jobs()
    assert done(ticket) == []
