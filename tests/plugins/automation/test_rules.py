"""The rules at work on a moving clock: when each acts, on what, how often, and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.forms.commands import set_hours
from plugdesk.hours.commands import add_business_hours
from plugdesk.plugins.switch import disable_plugin, enable_plugin
from plugdesk.tickets.bin import delete_ticket, restore_ticket
from plugdesk.tickets.commands import accept, assign, change_status
from plugdesk.tickets.correspondence import Said, receive_message, reply_to_ticket
from plugdesk.tickets.merging import merge_tickets
from plugdesk_automation.commands import switch_rules
from plugdesk_automation.models import News, Rule, Run
from plugdesk_automation.running import KEPT, forget
from tests.factories import make_agent


def runs(session):
    return [(each.code, each.ticket_id) for each in session.scalars(sa.select(Run).order_by(Run.id))]


def test_nobody_accepted_it_and_the_supervisor_is_told_once(ctx, ask, boss, later, letters, history):
    ticket = ask()
    later(minutes=28)
    assert letters == []
    later(minutes=1)
    assert [(to, subject) for to, subject, _html in letters] == [(boss.email, "1 ticket needs you")]
    assert f"#{ticket.number} The till beeps: 30 minutes of working time" in letters[0][2]
    assert "Nobody has accepted it:" in letters[0][2]
    later(days=3)
    assert len(letters) == 1 and history(ticket) == ["unaccepted"]


def test_the_person_chosen_is_told_instead_as_long_as_they_work_here(session, form, ctx, ask, boss, later, letters):
    dana = make_agent(session, form, name="Dana Duty", email="dana@desk.example")
    session.execute(sa.update(Rule).values(person_id=dana.id).where(Rule.code == "unaccepted"))
    ask()
    later(minutes=30)
    assert [to for to, _subject, _html in letters] == ["dana@desk.example"]
    dana.active = False
    ask()
    later(minutes=30)
    assert [to for to, _subject, _html in letters] == ["dana@desk.example", boss.email]


def test_what_was_accepted_before_the_letter_left_is_not_told(session, ctx, ask, agent, clock, run_jobs, letters):
    ticket = ask()
    clock.advance(timedelta(minutes=30))
    run_jobs()
    assert session.scalar(sa.select(sa.func.count()).select_from(News)) == 1
    accept(session, ticket, agent)
    session.commit()
    clock.advance(timedelta(minutes=1))
    run_jobs()
    assert letters == [] and session.scalar(sa.select(sa.func.count()).select_from(News)) == 0


def test_accepted_without_an_answer_it_is_anyones_again(session, ctx, ask, agent, boss, group, later, letters, history):
    ticket = ask()
    accept(session, ticket, agent)
    later(minutes=13)
    assert ticket.assignee_id == agent.id
    later(minutes=1)
    assert (ticket.assignee_id, ticket.group_id, history(ticket)) == (None, group.id, ["unanswered"])
    later(minutes=30)
    assert history(ticket) == ["unanswered", "unaccepted"], "nobody has it: the time of that begins anew"
    accept(session, ticket, agent)
    later(minutes=15)
    assert history(ticket) == ["unanswered", "unaccepted", "unanswered"], "each acceptance counts for itself"


def test_whoever_answered_keeps_it(session, ctx, ask, agent, later, history):
    ticket = ask()
    accept(session, ticket, agent)
    later(minutes=10)
    reply_to_ticket(session, ticket, agent, body="<p>I look into it.</p>")
    later(minutes=10)
    receive_message(session, ticket, ticket.customer, said=Said(text="And?"), channel="email")
    later(minutes=20)
    assert ticket.assignee_id == agent.id and history(ticket) == []


def test_whom_a_ticket_was_given_keeps_it_until_they_accept(session, ctx, ask, agent, boss, only, later, history):
    only("unanswered")
    ticket = ask()
    assign(session, ticket, boss, assignee=agent, group=ticket.group)
    later(hours=5)
    assert ticket.assignee_id == agent.id and history(ticket) == []


def test_at_work_for_long_its_agent_is_told_and_then_the_supervisor(session, ctx, ask, agent, boss, later, letters, history):
    ticket = ask()
    accept(session, ticket, agent)
    reply_to_ticket(session, ticket, agent, body="<p>I look into it.</p>", status=ticket.form.status("in_progress"))
    later(minutes=120)
    assert [to for to, _subject, _html in letters] == [agent.email]
    later(minutes=59)
    assert [to for to, _subject, _html in letters] == [agent.email, boss.email]
    assert history(ticket) == ["in_progress", "too_long"]


def test_the_customers_words_begin_the_time_at_work_anew(session, ctx, ask, agent, only, later, letters):
    only("in_progress")
    ticket = ask()
    accept(session, ticket, agent)
    later(minutes=100)
    reply_to_ticket(session, ticket, agent, body="<p>Which till?</p>")
    later(hours=5)
    assert letters == [], "it waits for the customer"
    receive_message(session, ticket, ticket.customer, said=Said(text="The left one"), channel="email")
    later(minutes=100)
    assert letters == []
    later(minutes=20)
    assert [to for to, _subject, _html in letters] == [agent.email]


def test_done_and_forgotten_is_closed_after_days_of_the_calendar(session, form, ctx, ask, agent, later, history):
    ticket = ask()
    accept(session, ticket, agent)
    reply_to_ticket(session, ticket, agent, body="<p>It is repaired.</p>", status=form.status("done"))
    later(days=2, hours=23)
    assert str(ticket.status_kind) == "resolved"
    later(hours=1)
    assert (str(ticket.status_kind), history(ticket)) == ("closed", ["forgotten"])


def test_without_a_closed_status_it_waits_until_there_is_one(session, form, ctx, ask, only, later, history):
    from plugdesk.forms.status_commands import add_status, delete_status

    only("forgotten")
    ticket = ask()
    change_status(session, ticket, form.status("done"), by=None)
    session.commit()
    delete_status(session, form, form.status("closed"), by=None)
    later(days=4)
    assert (str(ticket.status_kind), history(ticket)) == ("resolved", [])
    add_status(session, form, name="Over", kind="closed", by=None)
    later(days=1)
    assert (ticket.status.name, history(ticket)) == ("Over", ["forgotten"])


def test_working_time_is_that_of_the_form(session, form, ctx, ask, boss, later, letters, clock):
    hours = add_business_hours(session, {"name": "Office", "day-0": "9:00–10:00", "day-1": "9:00–18:00"}, by=None)
    set_hours(session, form, hours, by=None)
    later(minutes=44)  # 9:45, and a minute for the letters
    ask()
    later(hours=12)
    assert letters == []
    later(hours=11, minutes=29)  # 9:16 on Tuesday
    assert [to for to, _subject, _html in letters] == [boss.email]


def test_other_hours_set_the_timers_anew(session, form, ctx, ask, later, letters, run_jobs):
    hours = add_business_hours(session, {"name": "Tuesdays", "day-1": "9:00–18:00"}, by=None)
    set_hours(session, form, hours, by=None)
    run_jobs()
    ask()
    later(hours=4)
    assert letters == []
    set_hours(session, form, None, by=None)
    later(minutes=1)
    assert len(letters) == 1


def test_a_worker_that_was_down_for_a_day_tells_everything_in_one_letter(session, ctx, ask, boss, clock, run_jobs, letters):
    tickets = [ask() for _number in range(5)]
    clock.advance(timedelta(days=1))
    run_jobs()
    clock.advance(timedelta(minutes=1))
    run_jobs()
    assert [(to, subject) for to, subject, _html in letters] == [(boss.email, "5 tickets need you")]
    assert len(runs(session)) == len(tickets)


def test_what_is_in_the_bin_or_merged_away_is_left_alone(session, ctx, ask, agent, admin, later, letters, history):
    gone, merged, into = ask(), ask(), ask()
    accept(session, into, agent)
    reply_to_ticket(session, into, agent, body="<p>Yes.</p>")
    delete_ticket(session, gone, admin)
    merge_tickets(session, merged, into, by=admin)
    later(hours=1)
    assert letters == [] and history(gone) == history(merged) == []
    restore_ticket(session, gone, admin)
    later(minutes=1)
    assert len(letters) == 1 and history(gone) == ["unaccepted"]


def test_all_of_them_off_with_one_switch_and_nothing_is_caught_up(session, ctx, ask, later, letters, history):
    switch_rules(ctx, on=False, by=None)
    session.commit()
    ticket = ask()
    later(days=1)
    assert letters == []
    switch_rules(ctx, on=True, by=None)
    later(minutes=28)
    assert letters == [], "the time counts from the switch on"
    later(minutes=2)
    assert len(letters) == 1 and history(ticket) == ["unaccepted"]


def test_while_the_extension_is_off_nothing_happens_and_nothing_is_caught_up(session, form, ctx, ask, later, letters):
    ask()
    disable_plugin(session, form, "automation", None)
    later(days=1)
    assert letters == []
    enable_plugin(session, form, "automation", None)
    later(minutes=27)
    assert letters == []
    later(minutes=3)
    assert len(letters) == 1


def test_tickets_that_were_there_before_wait_from_the_switch_on(session, form, group, enable, run_jobs, later, letters, ask):
    ask()
    later(days=2)
    enable("automation")
    later(minutes=28)
    assert letters == []
    later(minutes=2)
    assert len(letters) == 1


def test_without_a_supervisor_the_forms_admins_are_told(session, form, ctx, ask, group, later, letters):
    head = make_agent(session, form, name="Hedda Head", email="hedda@desk.example", is_admin=True)
    group.supervisor = None
    ask()
    later(minutes=30)
    assert [to for to, _subject, _html in letters] == [head.email]


def test_when_there_is_nobody_to_tell_the_ticket_says_so(session, ctx, ask, group, later, letters, history):
    group.supervisor = None
    ticket = ask()
    later(minutes=30)
    assert letters == [] and history(ticket) == ["failed"]


def test_a_ticket_on_another_form_is_nothing_to_these_rules(session, form, other_form, ctx, ask, admin, later, letters):
    from plugdesk.tickets.moving import move_ticket

    ticket = ask()
    move_ticket(session, ticket, other_form, by=admin)
    later(hours=1)
    assert letters == []


@pytest.mark.parametrize(("status", "left"), [("in_progress", 1), ("closed", 0)])
def test_what_was_done_long_ago_is_forgotten_on_closed_tickets(session, form, ctx, ask, clock, later, status, left):
    ticket = ask()
    later(minutes=30)
    change_status(session, ticket, form.status(status), by=None)
    session.commit()
    clock.advance(KEPT + timedelta(days=1))
    forget(ctx)
    assert len([each for each in runs(session) if each[0] == "unaccepted"]) == left
