"""The rating by buttons of Telegram's own: the tap counts, the buttons lock, the next words are its comment."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.forms.models import StatusKind
from plugdesk.tickets.commands import become
from plugdesk.tickets.models import Ticket
from plugdesk_csat.models import Rating


@pytest.fixture
def closed(shop, ann, enable):
    """Ann's ticket, closed, with the invitation to rate in her chat."""
    enable("csat")
    ann.write(shop.token, "The till beeps")
    shop.work()
    with shop.runtime.database.write() as session:
        become(session, session.get_one(Ticket, 1), StatusKind.RESOLVED, StatusKind.CLOSED, by=None)
    shop.do_jobs()
    return shop


def invitation(shop, person):
    return next(each for each in person.chat(shop.token).messages if each.buttons)


def marks(shop):
    with shop.runtime.database.read() as session:
        return [(each.mark, each.comment) for each in session.scalars(sa.select(Rating))]


def test_the_closing_notice_has_five_buttons(closed, ann):
    assert [[button.text for button in row] for row in invitation(closed, ann).buttons] == [
        ["😀 Excellent"], ["🙂 Good"], ["😐 So-so"], ["🙁 Bad"], ["😠 Very bad"]
    ]  # fmt: skip


def test_a_tap_counts_is_thanked_for_and_locks_the_buttons(closed, ann):
    press = ann.press(invitation(closed, ann), "🙂 Good")
    closed.work()
    assert (marks(closed), press.answer.text.startswith("Thank you!")) == ([(4, "")], True)
    assert [[button.text for button in row] for row in invitation(closed, ann).buttons] == [["✓ 🙂 Good"]]


def test_a_second_tap_changes_nothing(closed, ann):
    first, second = (ann.press(invitation(closed, ann), text) for text in ("🙂 Good", "😠 Very bad"))
    closed.work()
    assert (marks(closed), first.answer.text != second.answer.text) == ([(4, "")], True)


def test_the_next_message_is_the_comment_and_reopens_nothing(closed, ann):
    ann.press(invitation(closed, ann), "🙂 Good")
    closed.work()
    ann.write(closed.token, "Quick and kind")
    closed.work()
    with closed.runtime.database.read() as session:
        assert session.get_one(Ticket, 1).closed_at is not None
    assert (marks(closed), closed.tickets()) == ([(4, "Quick and kind")], 1)
    closed.later(minutes=1)
    ann.write(closed.token, "It beeps again")
    closed.work()
    assert [text for who, text in closed.said() if who == "incoming"] == ["The till beeps", "It beeps again"]


def test_the_comment_follows_when_its_message_is_edited(closed, ann):
    ann.press(invitation(closed, ann), "🙂 Good")
    closed.work()
    comment = ann.write(closed.token, "Quik and kind")
    closed.work()
    closed.later(minutes=1)
    thanks = len(ann.chat(closed.token).messages)
    for text in ("Quick and kind", "Quick, kind and cheap"):
        ann.edit(comment, text)
        closed.work()
        assert marks(closed) == [(4, text)]
    closed.later(hours=2)
    assert (closed.tickets(), len(ann.chat(closed.token).messages)) == (1, thanks), "nobody is thanked twice"
    assert [text for who, text in closed.said() if who in ("incoming", "raw")] == ["The till beeps"]


def test_a_comment_that_can_no_longer_be_changed_stays_and_the_ticket_says_what_came(closed, ann):
    ann.press(invitation(closed, ann), "🙂 Good")
    closed.work()
    comment = ann.write(closed.token, "Kind")
    closed.work()
    closed.clock.advance(timedelta(days=40))
    ann.edit(comment, "Unkind")
    closed.work()
    closed.later(hours=2)
    assert marks(closed) == [(4, "Kind")]
    assert any(who == "raw" and "Unkind" in text for who, text in closed.said())


def test_an_edit_that_overtakes_the_comment_is_what_the_comment_says(closed, ann, messenger):
    ann.press(invitation(closed, ann), "🙂 Good")
    closed.work()
    ann.edit(ann.write(closed.token, "Quik"), "Quick")
    updates = [each.id for each in messenger.pending(closed.token)]
    messenger.bot(closed.token).updates.clear()
    for number in reversed(updates):
        messenger.again(number)
        closed.work()
    assert marks(closed) == [(4, "Quick")]


def test_a_press_of_somebody_else_or_of_no_button_is_refused(closed, ann, boris, messenger):
    message = invitation(closed, ann)
    for person, data in ((boris, "0"), (ann, "99"), (ann, "csat:1.5")):
        messenger.inject(
            closed.token,
            {
                "callback_query": {
                    "id": "1", "from": {"id": person.id, "is_bot": False, "first_name": "x"}, "chat_instance": "1", "data": data,
                    "message": {"message_id": message.id, "date": 0, "chat": {"id": ann.id, "type": "private"}},
                }
            },
        )  # fmt: skip
    closed.work()
    assert marks(closed) == []


def test_a_tap_while_the_rating_is_off_is_answered_and_counts_nothing(closed, ann):
    from plugdesk.plugins.switch import disable_plugin

    with closed.runtime.database.write() as session:
        disable_plugin(session, closed.form(session), "csat", None)
    press = ann.press(invitation(closed, ann), "🙂 Good")
    closed.work()
    assert (marks(closed), press.answer.text) == ([], "This cannot be answered any more.")


def test_a_tap_whose_answer_telegram_does_not_take_counts_all_the_same(closed, ann, messenger):
    messenger.fail(
        "answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )
    ann.press(invitation(closed, ann), "😀 Excellent")
    closed.work()
    assert marks(closed) == [(5, "")]
