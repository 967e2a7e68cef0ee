"""An action of an extension: whoever has the right to it may do what comes of it, on that ticket and no longer."""

from __future__ import annotations

import pytest

from plugdesk.errors import Invalid, NotAllowed
from plugdesk.permissions import can_run
from plugdesk.tickets.bin import delete_ticket
from plugdesk.tickets.commands import assign, change_status
from plugdesk.tickets.letters import write_letter
from plugdesk.tickets.running import running
from plugdesk.users.rights import RightInput, set_right
from tests.factories import make_agent, make_ticket

PAID = "workflow:payment_received"


@pytest.fixture
def accountant(session, form):
    found = make_agent(session)
    set_right(session, form, found, RightInput(actions=[PAID]), by=None)
    return found


def test_who_may_run_an_action_may_do_what_comes_of_it(session, form, ticket, accountant):
    with running(session, ticket, accountant, PAID):
        change_status(session, ticket, form.status("done"), by=accountant)
    assert ticket.status.code == "done"


def test_outside_the_action_and_on_other_tickets_the_rights_are_as_before(session, form, ticket, accountant):
    other = make_ticket(session, form)
    with running(session, ticket, accountant, PAID), pytest.raises(NotAllowed):
        change_status(session, other, form.status("done"), by=accountant)
    with pytest.raises(NotAllowed):
        change_status(session, ticket, form.status("done"), by=accountant)


def test_an_action_inside_an_action_does_not_end_the_right_of_the_outer_one(session, form, ticket, accountant):
    with running(session, ticket, accountant, PAID):
        with running(session, ticket, accountant, PAID):
            assign(session, ticket, accountant, assignee=accountant)
        change_status(session, ticket, form.status("done"), by=accountant)
    assert (ticket.status.code, ticket.assignee_id) == ("done", accountant.id)


def test_a_refused_action_runs_nothing_and_one_that_fails_leaves_no_right_behind(session, form, ticket, accountant):
    with pytest.raises(NotAllowed), running(session, ticket, accountant, "workflow:other"):
        raise AssertionError("it was run")
    with pytest.raises(ZeroDivisionError), running(session, ticket, accountant, PAID):
        raise ZeroDivisionError
    with pytest.raises(NotAllowed):
        assign(session, ticket, accountant, assignee=accountant)


def test_deleting_stays_a_right_of_its_own_inside_an_action(session, ticket, accountant):
    assert can_run(session, accountant, ticket, PAID)
    with running(session, ticket, accountant, PAID), pytest.raises(NotAllowed):
        delete_ticket(session, ticket, accountant)


def test_a_letter_about_a_ticket_goes_to_its_addresses_and_not_to_the_customer(session, ticket, agent):
    letter = write_letter(
        session,
        ticket,
        to=["boss@example.org", "boss@example.org"],
        subject="Look",
        html="<p>Please<script>x</script></p>",
        by=agent,
    )
    assert (letter.to, letter.channel, letter.kind, letter.text.strip()) == (["boss@example.org"], "email", "letter", "Please")


def test_a_letter_waits_where_e_mail_is_off(session, ticket, run_jobs):
    letter = write_letter(session, ticket, to=["boss@example.org"], subject="Look", html="<p>Please</p>", by=None)
    run_jobs()
    assert letter.delivery == "held"


def test_a_letter_needs_somebody_to_go_to(session, ticket):
    with pytest.raises(Invalid):
        write_letter(session, ticket, to=[], subject="Look", html="<p>Please</p>", by=None)


def test_a_letter_to_others_leaves_the_customer_waiting(session, ticket, agent):
    assert ticket.customer_waits
    write_letter(session, ticket, to=["boss@example.org"], subject="Look", html="<p>Please</p>", by=agent)
    assert ticket.customer_waits
