"""Splitting a ticket, and linking tickets with one another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from plugdesk.errors import Invalid
from plugdesk.forms.commands import add_field
from plugdesk.forms.models import FieldKind
from plugdesk.tickets.combining import link_tickets, links_of, split_ticket, unlink_tickets
from plugdesk.tickets.commands import change_status, set_fields
from plugdesk.tickets.correspondence import Said, open_ticket, receive_message, reply_to_ticket
from plugdesk.tickets.merging import merge_tickets, unmerge_ticket
from plugdesk.tickets.models import Message
from plugdesk.users.commands import set_form_agent
from tests.core.merging.words import found, texts
from tests.factories import make_customer, make_form, make_ticket


def test_splitting_takes_the_chosen_messages_and_both_are_told_by_theirs(session: Session, two, agent, clock) -> None:
    ticket, _again = two
    clock.advance(hours=1)
    more = receive_message(session, ticket, ticket.customer, said=Said("And an invoice is missing."), channel="email")
    fresh = split_ticket(session, ticket, [more], agent, subject="The invoice")
    assert (texts(ticket), texts(fresh)) == (["It beeps twice."], ["And an invoice is missing."])
    assert (fresh.customer, fresh.subject, fresh.customer_waits) == (ticket.customer, "The invoice", True)
    assert ticket.excerpt == "It beeps twice." and fresh.spoken_at - ticket.spoken_at == timedelta(hours=1)
    assert (found(session, "invoices"), [each.kind for each in links_of(session, ticket, agent)]) == ([fresh.id], ["split"])
    for chosen in ([], list(ticket.messages), [session.get_one(Message, more.id)]):
        with pytest.raises(Invalid, match="some of the messages"):
            split_ticket(session, ticket, chosen, agent, subject="")


def test_what_is_split_off_is_of_who_said_it(session: Session, form, two, agent) -> None:
    ticket = two[0]
    bob = make_customer(session, name="Bob")
    add_field(session, form, kind=FieldKind.TEXT, label="Room", by=None)
    his = open_ticket(session, form, bob, subject="Mine", said=Said("Bob's words."), channel="email")
    for each, room in ((ticket, "12"), (his, "14")):
        set_fields(session, each, {"room": room}, by=agent)
    elsewhere = make_ticket(session, make_form(session, name="Billing"), bob, subject="A bill", text="Bob's bill.")
    set_form_agent(session, elsewhere.form, agent, by=None)
    merge_tickets(session, elsewhere, ticket, agent)
    merge_tickets(session, his, ticket, agent)
    reply_to_ticket(session, ticket, agent, body="<p>Dear Ann</p>")
    with pytest.raises(Invalid, match="several customers"):
        split_ticket(session, ticket, ticket.messages[:2], agent, subject="")
    fresh = split_ticket(session, ticket, [each for each in ticket.messages if each.home is his], agent, subject="")
    assert (fresh.customer, fresh.subject, fresh.values["room"], texts(fresh)) == (bob, "Mine", "14", ["Bob's words."])
    bill = split_ticket(session, ticket, [each for each in ticket.messages if each.home is elsewhere], agent, subject="")
    assert (bill.form, bill.subject, bill.values.get("room")) == (form, "A bill", None)
    unmerge_ticket(session, his, agent)
    assert texts(his) == []  # what was split off stays where it is


def test_a_link_has_two_ends_each_in_its_own_words(session: Session, two, agent) -> None:
    ticket, again = two
    link_tickets(session, again, ticket, agent, kind="caused_by")
    assert [(each.ticket, each.kind) for each in links_of(session, again, agent)] == [(ticket, "caused_by")]
    assert [(each.ticket, each.kind) for each in links_of(session, ticket, agent)] == [(again, "causes")]
    link_tickets(session, ticket, again, agent, kind="duplicate")
    assert [each.kind for each in links_of(session, again, agent)] == ["duplicate"]
    with pytest.raises(Invalid):
        link_tickets(session, ticket, again, agent, kind="friends")
    unlink_tickets(session, again, ticket, agent)
    assert links_of(session, ticket, agent) == []


def test_what_the_desk_linked_stays_and_what_goes_on_after_closing_finds_its_way(session: Session, form, two, agent) -> None:
    ticket = two[0]
    form.reopen_days = 0
    change_status(session, ticket, form.status("done"), by=agent)
    fresh = receive_message(session, ticket, ticket.customer, said=Said("Once more."), channel="email").ticket
    with pytest.raises(Invalid, match="desk itself"):
        link_tickets(session, fresh, ticket, agent)
    with pytest.raises(Invalid, match="desk itself"):
        unlink_tickets(session, ticket, fresh, agent)
    assert receive_message(session, ticket, ticket.customer, said=Said("And more."), channel="email").ticket is fresh


def test_a_link_with_a_ticket_one_does_not_see_is_not_shown(session: Session, two, agent) -> None:
    hidden = make_ticket(session, make_form(session, name="Billing"), two[0].customer)
    link_tickets(session, two[0], hidden, None, kind="stranger")
    assert links_of(session, two[0], agent) == []
