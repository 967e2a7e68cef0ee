"""The clocks of a ticket: which are promised, and how they run, stand still and end with what happens to it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.events import Event, record_each
from plugdesk.forms.commands import add_field, create_form
from plugdesk.forms.models import FieldKind, StatusKind
from plugdesk.hours.commands import add_business_hours, change_business_hours
from plugdesk.hours.entering import hours_typed
from plugdesk.plugins.switch import enable_plugin
from plugdesk.tickets.bin import delete_ticket, restore_ticket
from plugdesk.tickets.commands import become, set_fields
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.editing import withdraw_reply
from plugdesk.tickets.merging import merge_tickets, unmerge_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.moving import move_ticket
from plugdesk_contracts.commands import ContractInput, TermsInput, add_contract, change_contract, set_terms
from plugdesk_contracts.handing import choose_contract
from plugdesk_contracts.members import add_member
from plugdesk_sla import following
from plugdesk_sla.commands import remove_policy
from plugdesk_sla.facts import search
from plugdesk_sla.models import Clock, Promise
from tests.factories import make_admin

HIGH = {"fact": "field.level", "is": "high"}


def at(moment):
    return moment.strftime("%a %H:%M")


def test_the_first_policy_that_holds_promises(office, promise, ask, promised, clocks):
    promise("Urgent", when=HIGH, first="30 minutes", resolution="4 hours")
    promise("Usual", first="2 hours", resolution="2 days")
    urgent, usual = ask(level="high"), ask(level="low")
    assert promised(urgent).why["policy"] == "Urgent"
    assert [at(clocks(urgent)[sort].due_at) for sort in ("first", "resolution")] == ["Mon 09:30", "Mon 13:00"]
    assert [at(clocks(usual)[sort].due_at) for sort in ("first", "resolution")] == ["Mon 11:00", "Tue 18:00"]
    assert (at(promised(usual).due_at), promised(usual).due_sort, promised(usual).state) == ("Mon 11:00", "first", "running")


def test_a_ticket_for_which_no_policy_holds_has_no_promise(office, promise, ask, promised):
    promise(when=HIGH, first="1 hours")
    assert promised(ask(level="low")) is None


def test_clocks_stand_still_while_the_customer_is_waited_for(
    office, session, promise, ask, agent, later, write, clocks, promised
):
    promise(resolution="4 hours")
    ticket = ask()
    later(hours=1)
    reply_to_ticket(session, ticket, agent, body="<p>Which till?</p>")
    later(hours=5)
    still = clocks(ticket)["resolution"]
    assert (still.due_at, still.left, promised(ticket).state, promised(ticket).due_at) == (None, 3 * 3600, "paused", None)
    write(ticket)
    assert at(clocks(ticket)["resolution"].due_at) == "Mon 18:00"
    assert promised(ticket).state == "running"


def test_an_answer_ends_the_first_response_and_the_customer_s_word_begins_the_next(
    office, session, promise, ask, agent, later, write, clocks
):
    promise(first="1 hours", next="2 hours")
    ticket = ask()
    later(minutes=20)
    reply_to_ticket(session, ticket, agent, body="<p>Which till?</p>")
    assert at(clocks(ticket)["first"].ended_at) == "Mon 09:20"
    assert "next" not in clocks(ticket)
    later(hours=1)
    write(ticket)
    later(minutes=10)
    write(ticket)
    assert at(clocks(ticket)["next"].due_at) == "Mon 12:20"
    reply_to_ticket(session, ticket, agent, body="<p>Thank you.</p>")
    assert clocks(ticket)["next"].ended_at is not None
    assert session.scalar(sa.select(sa.func.count()).select_from(Clock)) == 2


def test_an_answer_that_is_taken_back_was_none(office, session, promise, ask, agent, later, clocks, form):
    promise(first="1 hours")
    enable_plugin(session, form, "email", None)
    ticket = ask()
    reply = reply_to_ticket(session, ticket, agent, body="<p>Oops</p>")
    later(minutes=1)
    withdraw_reply(session, reply, agent)
    assert clocks(ticket)["first"].ended_at is None
    assert at(clocks(ticket)["first"].due_at) == "Mon 10:00"


def test_closing_ends_every_clock_and_reopening_goes_on_with_the_solution(office, session, promise, ask, later, clocks, promised):
    promise(first="1 hours", resolution="4 hours")
    ticket = ask()
    later(hours=1, minutes=30)
    become(session, ticket, StatusKind.RESOLVED, by=None)
    first, solved = clocks(ticket)["first"], clocks(ticket)["resolution"]
    assert at(first.breached_at) == "Mon 10:00"
    assert solved.breached_at is None
    assert promised(ticket).state == "done"
    later(hours=3)
    become(session, ticket, StatusKind.OPEN, by=None)
    assert at(clocks(ticket)["resolution"].due_at) == "Mon 16:00"
    assert promised(ticket).state == "running"


def test_time_in_a_status_is_counted_while_it_lasts(office, session, promise, ask, later, clocks, form):
    promise(in_new="1 hours", in_waiting="3 hours")
    ticket = ask()
    assert at(clocks(ticket)["status"].due_at) == "Mon 10:00"
    become(session, ticket, StatusKind.PENDING, by=None)
    assert (clocks(ticket)["status"].status, at(clocks(ticket)["status"].due_at)) == ("waiting", "Mon 12:00")


def test_a_ticket_in_the_bin_or_merged_away_stands_still(office, session, promise, ask, later, clocks, ann):
    promise(resolution="4 hours")
    admin, ticket, other = make_admin(session), ask(ann), ask(ann)
    for away, back in (
        (lambda: delete_ticket(session, ticket, admin), lambda: restore_ticket(session, ticket, admin)),
        (lambda: merge_tickets(session, ticket, other, admin), lambda: unmerge_ticket(session, ticket, admin)),
    ):
        due = clocks(ticket)["resolution"].due_at
        away()
        assert clocks(ticket)["resolution"].next_at is None
        later(hours=1)
        back()
        assert (clocks(ticket)["resolution"].due_at - due).total_seconds() == 3600


def test_another_priority_is_another_promise_from_the_beginning(office, session, promise, ask, later, clocks, promised):
    promise("Urgent", when=HIGH, resolution="2 hours")
    promise("Usual", resolution="8 hours", first="1 hours")
    ticket = ask(level="low")
    later(hours=1)
    set_fields(session, ticket, {"level": "high"}, by=None)
    assert promised(ticket).why["policy"] == "Urgent"
    assert {sort: at(each.due_at) for sort, each in clocks(ticket).items()} == {"resolution": "Mon 11:00"}
    set_fields(session, ticket, {"level": "low"}, by=None)
    assert {sort: at(each.due_at) for sort, each in clocks(ticket).items()} == {"first": "Mon 10:00", "resolution": "Mon 17:00"}


def test_a_ticket_that_moves_goes_by_the_policies_of_its_new_form(office, session, promise, ask, clocks, promised, runtime):
    from plugdesk_sla.commands import add_policy
    from plugdesk_sla.entering import PolicyInput

    promise(resolution="8 hours")
    other = create_form(session, name="Billing", by=None)
    enable_plugin(session, other, "sla", None)
    there = runtime.context("sla", other, session)
    add_policy(there, PolicyInput("There", None, [{"sort": "resolution", "status": "", "amount": 1, "unit": "hours"}]), by=None)
    ticket = ask()
    move_ticket(session, ticket, other, by=None)
    assert (promised(ticket).why["policy"], promised(ticket).form_id) == ("There", other.id)
    assert at(clocks(ticket)["resolution"].due_at) == "Mon 10:00"


@pytest.fixture
def gold(session, form, ctx, enable, ann):
    """Ann's contract: Tuesday to Saturday from ten, broken things within three hours."""
    field = add_field(session, form, kind=FieldKind.CHOICE, label="Type", choices=["Broken", "Question"], by=None)
    week = {f"day-{number}": "10:00–16:00" for number in range(1, 6)}
    hours = add_business_hours(session, {"name": "Gold hours", **week}, by=None)
    contracts = enable("contracts")
    contract = add_contract(contracts, ContractInput("Gold", hours=str(hours.id)), by=None)
    types = [(each["code"], "", "3") for each in field.choices[:1]]
    set_terms(contracts, contract, form, TermsInput(None, "type", "", types), by=None, version=0)
    add_member(contracts, contract, ann, by=None)
    session.commit()
    return contract


def test_a_contract_s_hours_and_solution_times_win(office, session, promise, gold, ask, ann, form, clocks, promised, run_jobs):
    promise(first="1 hours", resolution="9 hours")
    broken = form.field("type").choices[0]["code"]
    ticket, plain = ask(ann, type=broken), ask(ann)
    assert {sort: at(each.due_at) for sort, each in clocks(ticket).items()} == {"first": "Tue 11:00", "resolution": "Tue 13:00"}
    assert (promised(ticket).why["contract"], promised(ticket).why["by_contract"]) == ("Gold", True)
    assert at(clocks(plain)["resolution"].due_at) == "Wed 13:00"


def test_a_contract_chosen_by_hand_or_changed_moves_the_clocks(
    office, session, promise, gold, ask, form, clocks, run_jobs, runtime, admin
):
    promise(first="1 hours")
    ticket = ask()
    assert at(clocks(ticket)["first"].due_at) == "Mon 10:00"
    contracts = runtime.context("contracts", form, session)
    choose_contract(contracts, ticket, gold, by=admin)
    assert at(clocks(ticket)["first"].due_at) == "Tue 11:00"
    change_contract(contracts, gold, ContractInput("Gold", hours=""), by=None, version=gold.version)
    session.commit()
    run_jobs()
    assert at(clocks(ticket)["first"].due_at) == "Mon 10:00"


def test_changed_business_hours_move_the_clocks(office, session, promise, ask, clocks, run_jobs):
    promise(first="1 hours")
    ticket = ask()
    late = hours_typed(office.weekly) | {"day-0": "12:00–18:00"}
    change_business_hours(session, office, {"name": "Office", **late}, by=None, version=office.version)
    session.commit()
    run_jobs()
    assert at(clocks(ticket)["first"].due_at) == "Mon 13:00"


def test_a_policy_removed_leaves_its_tickets_to_the_next(office, session, ctx, promise, ask, clocks, promised):
    urgent = promise("Urgent", when=HIGH, first="30 minutes")
    promise("Usual", first="2 hours")
    ticket = ask(level="high")
    remove_policy(ctx, urgent, by=None)
    session.commit()
    assert (promised(ticket).why["policy"], at(clocks(ticket)["first"].due_at)) == ("Usual", "Mon 11:00")


def test_open_tickets_get_their_clocks_from_a_policy_made_later(office, session, promise, ask, agent, later, clocks, promised):
    answered, waiting = ask(), ask()
    reply_to_ticket(session, answered, agent, body="<p>Which till?</p>")
    later(hours=3)
    promise(first="2 hours", resolution="8 hours")
    session.commit()
    assert clocks(answered)["first"].breached_at is None
    assert clocks(answered)["first"].ended_at is not None
    missed = clocks(waiting)["first"]
    assert (at(missed.breached_at), missed.next_at, promised(waiting).breached) == ("Mon 11:00", None, True)


def test_a_calendar_without_working_time_is_refused_in_words(ctx, session, office, promise, ask, promised):
    office.weekly = [[]] * 7
    office.exceptions = [{"first": "2026-11-23", "last": "2026-11-23", "hours": [[540, 600]]}]
    session.flush()
    promise(first="5 hours")
    ticket = ask()
    assert promised(ticket).problem == "The calendar has no working time left after its last working day."


@pytest.mark.parametrize(
    ("word", "found"),
    [("breached", "late"), ("нарушен", "late"), ("soon", "soon"), ("скоро", "soon"), ("paused", "paused"), ("none", "none")],
)
def test_the_search_box_knows_how_deadlines_stand(office, session, ctx, promise, ask, later, agent, word, found):
    promise("Usual", when={"fact": "field.level", "is_not": "urgent"}, first="2 hours", resolution="8 hours")
    tickets = {"late": ask(level="low")}
    later(hours=1, minutes=30)
    tickets |= {"none": ask(level="urgent"), "paused": ask(level="low")}
    reply_to_ticket(session, tickets["paused"], agent, body="<p>Which?</p>")
    later(minutes=30)
    tickets["soon"] = ask(level="low")
    later(minutes=61)
    ids = set(session.scalars(sa.select(Ticket.id).where(search(ctx, agent, word))))
    expected = {tickets[found].id}
    assert ids >= expected
    assert ids.isdisjoint({each.id for name, each in tickets.items() if name != found})
    assert search(ctx, agent, "nonsense") is None


def test_erasing_a_ticket_takes_its_clocks_along(office, session, promise, ask):
    from plugdesk.tickets.bin import erase_ticket

    promise(first="1 hours")
    ticket = ask()
    delete_ticket(session, ticket, None)
    session.commit()
    erase_ticket(session, ticket)
    session.flush()
    assert session.scalars(sa.select(Clock)).all() == []
    assert session.scalars(sa.select(Promise)).all() == []


def test_a_reply_whose_clocks_could_not_be_kept_is_caught_up_by_a_job(
    office, session, promise, ask, agent, runtime, clocks, run_jobs, monkeypatch
):
    promise(first="1 hours")
    ticket = ask()
    monkeypatch.setattr(runtime.executor, "strict", False)
    with monkeypatch.context() as broken:
        broken.setattr(following, "promise_to_keep", lambda *_given: 1 / 0)
        reply_to_ticket(session, ticket, agent, body="<p>Which till?</p>")
    session.commit()
    assert ticket.unsettled == ["sla"]
    assert clocks(ticket)["first"].ended_at is None
    run_jobs()
    assert clocks(ticket)["first"].ended_at is not None
    assert ticket.unsettled == []


def test_what_happened_to_many_is_recorded_at_once_where_nobody_listens(session, ask, ctx):
    tickets = [ask(), ask()]
    record_each(session, "sla_warned", [(each, {"clock_id": 1}) for each in tickets], plugin="sla")
    assert session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.kind == "sla_warned")) == 2
    with pytest.raises(ValueError, match="reply_written"):
        record_each(session, "reply_written", [(tickets[0], {})])
