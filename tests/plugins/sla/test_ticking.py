"""What is told of clocks: warnings, breaches, to whom, once, and in one letter, whatever crashes and wherever the clock is put."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.plugins.switch import disable_plugin
from plugdesk.tickets.commands import assign
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk_sla import ticking
from plugdesk_sla.models import Clock, News
from tests.factories import make_agent, make_group


@pytest.fixture
def boss(session, form):
    return make_agent(session, form, name="Bea Boss", email="bea@desk.example")


@pytest.fixture
def group(session, agent, boss, form):
    other = make_agent(session, form, name="Otto Other", email="otto@desk.example")
    return make_group(session, agent, other, name="Technicians", supervisor=boss)


@pytest.fixture
def letters(monkeypatch):
    """The letters to people, as address, subject and the words of the letter."""
    sent = []

    def keep(session, form, *, to, subject, html):
        sent.append((to, subject, html))
        return True

    monkeypatch.setattr(ticking, "send_letter", keep)
    return sent


@pytest.fixture
def tick(session, runtime, run_jobs, letters):
    """`tick()`: the timer runs, and what it has to tell is told. Returns how many clocks were due."""

    def tick():
        session.commit()
        ctx = runtime.context("sla", runtime.desk(session), session, kind="job")
        ctx.checkpoint = session.commit
        done = ticking.tick(ctx)
        session.commit()
        run_jobs()
        session.expire_all()
        return done

    return tick


def kinds(session, ticket):
    told = sa.select(Event.kind).where(Event.ticket_id == ticket.id, Event.kind.like("sla_%")).order_by(Event.id)
    return list(session.scalars(told))


def test_a_warning_before_and_a_breach_after_are_told_once(office, session, promise, ask, agent, later, tick, letters):
    promise(first="1 hours")
    ticket = ask()
    assign(session, ticket, None, assignee=agent)
    assert tick() == 0
    later(minutes=48)
    assert [tick(), tick()] == [1, 0]
    assert [(to, subject) for to, subject, _html in letters] == [(agent.email, "1 deadline is close")]
    later(minutes=12)
    assert [tick(), tick()] == [1, 0]
    assert letters[1][:2] == (agent.email, "1 missed deadline")
    assert f"#{ticket.number} The till beeps: First response" in letters[1][2]
    assert kinds(session, ticket) == ["sla_warned", "sla_breached"]
    assert session.scalars(sa.select(News)).all() == []


@pytest.mark.parametrize(
    ("told", "assigned", "to"),
    [
        (["assignee"], True, {"agent"}),
        (["assignee"], False, {"agent", "otto"}),
        (["group"], True, {"agent", "otto"}),
        (["supervisor"], True, {"bea"}),
        (["assignee", "supervisor"], True, {"agent", "bea"}),
        ([], True, set()),
    ],
)
def test_it_is_told_to_whom_the_policy_says(
    office, session, promise, ask, agent, boss, group, later, tick, letters, told, assigned, to
):
    promise(first="1 hours", told=told, warn_percent=None)
    ticket = ask()
    assign(session, ticket, None, assignee=agent if assigned else None, group=group)
    later(hours=2)
    assert tick() == 1
    names = {agent.email: "agent", "otto@desk.example": "otto", "bea@desk.example": "bea"}
    assert {names[address] for address, _subject, _html in letters} == to
    assert kinds(session, ticket) == ["sla_breached"]


def test_the_supervisor_of_an_assignee_without_a_group_is_the_one_of_theirs(
    office, session, promise, ask, agent, boss, group, later, tick, letters
):
    promise(first="1 hours", told=["supervisor"])
    assign(session, ask(), None, assignee=agent)
    later(hours=2)
    tick()
    assert [address for address, _subject, _html in letters] == [boss.email]


def test_after_a_day_without_a_worker_each_person_gets_one_letter(
    office, session, promise, ask, agent, later, tick, letters, monkeypatch
):
    monkeypatch.setattr(ticking, "BATCH", 10)
    promise(first="1 hours", resolution="2 hours")
    for _number in range(25):
        assign(session, ask(), None, assignee=agent)
    later(days=1)
    assert tick() == 50
    assert [subject for _to, subject, _html in letters] == ["50 missed deadlines"]
    assert "and 10 more" in letters[0][2]
    assert tick() == 0


def test_a_worker_that_dies_between_two_batches_loses_and_doubles_nothing(
    office, session, promise, ask, agent, later, tick, letters, monkeypatch
):
    promise(first="1 hours")
    for _number in range(4):
        assign(session, ask(), None, assignee=agent)
    later(hours=3)
    monkeypatch.setattr(ticking, "BATCH", 2)
    original, calls = ticking._tell_of, []

    def die(ctx, due):
        original(ctx, due)
        calls.append(due)
        if len(calls) == 2:
            raise RuntimeError("killed")

    monkeypatch.setattr(ticking, "_tell_of", die)
    with pytest.raises(RuntimeError):
        tick()
    session.rollback()
    monkeypatch.setattr(ticking, "_tell_of", original)
    assert tick() == 2
    assert [subject for _to, subject, _html in letters] == ["4 missed deadlines"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.kind == "sla_breached")) == 4


def test_what_was_answered_in_time_or_late_is_told_no_more(office, session, promise, ask, agent, later, tick, letters):
    promise(first="1 hours")
    in_time, late = ask(), ask()
    for each in (in_time, late):
        assign(session, each, None, assignee=agent)
    reply_to_ticket(session, in_time, agent, body="<p>Here</p>")
    later(hours=2)
    reply_to_ticket(session, late, agent, body="<p>Here</p>")
    assert tick() == 0
    assert letters == []
    found = {each.ticket_id: each.breached_at is not None for each in session.scalars(sa.select(Clock))}
    assert found == {in_time.id: False, late.id: True}


def test_a_clock_put_forward_tells_once_and_put_back_tells_nothing_again(
    office, session, promise, ask, agent, clock, later, tick, letters
):
    promise(first="1 hours")
    assign(session, ask(), None, assignee=agent)
    later(days=30)
    assert tick() == 1
    clock.set(clock.now() - timedelta(days=30))
    assert tick() == 0
    later(hours=2)
    assert tick() == 0
    assert len(letters) == 1


def test_an_agent_who_may_not_see_the_ticket_is_not_told_of_it(office, session, promise, ask, agent, later, tick, letters, form):
    from plugdesk.users.commands import remove_form_agent

    promise(first="1 hours")
    assign(session, ask(), None, assignee=agent)
    remove_form_agent(session, form, agent, by=None)
    later(hours=2)
    tick()
    assert letters == []


def test_where_the_extension_is_off_nothing_is_told(office, session, promise, ask, agent, later, tick, letters, form):
    promise(first="1 hours")
    ticket = ask()
    assign(session, ticket, None, assignee=agent)
    disable_plugin(session, form, "sla", None)
    later(hours=2)
    tick()
    assert kinds(session, ticket) == []
    assert letters == []
