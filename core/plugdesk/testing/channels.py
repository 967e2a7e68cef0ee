"""The tests every channel has to pass: messages both ways, once, in order, whole, through everything the other side may do.

A channel's own file of them is one import and a fixture that plays the customer at the vendor, or at a server that speaks
the vendor's protocol:

    from plugdesk.testing.channels import *

    @pytest.fixture
    def correspondent(mailbox): return MyCorrespondent(mailbox)

The extension has to be on for `form` when the fixture is made, with whatever account it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from plugdesk.testing.corresponding import Conversation, Correspondent, Fault, File, Seen

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from plugdesk.clock import MovableClock
    from plugdesk.forms.models import Form
    from plugdesk.runtime import Runtime
    from plugdesk.users.models import User

__all__ = [
    "Correspondent",
    "Fault",
    "File",
    "Seen",
    "conversation",
    "test_a_change_that_is_told_twice_is_made_once",
    "test_a_change_that_overtakes_its_message_is_not_lost",
    "test_a_customer_may_change_what_they_wrote",
    "test_a_customer_may_take_back_what_they_wrote",
    "test_a_file_goes_both_ways_byte_for_byte",
    "test_a_long_answer_arrives_whole",
    "test_a_refusal_for_good_is_shown_in_words_and_can_be_sent_again",
    "test_an_agent_may_change_and_take_back_an_answer_where_the_channel_can",
    "test_an_answer_arrives_once_and_says_when",
    "test_another_form_has_nothing_of_it",
    "test_answers_leave_in_the_order_they_were_written",
    "test_buttons_count_once_and_are_locked",
    "test_however_often_it_is_handed_over_it_arrives_once",
    "test_messages_that_overtake_one_another_all_arrive_once",
    "test_nobody_knows_whether_it_arrived_is_said_and_not_repeated",
    "test_the_words_of_a_customer_open_a_ticket",
    "test_what_agents_write_is_read_as_they_wrote_it",
    "test_what_is_too_large_for_it_is_refused_before_it_is_sent",
    "test_what_was_written_in_order_arrives_in_order",
    "test_where_it_is_off_nothing_comes_in_or_goes_out_and_then_everything_does_once",
    "test_while_the_other_side_is_away_answers_wait_and_leave_once",
]

WORDS = "Здравствуйте! <b>not bold</b> & 1 < 2, 👩‍👧 שלום “quoted”"


@pytest.fixture
def conversation(
    correspondent: Correspondent, runtime: Runtime, session: Session, form: Form, agent: User, clock: MovableClock
) -> Conversation:
    """The customer the author's file plays, and an agent of the form."""
    return Conversation(correspondent, runtime, session, form, agent, clock)


def test_the_words_of_a_customer_open_a_ticket(conversation: Conversation) -> None:
    ticket = conversation.ask(WORDS)
    assert conversation.said(ticket) == [WORDS]
    first = ticket.messages[0]
    assert (ticket.form_id, ticket.channel, first.channel) == (
        conversation.form.id,
        conversation.other.channel,
        conversation.other.channel,
    )
    assert first.author_id == ticket.customer_id
    assert [each.channel for each in ticket.customer.identities] == [conversation.other.channel]


def test_however_often_it_is_handed_over_it_arrives_once(conversation: Conversation) -> None:
    handle = conversation.other.write("Once")
    conversation.other.look()
    for _time in range(3):
        conversation.other.again(handle)
        conversation.other.look()
    assert [conversation.said(each) for each in conversation.tickets()] == [["Once"]]


def test_messages_that_overtake_one_another_all_arrive_once(conversation: Conversation) -> None:
    conversation.ask("Number 0")
    conversation.other.keep_back()
    handles = [conversation.other.write(f"Number {number}") for number in range(1, 4)]
    for handle in (handles[2], handles[0], handles[1], handles[2]):
        conversation.other.again(handle)
        conversation.other.look()
    said = [text for each in conversation.tickets() for text in conversation.said(each)]
    assert sorted(said) == [f"Number {number}" for number in range(4)]


def test_what_was_written_in_order_arrives_in_order(conversation: Conversation) -> None:
    ticket = conversation.ask("Number 0")
    if conversation.channel.take is None:
        pytest.skip("each of its messages stands for itself")
    for number in range(1, 12):
        conversation.other.write(f"Number {number}")
    conversation.other.look()
    assert conversation.said(ticket) == [f"Number {number}" for number in range(12)]


def test_a_file_goes_both_ways_byte_for_byte(conversation: Conversation) -> None:
    from plugdesk.storage import read_bytes

    mine, theirs = (
        File("отчёт 1.pdf", b"%PDF-1.7\n" + bytes(range(256))),
        File("reply.zip", b"PK\x03\x04" + bytes(range(255, -1, -1))),
    )
    ticket = conversation.ask("See the file", [mine])
    (kept,) = ticket.messages[0].attachments
    assert read_bytes(conversation.session, kept.sha256) == mine.content
    if conversation.other.keeps_names:
        assert kept.name == mine.name
    conversation.answer(ticket, "See mine", [theirs])
    (seen,) = conversation.arrived("See mine")
    assert [each.content for each in seen.files] == [theirs.content]
    if conversation.other.keeps_names:
        assert [each.name for each in seen.files] == [theirs.name]


def test_an_answer_arrives_once_and_says_when(conversation: Conversation) -> None:
    number = conversation.answer(conversation.ask(), "Change the bulb")
    message = conversation.message(number)
    assert (message.delivery, message.delivery_error) == ("sent", None)
    assert message.delivered_at is not None
    assert message.external_id
    conversation.wait(hours=1)
    assert len(conversation.arrived("Change the bulb")) == 1


def test_what_agents_write_is_read_as_they_wrote_it(conversation: Conversation) -> None:
    conversation.answer(conversation.ask(), WORDS)
    assert len(conversation.arrived(WORDS)) == 1


def test_a_long_answer_arrives_whole(conversation: Conversation) -> None:
    most = conversation.channel.limits.text or 10_000
    text = " ".join(f"word{number}" for number in range(most // 3))
    conversation.answer(conversation.ask(), text)
    conversation.wait(minutes=5)
    (seen,) = conversation.arrived(text)
    assert (seen.parts > 1) is (conversation.channel.limits.text is not None)


def test_what_is_too_large_for_it_is_refused_before_it_is_sent(conversation: Conversation) -> None:
    from plugdesk.errors import Invalid
    from plugdesk.tickets.models import Message

    if conversation.channel.limits.file_size is None:
        pytest.skip("it knows no limit")
    ticket = conversation.ask()
    number = conversation.answer(ticket, "Small enough", look=False)
    message = conversation.session.get_one(Message, number)
    from plugdesk.tickets.attachments import NewFile, add_file
    from plugdesk.tickets.limits import refuse_beyond_limits

    add_file(conversation.session, NewFile("small.bin", b"x"), message=message).size = conversation.channel.limits.file_size + 1
    with pytest.raises(Invalid, match=r"small\.bin"):
        refuse_beyond_limits(conversation.session, message)


def test_answers_leave_in_the_order_they_were_written(conversation: Conversation) -> None:
    if not conversation.channel.in_order:
        pytest.skip("each of its messages stands for itself")
    ticket = conversation.ask()
    conversation.other.fail("busy")
    for number in range(4):
        conversation.answer(ticket, f"Answer {number}.", look=False)
    for _turn in range(12):
        conversation.wait(seconds=60)
    answers = [each.text for each in conversation.other.seen() if "Answer" in each.text]
    assert answers == [f"Answer {number}." for number in range(4)]


def test_while_the_other_side_is_away_answers_wait_and_leave_once(conversation: Conversation) -> None:
    ticket = conversation.ask()
    conversation.other.fail("away")
    number = conversation.answer(ticket, "Are you there?")
    message = conversation.message(number)
    assert message.delivery == "queued"
    assert message.delivery_error, "why it waits is said"
    conversation.wait(hours=1)
    conversation.other.recover()
    for _turn in range(3):
        conversation.wait(hours=1)
    assert conversation.message(number).delivery == "sent"
    assert len(conversation.arrived("Are you there?")) == 1


def test_a_refusal_for_good_is_shown_in_words_and_can_be_sent_again(conversation: Conversation) -> None:
    from plugdesk.tickets.correspondence import send_again

    ticket = conversation.ask()
    conversation.other.fail("refused")
    number = conversation.answer(ticket, "You moved?")
    assert conversation.message(number).delivery == "failed"
    assert conversation.message(number).delivery_error
    conversation.other.recover()
    send_again(conversation.session, conversation.message(number), conversation.agent)
    conversation.session.commit()
    conversation.wait(minutes=1)
    assert conversation.message(number).delivery == "sent"
    assert len(conversation.arrived("You moved?")) == 1


def test_nobody_knows_whether_it_arrived_is_said_and_not_repeated(conversation: Conversation) -> None:
    ticket = conversation.ask()
    conversation.other.fail("lost")
    number = conversation.answer(ticket, "Did you get it?")
    conversation.other.recover()
    for _turn in range(3):
        conversation.wait(hours=2)
    assert conversation.message(number).delivery == "maybe"
    assert len(conversation.arrived("Did you get it?")) <= 1


def test_a_customer_may_change_what_they_wrote(conversation: Conversation) -> None:
    if not conversation.other.edits:
        pytest.skip("nothing that was written there can be changed")
    from plugdesk.events import Event

    handle = conversation.other.write("The lamp is drak")
    conversation.other.look()
    conversation.other.edit(handle, "The lamp is dark")
    conversation.other.look()
    (ticket,) = conversation.tickets()
    assert conversation.said(ticket) == ["The lamp is dark"]
    edited = conversation.session.scalars(sa.select(Event).where(Event.kind == "message_edited")).one()
    assert edited.data["before"] == "The lamp is drak"


def test_a_change_that_is_told_twice_is_made_once(conversation: Conversation) -> None:
    if not conversation.other.edits:
        pytest.skip("nothing that was written there can be changed")
    from plugdesk.events import Event

    handle = conversation.other.write("The lamp is drak")
    conversation.other.look()
    changed = conversation.other.edit(handle, "The lamp is dark")
    conversation.other.look()
    for each in (changed, handle, changed):
        conversation.other.again(each)
        conversation.other.look()
    (ticket,) = conversation.tickets()
    assert conversation.said(ticket) == ["The lamp is dark"]
    assert len(conversation.session.scalars(sa.select(Event).where(Event.kind == "message_edited")).all()) == 1


@pytest.mark.parametrize("looks_between", [True, False])
def test_a_change_that_overtakes_its_message_is_not_lost(conversation: Conversation, looks_between: bool) -> None:
    if not conversation.other.edits:
        pytest.skip("nothing that was written there can be changed")
    conversation.ask("Before")
    conversation.other.keep_back()
    handle = conversation.other.write("The lamp is drak")
    for each in (conversation.other.edit(handle, "The lamp is dark"), handle):
        conversation.other.again(each)
        if looks_between:
            conversation.other.look()
    conversation.other.look()
    (ticket,) = conversation.tickets()
    assert conversation.said(ticket) == ["Before", "The lamp is dark"]
    conversation.wait(hours=3)
    assert conversation.said(ticket) == ["Before", "The lamp is dark"]
    kinds = [str(each.direction) for each in ticket.messages]
    assert "note" not in kinds, "nothing is left over of it"


def test_a_customer_may_take_back_what_they_wrote(conversation: Conversation) -> None:
    if not conversation.other.deletes:
        pytest.skip("the other side tells nobody of what is deleted there")
    handle = conversation.other.write("My password is 1234")
    conversation.other.look()
    conversation.other.delete(handle)
    conversation.other.look()
    (ticket,) = conversation.tickets()
    assert ticket.messages[0].withdrawn_at is not None


def test_an_agent_may_change_and_take_back_an_answer_where_the_channel_can(conversation: Conversation) -> None:
    from plugdesk.tickets.editing import delete_reply, edit_reply

    if conversation.channel.change is None or conversation.channel.withdraw is None:
        pytest.skip("what has left cannot be changed there")
    ticket = conversation.ask()
    number = conversation.answer(ticket, "Chagne the bulb")
    edit_reply(conversation.session, conversation.message(number), conversation.agent, body="<p>Change the bulb</p>")
    conversation.session.commit()
    conversation.wait(minutes=1)
    assert len(conversation.arrived("Change the bulb")) == 1
    assert conversation.arrived("Chagne") == []
    delete_reply(conversation.session, conversation.message(number), conversation.agent)
    conversation.session.commit()
    conversation.wait(minutes=1)
    assert conversation.arrived("Change the bulb") == []


def test_buttons_count_once_and_are_locked(conversation: Conversation, enable: Callable[..., Any]) -> None:
    from plugdesk.forms.models import StatusKind
    from plugdesk.tickets.commands import change_status

    if not conversation.channel.buttons:
        pytest.skip("it has no buttons")
    enable("csat", comment_minutes=10)
    ticket = conversation.ask()
    status = ticket.form.first_status(StatusKind.RESOLVED, StatusKind.CLOSED)
    assert status is not None
    change_status(conversation.session, ticket, status, by=conversation.agent)
    conversation.session.commit()
    conversation.wait(minutes=1)
    asked = conversation.other.seen()[-1]
    assert len(asked.buttons) == 5
    conversation.other.press(asked, asked.buttons[0])
    conversation.wait(minutes=1)
    locked = next(each for each in conversation.other.seen() if each.handle == asked.handle)
    assert len(locked.buttons) <= 1, "at most the one that was pressed is still to be seen"
    conversation.other.write("Quick and friendly")
    conversation.other.look()
    ratings = conversation.session.execute(sa.text("SELECT mark, comment FROM csat_rating")).all()
    assert [tuple(each) for each in ratings] == [(5, "Quick and friendly")]
    assert [each.closed_at is not None for each in conversation.tickets()] == [True]


def test_where_it_is_off_nothing_comes_in_or_goes_out_and_then_everything_does_once(conversation: Conversation) -> None:
    from plugdesk.plugins.switch import disable_plugin, enable_plugin

    ticket = conversation.ask("Before")
    before = len(conversation.other.seen())
    number = conversation.answer(ticket, "Held", look=False)
    disable_plugin(conversation.session, conversation.form, conversation.owner, by=None, along=True)
    conversation.session.commit()
    conversation.other.write("Meanwhile")
    conversation.other.look()
    assert [text for each in conversation.tickets() for text in conversation.said(each)] == ["Before"]
    assert (conversation.message(number).delivery, len(conversation.other.seen())) == ("held", before)
    enable_plugin(conversation.session, conversation.form, conversation.owner, by=None)
    conversation.session.commit()
    for _turn in range(3):
        conversation.wait(minutes=2)
    assert [text for each in conversation.tickets() for text in conversation.said(each)] == ["Before", "Meanwhile"]
    assert len(conversation.arrived("Held")) == 1


def test_another_form_has_nothing_of_it(conversation: Conversation, other_form: Form) -> None:
    ticket = conversation.ask()
    assert conversation.owner not in other_form.extensions
    assert [each.form_id for each in conversation.tickets()] == [ticket.form_id]
    from plugdesk.tickets.delivery import carrier_of

    assert carrier_of(conversation.session, conversation.other.channel, other_form) is None
