"""A customer in a chat: which ticket their words belong to, what the desk says by itself, buttons and edits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.orm import Session

from plugdesk.channels.buttons import press_button
from plugdesk.channels.conversations import ConversationSettings, hear, is_working, send_chat_closing, send_chat_receipt
from plugdesk.contributions import Channel, Undeliverable, Variables
from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import Event
from plugdesk.forms.commands import change_behaviour
from plugdesk.forms.models import Status, StatusKind
from plugdesk.runtime import Runtime
from plugdesk.tickets.commands import change_status
from plugdesk.tickets.correspondence import Said, reply_to_ticket
from plugdesk.tickets.editing import delete_reply, edit_message, edit_reply, withdraw_message
from plugdesk.tickets.merging import merge_tickets
from plugdesk.tickets.models import DeliveryState, Link, Message, Ticket
from plugdesk.users.customers import find_or_create_customer
from plugdesk.users.models import Role, User
from plugdesk.variables import Block, Button
from plugdesk.worker import Worker
from tests.support.work import form, later

Desk = Callable[..., Runtime]


@dataclass
class Chat:
    """A desk whose plugin carries one channel, and what the other side has seen of it."""

    runtime: Runtime
    sent: list[tuple[str, list[str]]]
    changes: list[str]
    pressed: list[str]
    takes: list[str]

    def say(self, text: str, *, answers: str | None = None, customer: str = "ann", kind: str = "human") -> int | None:
        """Ann writes; the number of the ticket her words are on, None when the extension took them."""
        with self.runtime.database.write() as session:
            ctx = self.runtime.context("trial", form(session), session, "job")
            who = find_or_create_customer(session, channel="trial", value=customer, name=customer.title())
            message = hear(ctx, "trial", who, Said(text=text, kind=kind), answers=answers)
            number = message.ticket.number if message else None
        Worker(self.runtime).run_due()
        return number

    def do(self, number: int, act: Callable[[Any, Ticket, User], Any]) -> Any:
        """`act(session, ticket, agent)` in a transaction; then the work it causes is done."""
        with self.runtime.database.write() as session:
            agent = session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one()
            result = act(session, session.get_one(Ticket, number), agent)
        Worker(self.runtime).run_due()
        return result

    def close(self, number: int) -> None:
        def act(session: Any, ticket: Ticket, agent: User) -> None:
            change_status(session, ticket, ticket.form.first_status(StatusKind.CLOSED), by=agent)

        self.do(number, act)

    def messages(self, number: int) -> list[Message]:
        with self.runtime.database.read() as session:
            found = session.scalars(sa.select(Message).where(Message.ticket_id == number).order_by(Message.id)).all()
            session.expunge_all()
            return list(found)


@pytest.fixture
def chat(desk: Desk) -> Callable[..., Chat]:
    """`chat(one_ticket=False)`: the options are the channel's settings."""

    def chat(*, buttons: bool = True, in_order: bool = True, **options: Any) -> Chat:
        seen = Chat(None, [], [], [], [])
        settings = ConversationSettings(**options)

        def deliver(ctx: Any, message: Message) -> str:
            seen.sent.append((message.text, [each["label"] for each in message.buttons]))
            return f"out-{message.id}"

        channel = Channel(
            "trial", "Trial", "chat", deliver=deliver, reaches=lambda ctx, customer: customer.address("trial") is not None,
            change=lambda ctx, message: seen.changes.append(f"{message.text} {message.pressed or ''}".strip()),
            withdraw=lambda ctx, message: seen.changes.append(f"gone: {message.text}"), buttons=buttons, in_order=in_order,
        )  # fmt: skip

        def values(ctx: Any, ticket: Ticket, **about: Any) -> dict[str, Block]:
            own = about.get("channel")
            faces = (Button("5", "Good"), Button("1", "Bad")) if own is not None and own.buttons else ()
            return {"rating": Block("How was it?", Markup("<p>How was it?</p>"), faces)}

        def button_pressed(ctx: Any, ticket: Ticket, message: Message, key: str) -> str:
            seen.pressed.append(key)
            return f"Thank you for {key}"

        def words_received(ctx: Any, customer: User, said: Said, channel: str) -> bool | None:
            if said.text.startswith("why:"):
                seen.takes.append(said.text)
                return True
            return None

        seen.runtime = desk(
            channels=lambda: [channel], variables=lambda: [Variables("satisfaction", {"rating": "Faces"}, values)],
            button_pressed=button_pressed, words_received=words_received,
            ticket_opened=lambda ctx, ticket, event: send_chat_receipt(ctx, channel, ticket, event),
            ticket_closed=lambda ctx, ticket, event: send_chat_closing(ctx, channel, ticket, event),
        )  # fmt: skip
        seen.runtime.settings_of = lambda session, plugin, scope: settings  # type: ignore[method-assign]
        with seen.runtime.database.write() as session:
            session.add(User(role=Role.ADMIN, name="Ada", email="ada@desk.example", created_at=seen.runtime.clock.now()))
            here = form(session)
            here.statuses += [
                Status(code="open", kind=StatusKind.OPEN, name="Open", position=1),
                Status(code="closed", kind=StatusKind.CLOSED, name="Closed", position=2),
            ]
            assert here
        return seen

    return chat


def test_the_first_words_open_a_ticket_and_the_next_go_to_it(chat: Callable[..., Chat]) -> None:
    here = chat()
    first = here.say("The lamp is dark")
    assert here.say("Since this morning") == first
    assert [each.text for each in here.messages(first or 0)][0::2] == ["The lamp is dark", "Since this morning"]
    assert [text for text, _buttons in here.sent] == [f"We have received your request {first}. The answer comes here."]


def test_another_customer_gets_a_ticket_of_their_own(chat: Callable[..., Chat]) -> None:
    here = chat()
    assert here.say("Hello", customer="ann") != here.say("Hello", customer="bob")


def test_where_every_message_opens_a_ticket_an_answer_still_finds_its_own(chat: Callable[..., Chat]) -> None:
    here = chat(one_ticket=False, receipt=False)
    first, second = here.say("One"), here.say("Two")
    assert first != second
    answer = here.do(first or 0, lambda session, ticket, agent: reply_to_ticket(session, ticket, agent, body="<p>Yes?</p>").id)
    assert here.say("To the first", answers=f"out-{answer}") == first
    assert here.say("To nothing we know", answers="out-999") not in (first, second)


@pytest.mark.parametrize("other", ["ann", "bob"])
def test_an_answer_to_a_message_of_a_merged_ticket_comes_into_its_survivor(chat: Callable[..., Chat], other: str) -> None:
    here = chat(one_ticket=False, receipt=False)
    survives, merged = here.say("The lamp is dark", customer=other) or 0, here.say("It is dark again") or 0
    answer = here.do(merged, lambda session, ticket, agent: reply_to_ticket(session, ticket, agent, body="<p>Since when?</p>").id)
    here.do(survives, lambda session, ticket, agent: setattr(ticket, "channel", "email"))
    here.do(merged, lambda session, ticket, agent: merge_tickets(session, ticket, session.get_one(Ticket, survives), agent))
    assert here.say("Since noon", answers=f"out-{answer}") == survives
    said = here.messages(survives)[-1]
    assert (said.text, said.origin_id) == ("Since noon", merged)
    answers_on = here.do(survives, lambda session, ticket, agent: ticket.channel)
    assert answers_on == ("trial" if other == "ann" else "email"), "another customer is not on Ann's channel"


def test_a_closed_ticket_is_reopened_for_days_and_then_a_new_one_is_opened(chat: Callable[..., Chat]) -> None:
    here = chat(reopen_days=3)
    number = here.say("The lamp is dark") or 0
    here.close(number)
    later(here.runtime, days=2)
    assert here.say("Still dark") == number
    here.close(number)
    later(here.runtime, days=4)
    assert here.say("Dark again") != number


def test_the_form_rules_what_becomes_of_a_closed_ticket_whose_customer_goes_on(chat: Callable[..., Chat]) -> None:
    here = chat(reopen_days=365)
    with here.runtime.database.write() as session:
        change_behaviour(session, form(session), {"reopen_days": 5}, by=None)
    number = here.say("The lamp is dark") or 0
    here.close(number)
    later(here.runtime, days=6)
    fresh = here.say("Dark again") or 0
    assert (fresh != number, here.say("Are you there?")) == (True, fresh)
    assert [text for text, _buttons in here.sent][-1] == f"We have received your request {fresh}. The answer comes here."
    with here.runtime.database.read() as session:
        assert (session.get_one(Ticket, fresh).subject, session.get_one(Ticket, fresh).channel) == ("Dark again", "trial")
        assert session.get_one(Link, (number, fresh)).kind == "follow_up"


def test_an_answer_to_a_closed_ticket_goes_by_the_form_even_after_the_days_of_the_chat(chat: Callable[..., Chat]) -> None:
    here = chat(reopen_days=3)
    number = here.say("The lamp is dark") or 0
    answer = here.do(number, lambda session, ticket, agent: reply_to_ticket(session, ticket, agent, body="<p>Yes?</p>").id)
    here.close(number)
    later(here.runtime, days=10)
    assert here.say("Dark again", answers=f"out-{answer}") == number


def test_outside_working_hours_the_receipt_says_so(chat: Callable[..., Chat]) -> None:
    here = chat(hours="10:00-18:00")
    here.say("At nine on a Monday")
    assert "Nobody is here" in here.sent[0][0]


@pytest.mark.parametrize(
    ("hours", "days", "moment", "working"),
    [
        ("09:00-18:00", "weekdays", datetime(2026, 11, 23, 6, 0, tzinfo=UTC), True),
        ("09:00-18:00", "weekdays", datetime(2026, 11, 23, 5, 59, tzinfo=UTC), False),
        ("09:00-18:00", "weekdays", datetime(2026, 11, 23, 15, 0, tzinfo=UTC), False),
        ("09:00-18:00", "weekdays", datetime(2026, 11, 22, 10, 0, tzinfo=UTC), False),
        ("09:00-18:00", "all", datetime(2026, 11, 22, 10, 0, tzinfo=UTC), True),
        ("", "weekdays", datetime(2026, 11, 22, 3, 0, tzinfo=UTC), True),
        ("nine to six", "weekdays", datetime(2026, 11, 22, 3, 0, tzinfo=UTC), True),
    ],
)
def test_working_hours_are_those_of_the_desks_zone(hours: str, days: str, moment: datetime, working: bool) -> None:
    assert is_working(ConversationSettings(hours=hours, days=days), moment, "Europe/Moscow") is working


def test_programs_get_no_receipt_and_their_words_reopen_nothing(chat: Callable[..., Chat]) -> None:
    here = chat()
    number = here.say("The lamp is dark") or 0
    here.close(number)
    said = len(here.sent)
    here.say("I am on holiday", kind="auto-reply")
    with here.runtime.database.read() as session:
        assert session.get_one(Ticket, number).closed_at is not None
    assert len(here.sent) == said


def test_the_closing_notice_has_the_buttons_of_the_extension_and_a_press_counts_once(chat: Callable[..., Chat]) -> None:
    here = chat()
    number = here.say("The lamp is dark") or 0
    here.close(number)
    assert here.sent[-1][1] == ["Good", "Bad"]

    def press(key: str) -> str:
        def act(session: Any, ticket: Ticket, agent: User) -> str:
            return press_button(here.runtime.context("trial", ticket.form, session, "job"), ticket.messages[-1], key)

        return str(here.do(number, act))

    assert press("trial:7") == "This cannot be answered any more."
    assert press("trial:5") == "Thank you for 5"
    assert press("trial:1") == "You have answered already. Thank you."
    assert here.pressed == ["5"]
    assert here.changes[-1].endswith("trial:5"), "the channel was told to lock them"
    with here.runtime.database.read() as session:
        assert session.get_one(Ticket, number).closed_at is not None


def test_a_channel_without_buttons_gets_none(chat: Callable[..., Chat]) -> None:
    here = chat(buttons=False)
    here.close(here.say("The lamp is dark") or 0)
    assert here.sent[-1][1] == []


def test_words_an_extension_takes_become_no_message_and_reopen_nothing(chat: Callable[..., Chat]) -> None:
    here = chat()
    number = here.say("The lamp is dark") or 0
    here.close(number)
    assert here.say("why: it took long") is None
    assert here.takes == ["why: it took long"]
    assert [each.text for each in here.messages(number) if each.direction == "incoming"] == ["The lamp is dark"]


def test_a_customers_edit_keeps_what_was_said_before_in_the_history(chat: Callable[..., Chat]) -> None:
    here = chat()
    number = here.say("The lamp is drak") or 0

    def act(session: Any, ticket: Ticket, agent: User) -> list[bool]:
        first = ticket.messages[0]
        return [edit_message(session, first, said=Said(text="The lamp is dark")) for _ in range(2)]

    assert here.do(number, act) == [True, False]
    assert here.messages(number)[0].edited_at is not None
    with here.runtime.database.read() as session:
        edited = session.scalars(sa.select(Event).where(Event.kind == "message_edited")).one()
        assert edited.data["before"] == "The lamp is drak"
        assert session.get_one(Ticket, number).excerpt == "The lamp is dark"


def test_what_a_customer_takes_back_stays_readable_for_agents(chat: Callable[..., Chat]) -> None:
    here = chat()
    number = here.say("My password is 1234") or 0
    here.do(number, lambda session, ticket, agent: withdraw_message(session, ticket.messages[0]))
    first = here.messages(number)[0]
    assert (first.text, first.withdrawn_at is not None) == ("My password is 1234", True)


def test_an_agent_changes_and_takes_back_an_answer_that_has_arrived(chat: Callable[..., Chat]) -> None:
    here = chat(receipt=False)
    number = here.say("The lamp is dark") or 0
    here.do(number, lambda session, ticket, agent: reply_to_ticket(session, ticket, agent, body="<p>Chagne the bulb</p>"))
    here.do(number, lambda session, ticket, agent: edit_reply(session, ticket.messages[-1], agent, body="<p>Change the bulb</p>"))
    here.do(number, lambda session, ticket, agent: delete_reply(session, ticket.messages[-1], agent))
    assert here.changes == ["Change the bulb", "gone: Change the bulb"]
    with pytest.raises(Conflict, match="taken back"):
        here.do(number, lambda session, ticket, agent: edit_reply(session, ticket.messages[-1], agent, body="<p>x</p>"))


def test_only_its_author_changes_an_answer(chat: Callable[..., Chat]) -> None:
    here = chat(receipt=False)
    number = here.say("The lamp is dark") or 0
    here.do(number, lambda session, ticket, agent: reply_to_ticket(session, ticket, agent, body="<p>Mine</p>"))

    def act(session: Any, ticket: Ticket, agent: User) -> None:
        other = User(role=Role.ADMIN, name="Olga", email="olga@desk.example", created_at=here.runtime.clock.now())
        session.add(other)
        session.flush()
        edit_reply(session, ticket.messages[-1], other, body="<p>Not mine</p>")

    with pytest.raises(NotAllowed):
        here.do(number, act)


def test_what_the_other_side_refuses_to_change_is_said_on_the_message(chat: Callable[..., Chat]) -> None:
    here = chat(receipt=False)
    number = here.say("The lamp is dark") or 0
    here.do(number, lambda session, ticket, agent: reply_to_ticket(session, ticket, agent, body="<p>Old</p>"))

    def refuse(ctx: Any, message: Message) -> None:
        raise Undeliverable("It is older than 48 hours.")

    object.__setattr__(here.runtime.registry.channels["trial"], "change", refuse)
    here.do(number, lambda session, ticket, agent: edit_reply(session, ticket.messages[-1], agent, body="<p>New</p>"))
    assert "still sees what it said before" in (here.messages(number)[-1].delivery_error or "")


def test_messages_of_a_ticket_leave_in_order_also_when_the_first_has_to_wait(chat: Callable[..., Chat]) -> None:
    from plugdesk.jobs import RetryLater

    here = chat(receipt=False)
    number = here.say("Hello") or 0
    inner, waits = here.runtime.registry.channels["trial"].deliver, [True]

    def deliver(ctx: Any, message: Message) -> str | None:
        if message.text == "First" and waits:
            waits.clear()
            raise RetryLater(30)
        return inner(ctx, message)

    object.__setattr__(here.runtime.registry.channels["trial"], "deliver", deliver)
    for words in ("First", "Second"):
        here.do(number, partial(_reply, words))
    assert here.sent == []
    later(here.runtime, seconds=31)
    for _turn in range(2):
        Worker(here.runtime).run_due()
        later(here.runtime, seconds=2)
    assert [text for text, _buttons in here.sent] == ["First", "Second"]


def test_an_agent_may_answer_where_else_the_customer_can_be_reached(chat: Callable[..., Chat]) -> None:
    here = chat(receipt=False)
    number = here.say("Hello") or 0

    def elsewhere(session: Any, ticket: Ticket, agent: User) -> Message:
        return reply_to_ticket(session, ticket, agent, body="<p>Hello</p>", channel="pigeon")

    with pytest.raises(Invalid):
        here.do(number, elsewhere)
    here.do(number, lambda session, ticket, agent: setattr(ticket, "channel", "phone"))
    here.do(
        number, lambda session, ticket, agent: reply_to_ticket(session, ticket, agent, body="<p>By chat</p>", channel="trial")
    )
    assert here.sent == [("By chat", [])]
    assert here.messages(number)[-1].delivery is DeliveryState.SENT


def _reply(words: str, session: Session, ticket: Ticket, agent: User) -> Message:
    return reply_to_ticket(session, ticket, agent, body=f"<p>{words}</p>")
