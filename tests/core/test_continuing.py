"""What happens to a ticket by itself when somebody writes: waiting, going on, reopening, a new ticket that follows it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.forms.commands import add_field, change_behaviour, change_field, delete_status
from plugdesk.forms.copying import copy_form
from plugdesk.forms.models import FieldKind, StatusKind
from plugdesk.forms.templates import create_from_template
from plugdesk.tickets.commands import change_status
from plugdesk.tickets.correspondence import Said, receive_message, reply_to_ticket
from plugdesk.tickets.editing import withdraw_reply
from plugdesk.tickets.merging import merge_tickets
from plugdesk.tickets.models import Link, Message, Participant, Ticket
from plugdesk.tickets.subtasks import ask_colleague
from tests.factories import make_admin, make_agent, make_customer, make_form, make_ticket


@pytest.fixture
def form(session):
    return make_form(session)


@pytest.fixture
def agent(session, form):
    return make_agent(session, form)


@pytest.fixture
def ticket(session, form):
    return make_ticket(session, form)


def reply(session, ticket, agent, **given):
    return reply_to_ticket(session, ticket, agent, body="<p>Restart it.</p>", **given)


def write(session, ticket, author=None, text="It beeps again.", kind="human", **given):
    said = Said(text, kind=kind)
    return receive_message(session, ticket, author or ticket.customer, said=said, channel="email", **given)


def close(session, ticket, agent, code="done"):
    change_status(session, ticket, ticket.form.status(code), by=agent)


def events(session, ticket, *kinds):
    found = session.scalars(sa.select(Event).where(Event.ticket_id == ticket.id, Event.kind.in_(kinds)).order_by(Event.id))
    return [(event.kind, event.data.get("other_id")) for event in found]


def all_tickets(session):
    return session.scalars(sa.select(Ticket).order_by(Ticket.id)).all()


def test_a_reply_makes_a_ticket_of_a_new_form_wait_and_the_customers_words_take_it_up_again(session, ticket, agent):
    reply(session, ticket, agent)
    assert (ticket.status.code, ticket.customer_waits) == ("waiting", False)
    write(session, ticket)
    assert (ticket.status.code, ticket.customer_waits) == ("in_progress", True)


def test_where_the_switch_is_off_a_reply_only_ends_being_new(session, form, ticket, agent):
    change_behaviour(session, form, {"waits_on_reply": False}, by=None)
    reply(session, ticket, agent)
    assert ticket.status.code == "in_progress"
    reply(session, ticket, agent)
    assert ticket.status.code == "in_progress"


def test_where_the_switch_is_off_a_waiting_ticket_keeps_its_status_and_its_customer_waits(session, form, ticket, agent):
    change_behaviour(session, form, {"resumes_on_message": False}, by=None)
    reply(session, ticket, agent)
    write(session, ticket)
    assert (ticket.status.code, ticket.customer_waits) == ("waiting", True)


@pytest.mark.parametrize("code", ["in_progress", "done", "new"])
def test_the_status_chosen_when_sending_wins(session, ticket, agent, code):
    reply(session, ticket, agent, status=ticket.form.status(code))
    assert ticket.status.code == code


def test_a_reply_to_a_closed_ticket_leaves_it_closed(session, ticket, agent):
    close(session, ticket, agent)
    reply(session, ticket, agent)
    assert ticket.status.code == "done"


def test_a_reply_on_a_ticket_that_waits_for_something_else_leaves_it_there(session, form, ticket, agent):
    from plugdesk.forms.commands import add_status

    parts = add_status(session, form, name="Waiting for parts", kind="pending", by=None)
    change_status(session, ticket, parts, by=agent)
    reply(session, ticket, agent)
    assert ticket.status_id == parts.id


def test_a_form_without_a_pending_status_answers_as_before(session, form, ticket, agent):
    delete_status(session, form, form.status("waiting"), by=None)
    reply(session, ticket, agent)
    assert ticket.status.code == "in_progress"


def test_where_waiting_wants_a_field_the_reply_goes_out_and_the_ticket_stays_where_it_is(session, form, ticket, agent):
    field = add_field(session, form, label="Cost", kind=FieldKind.TEXT, by=None)
    change_field(session, form, field, {"required_from": "waiting"}, by=None)
    message = reply(session, ticket, agent)
    assert (ticket.status.code, message.text) == ("in_progress", "Restart it.")
    reply(session, ticket, agent)
    assert ticket.status.code == "in_progress"


def test_a_reply_taken_back_takes_the_waiting_back(session, ticket, agent):
    close(session, ticket, agent, "in_progress")
    message = reply(session, ticket, agent, undo=timedelta(seconds=10))
    assert ticket.status.code == "waiting"
    withdraw_reply(session, message, agent)
    assert (ticket.status.code, ticket.customer_waits) == ("in_progress", True)


def test_waiting_stays_when_somebody_has_chosen_another_status_or_answered_meanwhile(session, ticket, agent):
    message = reply(session, ticket, agent, undo=timedelta(seconds=10))
    close(session, ticket, agent)
    withdraw_reply(session, message, agent)
    assert ticket.status.code == "done"


def test_a_reply_taken_back_after_another_one_leaves_the_ticket_waiting(session, ticket, agent):
    first = reply(session, ticket, agent, undo=timedelta(seconds=10))
    reply(session, ticket, agent)
    withdraw_reply(session, first, agent)
    assert (ticket.status.code, ticket.customer_waits) == ("waiting", False)


def test_within_the_days_a_closed_ticket_is_opened_again(session, form, ticket, agent, clock):
    close(session, ticket, agent)
    clock.advance(days=30)
    assert write(session, ticket).ticket is ticket
    assert (ticket.status.code, ticket.closed_at, len(all_tickets(session))) == ("in_progress", None, 1)


@pytest.mark.parametrize(("days", "later"), [(30, 31), (1, 2), (0, 0), (0, 5)])
def test_after_the_days_a_message_opens_a_new_ticket_that_each_of_the_two_speaks_of(
    session, form, ticket, agent, clock, days, later
):
    change_behaviour(session, form, {"reopen_days": days}, by=None)
    close(session, ticket, agent)
    clock.advance(days=later)
    fresh = write(session, ticket).ticket
    assert (fresh.id != ticket.id, fresh.status.code, fresh.subject, fresh.customer_id) == (
        True, "new", ticket.subject, ticket.customer_id,
    )  # fmt: skip
    assert (ticket.status.code, [message.text for message in fresh.messages]) == ("done", ["It beeps again."])
    assert session.get_one(Link, (ticket.id, fresh.id)).kind == "follow_up"
    assert events(session, fresh, "ticket_opened", "tickets_linked") == [("ticket_opened", None), ("tickets_linked", ticket.id)]
    assert events(session, ticket, "followed_up", "ticket_reopened", "message_received") == [("followed_up", fresh.id)]


def test_without_days_a_ticket_is_opened_again_for_ever(session, form, ticket, agent, clock):
    change_behaviour(session, form, {"reopen_days": ""}, by=None)
    close(session, ticket, agent, "closed")
    clock.advance(days=3000)
    assert write(session, ticket).ticket is ticket


def test_further_words_on_the_old_ticket_go_to_the_new_one_and_open_no_third(session, form, ticket, agent, clock):
    close(session, ticket, agent)
    clock.advance(days=31)
    fresh = write(session, ticket).ticket
    assert write(session, ticket, text="Are you there?").ticket is fresh
    close(session, fresh, agent)
    assert write(session, ticket, text="And now?").ticket is fresh
    assert fresh.closed_at is None
    close(session, fresh, agent)
    clock.advance(days=31)
    third = write(session, ticket, text="Once more").ticket
    assert session.get_one(Link, (fresh.id, third.id)).kind == "follow_up"
    assert len(all_tickets(session)) == 3


def test_somebody_else_of_the_thread_gets_a_new_ticket_of_their_own(session, form, ticket, agent, clock):
    close(session, ticket, agent)
    clock.advance(days=31)
    hers = write(session, ticket).ticket
    bob = make_customer(session)
    his = write(session, ticket, bob, text="And mine?").ticket
    assert (his.customer_id, hers.id != his.id) == (bob.id, True)


def test_who_takes_part_in_the_new_ticket_writes_to_it(session, form, ticket, agent, clock):
    close(session, ticket, agent)
    clock.advance(days=31)
    bob = make_customer(session)
    fresh = write(session, ticket, participants=[(bob.address("email"), "Bob")], subject="Beeping").ticket
    assert (fresh.subject, session.get(Participant, (fresh.id, bob.address("email"))).name) == ("Beeping", "Bob")
    assert write(session, ticket, bob, text="I hear it, too").ticket is fresh


def test_a_new_ticket_that_was_merged_or_deleted_takes_no_words_away(session, form, ticket, agent, clock):
    chief = make_admin(session)
    close(session, ticket, agent)
    clock.advance(days=31)
    fresh = write(session, ticket).ticket
    other = make_ticket(session, form, ticket.customer)
    session.flush()
    merge_tickets(session, fresh, other, chief)
    assert write(session, ticket, text="More").ticket is other
    session.flush()
    merge_tickets(session, other, ticket, chief)
    assert write(session, fresh, text="And there").ticket is ticket  # open again, with what was merged into it
    close(session, ticket, agent)
    clock.advance(days=31)
    again = write(session, ticket, text="Still more").ticket
    assert again.id > other.id
    again.deleted_at = clock.now()
    session.flush()
    assert write(session, ticket, text="And more").ticket.id > again.id


@pytest.mark.parametrize("kind", ["auto-reply", "bounce", "bulk"])
@pytest.mark.parametrize("days", ["", 0, 30])
def test_what_a_program_wrote_opens_nothing_and_reopens_nothing(session, form, ticket, agent, clock, kind, days):
    change_behaviour(session, form, {"reopen_days": days}, by=None)
    close(session, ticket, agent)
    clock.advance(days=31)
    assert write(session, ticket, kind=kind).ticket is ticket
    assert (ticket.status.code, len(all_tickets(session))) == ("done", 1)
    change_status(session, ticket, form.status("waiting"), by=agent)
    write(session, ticket, kind=kind)
    assert ticket.status.code == "waiting"


def test_a_ticket_of_an_archived_form_is_opened_again_however_old_it_is(session, form, ticket, agent, clock):
    close(session, ticket, agent)
    clock.advance(days=400)
    form.archived_at = clock.now()
    assert write(session, ticket).ticket is ticket
    assert ticket.closed_at is None


@pytest.mark.parametrize("days", ["-1", "3651", "1.5", "ten", "²", "99999999999999999999"])
def test_a_number_of_days_that_is_none_is_refused_with_what_to_write(session, form, days):
    with pytest.raises(Invalid) as refusal:
        change_behaviour(session, form, {"reopen_days": days, "waits_on_reply": ""}, by=None)
    assert "from 0 to 3650" in refusal.value.problems["reopen_days"]
    assert form.waits_on_reply


def test_only_its_admins_change_what_a_form_does_and_nobody_what_they_have_not_seen(session, form, agent):
    with pytest.raises(NotAllowed):
        change_behaviour(session, form, {"waits_on_reply": False}, by=agent)
    with pytest.raises(NotAllowed):
        change_behaviour(session, form, {"slug": "x"}, by=None)
    with pytest.raises(Conflict):
        change_behaviour(session, form, {"waits_on_reply": False}, by=None, version=form.version + 1)


def test_what_was_changed_is_told(session, form):
    admin = make_admin(session)
    change_behaviour(session, form, {"waits_on_reply": "", "resumes_on_message": "1", "reopen_days": " 7 "}, by=admin)
    told = session.scalars(sa.select(Event).where(Event.kind == "form_changed")).one()
    assert told.data["changes"] == {"waits_on_reply": [True, False], "reopen_days": [30, 7]}


def test_a_copy_does_what_its_original_does(session, form):
    change_behaviour(session, form, {"waits_on_reply": False, "resumes_on_message": False, "reopen_days": ""}, by=None)
    session.flush()
    copy, _waiting = copy_form(session, form, name="Copy", by=None)
    session.flush()
    session.expire(copy)
    assert (copy.waits_on_reply, copy.resumes_on_message, copy.reopen_days) == (False, False, None)


def test_a_template_whose_pending_statuses_wait_for_something_else_does_not_use_them(session, form):
    repair, support = (create_from_template(session, each, name=each, by=None) for each in ("repair", "support"))
    assert (repair.first_status(StatusKind.PENDING).code, repair.waits_on_reply) == ("payment", False)
    assert support.waits_on_reply


@pytest.mark.both_databases
def test_two_letters_at_once_on_an_old_ticket_open_one_new_ticket(database_url, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings

    runtime = Runtime(Settings(data=tmp_path, database_url=database_url), plugins=[])
    with runtime.database.write() as session:
        form = make_form(session)
        ticket = make_ticket(session, form)
        change_behaviour(session, form, {"reopen_days": 0}, by=None)
        change_status(session, ticket, form.status("done"), by=None)
        number = ticket.id

    def letter(text):
        with runtime.database.write() as session:
            ticket = session.get_one(Ticket, number)
            return receive_message(session, ticket, ticket.customer, said=Said(text), channel="email").ticket_id

    with ThreadPoolExecutor(2) as pool:
        went_to = set(pool.map(letter, ["One", "Two"]))
    with runtime.database.read() as session:
        fresh = session.scalars(sa.select(Ticket.id).where(Ticket.id != number)).all()
        texts = session.scalars(sa.select(Message.text).where(Message.ticket_id.in_(went_to))).all()
    runtime.close()
    assert (went_to, sorted(texts)) == (set(fresh), ["One", "Two"])
    assert len(fresh) == 1


def test_a_customer_never_writes_into_a_subtask(session, form, ticket, agent):
    subtask = ask_colleague(session, ticket, agent, colleague=make_agent(session, form), subject="", body="<p>Who knows?</p>")
    message = write(session, subtask)
    assert (message.ticket_id, len(subtask.messages)) == (ticket.id, 1)
