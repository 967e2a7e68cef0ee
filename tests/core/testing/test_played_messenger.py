"""The kit's messenger: a bot of the form, and Ann, who writes to it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.forms.models import StatusKind
from plugdesk.testing.messenger import new_file, picture
from plugdesk.testing.played_messenger import PlayedBot
from plugdesk.tickets.commands import accept, become
from plugdesk.tickets.correspondence import reply_to_ticket
from plugdesk.tickets.models import Ticket


@pytest.fixture
def ticket_of(session: Session, messenger: PlayedBot):
    """`ticket_of()` is the one Ann's words have become, with the agent at work on it."""

    def ticket_of() -> Ticket:
        return session.scalars(sa.select(Ticket)).one()

    return ticket_of


def test_what_ann_writes_is_a_ticket_and_the_bot_has_answered(messenger: PlayedBot, ticket_of):
    messenger.ann.write("The lamp is dark", new_file("photo", picture()))
    ticket = ticket_of()
    assert (ticket.customer.name, ticket.messages[0].text) == ("Ann Carter", "The lamp is dark")
    assert [each.type for each in ticket.messages[0].attachments] == ["image/png"]
    assert [str(ticket.number) in each.text for each in messenger.sent] == [True]


def test_several_files_are_one_message(messenger: PlayedBot, ticket_of):
    messenger.ann.write("Both", new_file("photo", picture()), new_file("photo", picture(shade=9)))
    assert len(ticket_of().messages[0].attachments) == 2


def test_she_corrects_what_she_wrote(messenger: PlayedBot, ticket_of):
    messenger.ann.edit(messenger.ann.write("The lmap is dark"), "The lamp is dark")
    assert ticket_of().messages[0].text == "The lamp is dark"


def test_she_rates_by_a_button(messenger: PlayedBot, ticket_of, enable, agent, session):
    enable("csat")
    messenger.ann.write("The lamp is dark")
    ticket = ticket_of()
    accept(session, ticket, agent)
    reply_to_ticket(session, ticket, agent, body="<p>It shines.</p>")
    become(session, ticket, StatusKind.RESOLVED, by=agent)
    messenger.look()
    closing = messenger.sent[-1]
    labels = [button.text for row in closing.buttons for button in row]
    press = messenger.ann.press(closing, labels[0])
    assert len(labels) == 5 and press.answer
    assert [[button.text for button in row] for row in messenger.sent[-1].buttons] == [[f"✓ {labels[0]}"]]


def test_somebody_else_has_a_chat_of_their_own(messenger: PlayedBot):
    bob = messenger.person("Bob")
    bob.write("My lamp, too")
    assert (len(bob.received), messenger.sent) == (1, [])
