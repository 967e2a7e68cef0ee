"""How an answer reaches the chat, and what the message says when it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugdesk.testing.messenger import picture
from plugdesk.tickets.attachments import NewFile, add_file
from plugdesk.tickets.correspondence import forward_message, reply_to_ticket
from plugdesk.tickets.editing import delete_reply, edit_reply
from plugdesk.tickets.models import DeliveryState, Message, Ticket
from plugdesk.users.models import Role, User
from plugdesk_telegram.models import Bot, Part

SENT = (DeliveryState.SENT, None)


@pytest.fixture
def asked(shop, ann):
    """The shop with a ticket of Ann's, its receipt sent."""
    ann.write(shop.token, "The till beeps")
    shop.work()
    return shop


def pdf(name="Счёт №1.pdf"):
    return NewFile(name, b"%PDF-1.4 ...", "application/pdf")


def test_an_answer_comes_to_the_chat(asked, ann):
    number = asked.reply("<p>Restart <b>it</b>. 👍</p>")
    (seen,) = asked.seen(ann)
    assert (asked.state(number), seen.html) == (SENT, "Restart <b>it</b>. 👍")


def test_what_telegram_has_no_marks_for_reads_as_it_was_meant(asked, ann):
    asked.reply(
        "<h2>Two ways</h2><ul><li>Restart</li><li>Call <a href='tel:+4930'>us</a><ol><li>now</li></ol></li></ul>"
        "<table><tr><th>Till</th><th>State</th></tr><tr><td>1</td><td>beeps</td></tr></table><blockquote>said<br>so</blockquote>"
        "<p>See <a href='https://example.org/a'>here</a></p><pre>a &lt; b\n  c</pre>"
    )
    (seen,) = asked.seen(ann)
    assert seen.text == (
        "Two ways\n\n• Restart\n• Call us (+4930)\n   1. now\n\nTill | State\n1 | beeps\n\nsaid\nso\n\nSee here\n\na < b\n  c"
    )
    assert "<b>Two ways</b>" in seen.html and "<blockquote>said\nso</blockquote>" in seen.html
    assert '<a href="https://example.org/a">here</a>' in seen.html and "<pre>a &lt; b\n  c</pre>" in seen.html


def test_a_long_answer_goes_in_parts_with_its_marks(asked, ann):
    words = "ж" * 30 + " 👍 "
    asked.reply("".join(f"<p><b>{number}</b> {words * 30}</p>" for number in range(10)))
    asked.later(seconds=5)
    seen = asked.seen(ann)
    assert len(seen) == 3
    assert "".join("".join(each.text.split()) for each in seen) == "".join(
        f"{number}{''.join((words * 30).split())}" for number in range(10)
    )
    assert sum(each.html.count("<b>") for each in seen) == 10


def test_files_travel_along_each_as_what_it_is(asked, ann):
    asked.reply(files=[pdf(), NewFile("beep.ogg", b"OggS\0", "audio/ogg")])
    text, document, voice = asked.seen(ann)[-3:] if len(asked.seen(ann)) == 3 else (None, *asked.seen(ann))
    assert (document.file.kind, document.file.name, voice.file.kind) == ("document", "Счёт №1.pdf", "voice")
    assert text is None and document.text == "Restart it."


def test_pictures_go_as_an_album_with_the_words_below(asked, ann):
    asked.reply(files=[NewFile(f"{number}.png", picture(), "image/png") for number in range(3)])
    seen = asked.seen(ann)
    assert [each.file.kind for each in seen] == ["photo"] * 3
    assert ([each.text for each in seen], len({each.album for each in seen})) == (["Restart it.", "", ""], 1)


def test_a_picture_in_the_text_stands_where_it_stood(asked, ann):
    with asked.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.role == Role.AGENT)).one()
        message = reply_to_ticket(session, session.get_one(Ticket, 1), agent, body="<p>Here:</p>")
        kept = add_file(session, NewFile("plan.png", picture(), "image/png", inline=True), message=message)
        session.flush()
        message.clean_html = f'<p>Press this:</p><p><img src="/files/{kept.key}"></p><p>Then wait.</p>'
    asked.do_jobs()
    photo, text = asked.seen(ann)
    assert (photo.file.kind, photo.text, text.text) == ("photo", "Press this:", "Then wait.")


def test_a_picture_telegram_does_not_take_as_one_goes_as_a_document(asked, ann, messenger):
    messenger.fail("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    number = asked.reply(files=[NewFile("wide.png", picture(), "image/png")])
    (seen,) = asked.seen(ann)
    assert (asked.state(number), seen.file.kind) == (SENT, "document")


def test_a_file_that_is_too_large_is_said_before_anything_is_sent(asked, ann, monkeypatch):
    monkeypatch.setattr("plugdesk_telegram.planning.BIGGEST_FILE", 10)
    number = asked.reply(files=[pdf("a.pdf")])
    state, why = asked.state(number)
    assert (state, why.split(";")[0], asked.seen(ann)) == (DeliveryState.FAILED, "“a.pdf” has 12 bytes", [])


def test_too_many_requests_waits_as_long_as_telegram_says(asked, ann, messenger):
    messenger.fail("sendMessage", 429, "Too Many Requests: retry after 30", retry_after=30)
    number = asked.reply()
    assert asked.state(number) == (DeliveryState.QUEUED, "Telegram asks for a pause of 30 seconds.")
    asked.later(seconds=20)
    assert asked.seen(ann) == []
    asked.later(seconds=11)
    assert (asked.state(number), len(asked.seen(ann))) == (SENT, 1)


def test_trouble_at_telegram_is_waited_out(asked, ann, messenger):
    messenger.fail("sendMessage", 502, "Bad Gateway", times=2)
    number = asked.reply()
    assert asked.state(number)[0] is DeliveryState.QUEUED
    asked.later(seconds=20)
    asked.later(seconds=20)
    assert (asked.state(number), len(asked.seen(ann))) == (SENT, 1)


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
def test_a_connection_lost_before_the_answer_is_maybe_sent_and_never_repeated(asked, ann, messenger, when, arrived):
    messenger.drop_connection("sendMessage", when)
    number = asked.reply()
    assert asked.state(number) == (DeliveryState.MAYBE, "The connection was lost before Telegram confirmed it.")
    asked.later(days=1)
    assert len(asked.seen(ann)) == arrived
    asked.again(number)
    assert (asked.state(number), len(asked.seen(ann))) == (SENT, arrived + 1)


def test_while_nothing_listens_the_answer_waits_and_says_why(asked, ann, messenger):
    messenger.stop()
    number = asked.reply()
    state, why = asked.state(number)
    assert (state, why.split(":")[0]) == (DeliveryState.QUEUED, "127.0.0.1 cannot be reached")
    with asked.runtime.database.read() as session:
        assert session.scalars(sa.select(Bot.sending_error)).one() == why
    messenger.start()
    asked.later(seconds=20)
    assert (asked.state(number), len(asked.seen(ann))) == (SENT, 1)
    with asked.runtime.database.read() as session:
        assert session.scalars(sa.select(Bot.sending_error)).one() is None


def test_of_an_answer_in_parts_those_that_went_do_not_go_again(asked, ann, messenger):
    messenger.fail("sendDocument", 502, "Bad Gateway")
    number = asked.reply("<p>" + "Words. " * 200 + "</p>", files=[pdf()])
    assert (asked.state(number)[0], len(asked.seen(ann))) == (DeliveryState.QUEUED, 1)
    asked.later(seconds=20)
    text, document = asked.seen(ann)
    assert (asked.state(number), text.file, document.file.name) == (SENT, None, "Счёт №1.pdf")


def test_a_part_nobody_knows_of_is_sent_again_alone(asked, ann, messenger):
    messenger.drop_connection("sendDocument", "before")
    number = asked.reply("<p>" + "Words. " * 200 + "</p>", files=[pdf()])
    assert asked.state(number)[0] is DeliveryState.MAYBE
    asked.clock.advance(timedelta(seconds=5))
    asked.again(number)
    assert [each.file is not None for each in asked.seen(ann)] == [False, True]


def test_a_revoked_token_is_said_on_the_bot_and_on_the_answer(asked, ann, messenger):
    messenger.revoke(asked.token)
    number = asked.reply()
    why = "Telegram does not know this token any more. Ask @BotFather for a new one and enter it here."
    assert asked.state(number) == (DeliveryState.QUEUED, why)
    asked.work()
    with asked.runtime.database.read() as session:
        assert session.execute(sa.select(Bot.error, Bot.sending_error)).one() == (why, why)


def test_a_customer_who_blocked_the_bot_cannot_be_reached_and_the_ticket_says_so(asked, ann):
    ann.block(asked.token)
    number = asked.reply()
    why = "The customer has blocked the bot or left Telegram. Answer another way, or wait until they write again."
    assert asked.state(number) == (DeliveryState.FAILED, why)
    asked.work()
    assert asked.said()[-1] == ("membership", "The customer has blocked the bot: answers do not reach them on Telegram.")
    ann.unblock(asked.token)
    asked.work()
    asked.again(number)
    assert asked.state(number) == SENT


def test_a_customer_who_never_wrote_cannot_be_written_to(shop, ticket):
    ticket.channel = "telegram"
    sa.orm.object_session(ticket).commit()
    number = shop.reply(ticket=ticket.id)
    assert shop.state(number) == (
        DeliveryState.FAILED, "The customer has not written to a bot of this form. Send them its link, or answer another way."
    )  # fmt: skip


def test_forwarding_to_an_address_is_refused_and_never_told_to_the_customer(asked, ann):
    with asked.runtime.database.write() as session:
        agent = session.scalars(sa.select(User).where(User.role == Role.AGENT)).one()
        first = session.get_one(Ticket, 1).messages[0]
        number = forward_message(session, first, agent, to=["maker@example.org"], comment="<p>Between us.</p>").id
    asked.do_jobs()
    assert (asked.state(number)[0], asked.seen(ann)) == (DeliveryState.FAILED, [])


def test_while_the_extension_is_off_an_answer_is_held_and_goes_when_it_is_on(asked, ann):
    asked.switch(on=False)
    number = asked.reply()
    assert (asked.state(number), asked.seen(ann)) == ((DeliveryState.HELD, "Telegram is off on this form."), [])
    asked.switch(on=True)
    asked.do_jobs()
    assert (asked.state(number), len(asked.seen(ann))) == (SENT, 1)


def test_answers_keep_their_order(asked, ann, messenger):
    messenger.fail("sendMessage", 502, "Bad Gateway")
    numbers = [asked.reply(f"<p>{word}</p>") for word in ("one", "two", "three")]
    for _second in range(40):
        asked.later(seconds=1)
    assert [each.text for each in asked.seen(ann)] == ["one", "two", "three"]
    assert [asked.state(number) for number in numbers] == [SENT] * 3


def test_the_pace_of_telegram_is_kept_without_being_told(asked, ann, messenger):
    messenger.limit_rates()
    for number in range(8):
        asked.reply(f"<p>{number}</p>")
    for _second in range(12):
        asked.later(seconds=1)
    assert [each.text for each in asked.seen(ann)] == [str(number) for number in range(8)]
    assert 429 not in [each.code for each in messenger.calls]


def test_a_changed_answer_is_changed_in_the_chat(asked, ann):
    number = asked.reply("<p>Restart it.</p>")
    asked.act(edit_reply, number, body="<p>Restart it <b>twice</b>.</p>")
    assert [each.html for each in asked.seen(ann)] == ["Restart it <b>twice</b>."]


def test_a_changed_caption_is_changed_and_the_file_stays(asked, ann):
    number = asked.reply("<p>See.</p>", files=[pdf()])
    asked.act(edit_reply, number, body="<p>See page 2.</p>")
    (seen,) = asked.seen(ann)
    assert (seen.text, seen.file.name) == ("See page 2.", "Счёт №1.pdf")


def test_an_answer_made_longer_or_shorter_takes_as_many_messages_as_it_needs(asked, ann):
    number = asked.reply("<p>Short.</p>")
    asked.act(edit_reply, number, body="<p>" + "Words. " * 900 + "</p>")
    asked.later(seconds=5)
    assert len(asked.seen(ann)) == 2
    asked.act(edit_reply, number, body="<p>Short again.</p>")
    asked.later(seconds=5)
    assert [each.text for each in asked.seen(ann)] == ["Short again."]


def test_an_answer_is_taken_back_with_all_its_parts(asked, ann):
    number = asked.reply("<p>See.</p>", files=[pdf("a.pdf"), pdf("b.pdf")])
    assert len(asked.seen(ann)) == 3
    asked.act(delete_reply, number)
    asked.later(seconds=5)
    assert asked.seen(ann) == []


def test_after_two_days_it_can_no_longer_be_taken_back(asked, ann):
    number = asked.reply()
    asked.later(hours=49)
    asked.act(delete_reply, number)
    assert (len(asked.seen(ann)), asked.state(number)[1]) == (
        1, "The customer still sees what it said before. Telegram lets a bot take a message back only for 48 hours."
    )  # fmt: skip


def test_the_customers_message_is_answered_where_an_extension_points_at_it(asked, ann):
    receipt = next(each for each in ann.chat(asked.token).messages if each.from_bot)
    question = ann.chat(asked.token).messages[0]
    assert receipt.reply_to == question.id


def test_a_bot_that_was_removed_sends_nothing_and_says_why(asked, ann):
    with asked.runtime.database.write() as session:
        session.delete(session.scalars(sa.select(Bot)).one())
    number = asked.reply()
    assert asked.state(number) == (DeliveryState.FAILED, "This form has no bot yet. Add one under Extensions, Telegram.")
    with asked.runtime.database.read() as session:
        assert session.scalars(sa.select(Part)).all() == []


def test_every_kind_of_file_is_remembered_by_telegrams_number_of_it(asked, ann):
    number = asked.reply(files=[NewFile("a.png", picture(), "image/png"), NewFile("b.png", picture(), "image/png")])
    with asked.runtime.database.read() as session:
        parts = session.scalars(sa.select(Part).where(Part.message_id == number).order_by(Part.number)).all()
        assert [(part.position, part.kind.value) for part in parts] == [(0, "caption"), (0, "file")]
        assert session.get_one(Message, number).external_id == f"{ann.id}/{parts[0].number}"
