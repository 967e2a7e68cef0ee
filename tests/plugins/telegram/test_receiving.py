"""What people write to a bot, in every shape it comes in."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from plugdesk.channels.updates import Update, updates_aside
from plugdesk.testing.messenger import Contact, new_file, picture
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import Identity, User
from plugdesk_telegram.fetching import MOST
from plugdesk_telegram.hearing import hear_words
from plugdesk_telegram.models import Bot
from tests.plugins.telegram.shop import Shop


def attachments(shop, ticket=1):
    with shop.runtime.database.read() as session:
        found = session.scalars(sa.select(Message).where(Message.ticket_id == ticket).order_by(Message.id)).all()
        return [(file.name, file.type, file.size) for message in found for file in message.attachments]


def test_what_somebody_writes_becomes_a_ticket_of_theirs(shop, ann):
    ann.write(shop.token, "The till beeps")
    shop.work()
    with shop.runtime.database.read() as session:
        ticket = session.scalars(sa.select(Ticket)).one()
        (identity,) = ticket.customer.identities
        assert (ticket.subject, ticket.channel, ticket.customer.name) == ("The till beeps", "telegram", "Ann Carter")
        assert (ticket.customer.language, identity.channel, identity.value, identity.shown) == (
            "en",
            "telegram",
            str(ann.id),
            "@ann",
        )


def test_what_they_write_next_goes_to_the_same_ticket(shop, ann):
    for text in ("The till beeps", "Twice a minute"):
        ann.write(shop.token, text)
        shop.work()
    assert (shop.tickets(), [text for who, text in shop.said() if who == "incoming"]) == (1, ["The till beeps", "Twice a minute"])


def test_a_receipt_comes_to_the_chat_in_the_customers_language(shop, boris):
    boris.write(shop.token, "Касса пищит")
    shop.work()
    (receipt,) = [each for each in boris.chat(shop.token).messages if each.from_bot]
    assert receipt.text == "Мы получили ваше обращение 1. Ответ придёт сюда."


def test_emoji_and_letters_from_right_to_left_arrive_as_they_were_written(shop, ann):
    text = "👨‍👩‍👧 שלום 🏳️‍🌈 مرحبا ‏ e\u0301"
    ann.write(shop.token, text)
    shop.work()
    assert shop.said()[0] == ("incoming", text)


def test_formatting_arrives_as_formatting(shop, ann):
    ann.write(
        shop.token,
        '👍 <b>bold <i>and italic</i></b>, <s>old</s> <a href="https://example.org/x">link</a> <code>a &lt; b</code>',
        html=True,
    )
    shop.work()
    with shop.runtime.database.read() as session:
        html = session.scalars(sa.select(Message.clean_html).order_by(Message.id)).first()
    assert (
        "<b>bold <i>and italic</i></b>, <s>old</s>" in html
        and 'href="https://example.org/x"' in html
        and "<code>a &lt; b</code>" in html
    )


def test_a_photo_comes_in_its_largest_size_with_its_words(shop, ann):
    ann.send_photo(shop.token, caption="This is it")
    shop.work()
    assert shop.said()[0] == ("incoming", "This is it")
    assert attachments(shop) == [("photo.jpg", "image/png", len(picture()))]


def test_files_keep_their_name_and_type(shop, ann):
    ann.send_document(shop.token, b"%PDF-1.4 ...", "Счёт №1.pdf", "The bill", mime_type="application/pdf")
    ann.send_voice(shop.token, b"OggS....")
    ann.send_video(shop.token, b"....ftypisom", "film.mp4")
    ann.send_audio(shop.token, b"ID3.....", "song.mp3")
    ann.send_sticker(shop.token, "👍")
    shop.work()
    names = [name for name, _kind, _size in attachments(shop)]
    assert names[:4] == ["Счёт №1.pdf", "voice message.ogg", "film.mp4", "song.mp3"]
    assert [text for who, text in shop.said() if who == "incoming"][-1] == "👍"


def test_the_pictures_of_an_album_are_one_message(shop, ann):
    ann.send_album(shop.token, [new_file("photo", picture()) for _each in range(3)], "Three of them")
    shop.work()
    assert shop.tickets() == 0  # the rest may still come
    shop.later(seconds=3)
    assert [text for who, text in shop.said() if who == "incoming"] == ["Three of them"]
    assert len(attachments(shop)) == 3


def test_a_picture_of_an_album_that_comes_late_joins_it(shop, ann, messenger):
    first, _second = ann.send_album(shop.token, [new_file("photo", picture()), new_file("photo", picture())], "Two")
    waiting = [each.json for each in messenger.pending(shop.token)]
    messenger.bot(shop.token).updates.clear()
    messenger.inject(shop.token, {"message": waiting[0]["message"]}, first.chat.id)
    shop.work()
    shop.later(seconds=3)
    messenger.inject(shop.token, {"message": waiting[1]["message"]}, first.chat.id)
    shop.work()
    shop.later(seconds=3)
    assert ([text for who, text in shop.said() if who == "incoming"], len(attachments(shop))) == (["Two"], 2)


def test_places_and_contacts_become_words(shop, ann, messenger):
    ann.send_location(shop.token, 55.75, 37.62)
    ann.share_contact(shop.token, Contact("+4930123456", "Bob", "Hall"))
    shop.work()
    place, contact = [text for who, text in shop.said() if who == "incoming"]
    assert place.startswith("Place: https://www.openstreetmap.org/?mlat=55.750000&mlon=37.620000")
    assert contact == "Contact: Bob Hall, +4930123456"


def test_what_was_forwarded_says_from_whom(shop, ann):
    ann.write(shop.token, "It beeps", forwarded_from="Bob Hall")
    shop.work()
    assert shop.said()[0] == ("incoming", "Forwarded from Bob Hall:\nIt beeps")


def test_a_message_that_answers_one_of_an_earlier_ticket_goes_there(shop, ann):
    shop.set(one_ticket=False)
    first = ann.write(shop.token, "The till beeps")
    shop.work()
    ann.write(shop.token, "Another thing")
    shop.work()
    ann.write(shop.token, "Still beeping", reply_to=first)
    shop.work()
    assert (shop.tickets(), [text for who, text in shop.said(1) if who == "incoming"]) == (2, ["The till beeps", "Still beeping"])


def test_what_is_edited_is_changed_and_what_it_said_is_kept(shop, ann):
    message = ann.write(shop.token, "The till beps")
    shop.work()
    ann.edit(message, "The till <b>beeps</b>", html=True)
    shop.work()
    with shop.runtime.database.read() as session:
        found = session.scalars(sa.select(Message).where(Message.direction == "incoming")).one()
        assert (found.text, "<b>beeps</b>" in found.clean_html, found.edited_at is not None) == ("The till beeps", True, True)


def out_of_order(shop, messenger):
    """What waits for the bot comes one by one, the latest first, each read before the next one is there."""
    updates = [each.id for each in messenger.pending(shop.token)]
    messenger.bot(shop.token).updates.clear()
    for number in reversed(updates):
        messenger.again(number)
        shop.work()


def test_edits_that_overtake_their_message_are_kept_for_it(shop, ann, messenger):
    ann.write(shop.token, "Hello")
    shop.work()
    message = ann.write(shop.token, "The till beps")
    ann.edit(message, "The till beeps")
    ann.edit(message, "The till beeps twice")
    ann.write(shop.token, "Are you there?")
    out_of_order(shop, messenger)
    said = [text for who, text in shop.said() if who in ("incoming", "raw")]
    assert said == ["Hello", "Are you there?", "The till beeps twice"]
    for update in range(1, 4):
        messenger.again(first_update(shop) + update)
        shop.work()
    shop.later(hours=3)
    assert [text for who, text in shop.said() if who in ("incoming", "raw")] == said


def first_update(shop):
    with shop.runtime.database.read() as session:
        return min(int(each) for each in session.scalars(sa.select(Update.external_id)))


def test_an_edit_of_a_picture_that_overtakes_it_changes_its_caption(shop, ann, messenger):
    message = ann.send_photo(shop.token, caption="Tihs")
    ann.edit(message, "This")
    out_of_order(shop, messenger)
    assert ([text for who, text in shop.said() if who == "incoming"], len(attachments(shop))) == (["This"], 1)


def test_an_edit_whose_message_never_comes_stands_on_the_ticket_after_an_hour(shop, ann, messenger):
    ann.write(shop.token, "Hello")
    shop.work()
    message = ann.write(shop.token, "Lost")
    messenger.bot(shop.token).updates.clear()
    ann.edit(message, "Found")
    shop.work()
    assert [who for who, _text in shop.said()].count("raw") == 0
    shop.later(hours=1, minutes=11)
    assert [text for who, text in shop.said() if who == "raw" and "Found" in text]
    shop.later(hours=2)
    assert [who for who, _text in shop.said()].count("raw") == 1


def test_a_caption_is_edited_without_losing_the_picture(shop, ann):
    message = ann.send_photo(shop.token, caption="Thsi")
    shop.work()
    ann.edit(message, "This")
    shop.work()
    assert (shop.said()[0], len(attachments(shop))) == (("incoming", "This"), 1)


def test_a_file_larger_than_bots_are_given_is_named_in_the_message(shop, ann):
    ann.send_document(shop.token, b"...", "film.mkv", "Look", size=MOST + 1)
    shop.work()
    assert shop.said()[0][1] == "Look\n(The file “film.mkv” of 21 MB stayed at Telegram: a bot is given at most 20 MB.)"


def test_a_link_that_has_expired_is_asked_for_anew(shop, ann, messenger):
    messenger.fail("file", 404, "Not Found")
    ann.send_document(shop.token, b"abc", "a.txt")
    shop.work()
    assert attachments(shop)[0][0] == "a.txt"
    assert [each.method for each in messenger.calls].count("getFile") == 2


def test_while_a_file_cannot_be_fetched_the_message_waits_and_is_whole_then(shop, ann, messenger):
    messenger.fail("getFile", 502, "Bad Gateway", times=2)
    ann.send_document(shop.token, b"abc", "a.txt", "Look")
    shop.work()
    assert shop.tickets() == 0
    shop.later(seconds=6)
    shop.later(seconds=6)
    assert (shop.said()[0], len(attachments(shop))) == (("incoming", "Look"), 1)


def test_after_a_day_the_words_come_without_the_file(shop, ann, messenger):
    messenger.fail("getFile", 502, "Bad Gateway", times=1000)
    ann.send_document(shop.token, b"abc", "a.txt", "Look")
    shop.work()
    shop.later(days=1, minutes=1)
    assert shop.said()[0] == ("incoming", "Look\n(The file “a.txt” could not be fetched from Telegram.)")


@pytest.mark.parametrize("update", [{"message_reaction": {"x": 1}}, {"poll_answer": {"poll_id": "1"}}, {"something_new": [1]}])
def test_an_update_of_an_unknown_kind_is_kept_as_a_note_or_at_least_taken(shop, ann, messenger, update):
    ann.write(shop.token, "The till beeps")
    shop.work()
    kind = next(iter(update))
    about = update[kind]
    if isinstance(about, dict):
        about |= {"user": {"id": ann.id, "is_bot": False, "first_name": "Ann"}}
    messenger.inject(shop.token, update)
    shop.work()
    notes = [text for who, text in shop.said() if who == "raw"]
    assert len(notes) == isinstance(about, dict) and all(kind in note for note in notes)


def test_a_message_with_something_unknown_in_it_says_so(shop, ann, messenger):
    about = {
        "message_id": 900,
        "date": 1,
        "chat": {"id": ann.id, "type": "private"},
        "from": {"id": ann.id, "is_bot": False, "first_name": "Ann"},
    }
    messenger.inject(shop.token, {"message": about | {"hologram": {"x": 1}}}, ann.id)
    shop.work()
    assert shop.said()[0] == ("incoming", "(Something Telegram has and this desk cannot show: hologram)")


def test_an_update_told_again_changes_nothing(shop, ann, messenger):
    ann.write(shop.token, "The till beeps")
    number = messenger.pending(shop.token)[0].id
    shop.work()
    messenger.again(number)
    shop.work()
    assert shop.said() == [("incoming", "The till beeps"), ("receipt", shop.said()[1][1])]


def test_the_same_message_under_another_number_changes_nothing(shop, ann, messenger):
    ann.write(shop.token, "The till beeps")
    update = messenger.pending(shop.token)[0].json
    shop.work()
    messenger.inject(shop.token, {"message": update["message"]}, ann.id)
    shop.work()
    assert len([who for who, _text in shop.said() if who == "incoming"]) == 1


def test_telegram_is_told_that_we_have_an_update_only_after_it_is_stored(shop, ann, messenger):
    ann.write(shop.token, "The till beeps")
    with shop.runtime.database.write() as session:
        session.execute(sa.text("ALTER TABLE channel_update RENAME TO channel_update_away"))
    shop.work()
    assert len(messenger.pending(shop.token)) == 1
    with shop.runtime.database.write() as session:
        session.execute(sa.text("ALTER TABLE channel_update_away RENAME TO channel_update"))
    shop.later(minutes=10)
    assert (shop.tickets(), messenger.pending(shop.token)) == (1, [])


def test_while_telegram_is_away_it_is_said_and_what_waited_comes_once(shop, ann, messenger):
    ann.write(shop.token, "The till beeps")
    messenger.away()
    shop.work()
    with shop.runtime.database.read() as session:
        assert "cannot be reached" in session.scalars(sa.select(Bot.error)).one()
    shop.later(hours=23)
    messenger.back()
    shop.later(minutes=1)
    with shop.runtime.database.read() as session:
        assert session.scalars(sa.select(Bot.error)).one() is None
    assert [who for who, _text in shop.said()].count("incoming") == 1


def test_switched_off_nothing_is_fetched_and_on_again_nothing_comes_twice(shop: Shop, ann, messenger):
    ann.write(shop.token, "The till beeps")
    shop.work()
    shop.switch(on=False)
    ann.write(shop.token, "Hello?")
    shop.work()
    assert ([text for who, text in shop.said() if who == "incoming"], len(messenger.pending(shop.token))) == (
        ["The till beeps"],
        1,
    )
    shop.switch(on=True)
    shop.work()
    assert [text for who, text in shop.said() if who == "incoming"] == ["The till beeps", "Hello?"]


def test_an_update_that_cannot_be_read_is_put_aside_and_the_next_one_is_taken(shop, ann, messenger, monkeypatch):
    shop.runtime.executor.strict = False
    ann.write(shop.token, "bad")
    ann.write(shop.token, "The till beeps")

    def broken(ctx, bot, said, update):
        if said.words == "bad":
            raise RuntimeError("no")
        hear_words(ctx, bot, said, update)

    monkeypatch.setattr("plugdesk_telegram.take.hear_words", broken)
    shop.work()
    for _try in range(6):
        shop.later(hours=7)
    assert [text for who, text in shop.said() if who == "incoming"] == ["The till beeps"]
    with shop.runtime.database.read() as session:
        assert [each.problem for each in updates_aside(session, "telegram", 1)] == ["RuntimeError: no"]


def test_a_customer_who_changes_their_name_is_shown_by_the_new_one(shop, ann):
    ann.write(shop.token, "The till beeps")
    shop.work()
    ann.username = "ann_new"
    ann.write(shop.token, "Hello")
    shop.work()
    with shop.runtime.database.read() as session:
        assert session.scalars(sa.select(Identity.shown)).all() == ["@ann_new"]
        assert session.scalar(sa.select(sa.func.count()).where(User.role == "customer")) == 1


def test_what_goes_wrong_is_said_in_the_desks_language(shop, ann, messenger):
    with shop.runtime.database.write() as session:
        shop.runtime.desk(session).language = "ru"
    messenger.fail("getUpdates", 401, "Unauthorized")
    shop.work()
    with shop.runtime.database.read() as session:
        assert session.scalars(sa.select(Bot.error)).one().startswith("Telegram больше не знает этот токен.")
