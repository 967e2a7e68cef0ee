"""People are played from Python: what they do is told to the bots as Telegram tells it, and seen in the chats."""

from __future__ import annotations

from typing import Any

import pytest

from plugdesk.clock import MovableClock
from plugdesk.testing.messenger import Contact, Entity, LocalMessenger, Person, PressAnswer, new_file, picture
from plugdesk.testing.messenger.pictures import dimensions
from tests.core.testing.messenger.calls import Api

BUTTONS = {"inline_keyboard": [[{"text": "★★★★★", "callback_data": "r5"}, {"text": "Site", "url": "https://example.com"}]]}


@pytest.fixture
def asked(api: Api, ann: Person, token: str) -> Any:
    api.updates()
    api.ok("sendMessage", chat_id=ann.id, text="How was it?", reply_markup=BUTTONS)
    return ann.chat(token).messages[-1]


def test_a_link_with_a_payload_arrives_as_a_command(api: Api, ann: Person, token: str) -> None:
    ann.start(token, "bind-42_x")
    message = api.updates()[-1]["message"]
    assert message["text"] == "/start bind-42_x"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    with pytest.raises(ValueError, match="payload"):
        ann.start(token, "a b")


def test_a_text_may_have_marks_an_answered_message_and_an_origin(api: Api, ann: Person, token: str) -> None:
    first = ann.write(token, "<b>Bold</b>", html=True)
    ann.write(token, "👍 so", entities=[Entity("italic", 3, 2)], reply_to=first, forwarded_from="Carl")
    _, marked, second = (update["message"] for update in api.updates())
    assert marked["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert second["reply_to_message"]["message_id"] == first.id and "reply_to_message" not in second["reply_to_message"]
    assert second["forward_origin"]["sender_user_name"] == "Carl"
    assert second["from"] == {
        "id": ann.id,
        "is_bot": False,
        "first_name": "Ann",
        "last_name": "Carter",
        "username": "ann",
        "language_code": "en",
    }


def test_a_photo_comes_in_sizes_the_largest_last(api: Api, ann: Person, token: str) -> None:
    ann.send_photo(token, picture(800, 600), "The till")
    message = api.updates()[-1]["message"]
    small, large = message["photo"]
    assert (message["caption"], large["width"], large["height"], small["width"]) == ("The till", 800, 600, 90)
    assert small["file_unique_id"] != large["file_unique_id"]
    ann.send_photo(token, picture(20, 20))
    assert len(api.updates()[-1]["message"]["photo"]) == 1


def test_every_kind_of_file_has_what_telegram_says_of_it(api: Api, ann: Person, token: str) -> None:
    ann.send_document(token, b"%PDF", "чек.pdf", "Receipt")
    ann.send_voice(token, duration=7)
    ann.send_audio(token)
    ann.send_video(token)
    ann.send_video_note(token)
    ann.send_sticker(token, "🔥")
    ann.send_location(token, 55.75, 37.61)
    messages = [update["message"] for update in api.updates()[1:]]
    kinds = ["document", "voice", "audio", "video", "video_note", "sticker", "location"]
    document, voice, _, _, note, sticker, place = (message[kind] for message, kind in zip(messages, kinds, strict=True))
    assert (document["file_name"], document["mime_type"], document["file_size"]) == ("чек.pdf", "application/pdf", 4)
    assert (voice["duration"], voice["mime_type"], note["length"], sticker["emoji"]) == (7, "audio/ogg", 384, "🔥")
    assert place == {"latitude": 55.75, "longitude": 37.61}


def test_an_album_is_several_messages_the_first_with_the_caption(api: Api, ann: Person, token: str) -> None:
    ann.send_album(token, [new_file("photo", picture()), new_file("document", b"x", "a.txt")], "Both")
    first, second = (update["message"] for update in api.updates()[1:])
    assert first["media_group_id"] == second["media_group_id"]
    assert (first["caption"], "caption" in second, "document" in second) == ("Both", False, True)
    with pytest.raises(ValueError, match="2 to 10"):
        ann.send_album(token, [new_file("photo", picture())])


def test_ones_own_message_is_edited_and_the_bot_is_told(api: Api, ann: Person, token: str, clock: MovableClock) -> None:
    message = ann.write(token, "It beeps")
    api.updates()
    clock.advance(minutes=5)
    edited = ann.edit(message, "It beeps <b>twice</b>", html=True)
    (update,) = api.updates()
    told = update["edited_message"]
    assert (told["message_id"], told["text"], told["edit_date"]) == (message.id, "It beeps twice", int(clock.now().timestamp()))
    assert ann.chat(token).messages[-1] == edited and edited.edited == clock.now()


def test_a_bot_is_told_nothing_of_what_was_deleted(api: Api, ann: Person, token: str) -> None:
    message = ann.write(token, "Secret")
    api.updates()
    ann.delete(message)
    assert api.updates() == [] and message.text not in [each.text for each in ann.chat(token).messages]
    assert ann.chat(token).history[-1].deleted
    with pytest.raises(ValueError, match="own messages"):
        ann.edit(message, "x")


def test_a_press_spins_until_the_bot_answers(api: Api, ann: Person, asked: Any) -> None:
    press = ann.press(asked, "★★★★★")
    assert press.spinning and press.wait(0) is None
    (update,) = api.updates()
    query = update["callback_query"]
    assert (query["id"], query["data"], query["from"]["id"], query["message"]["message_id"]) == (press.id, "r5", ann.id, asked.id)
    api.ok("answerCallbackQuery", callback_query_id=query["id"], text="Thank you!", show_alert=True)
    assert press.wait() == PressAnswer("Thank you!", alert=True) and not press.spinning


def test_a_press_can_be_answered_for_a_while_only(api: Api, ann: Person, asked: Any, clock: MovableClock) -> None:
    press = ann.press(asked, asked.button("★★★★★"))
    refusal = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert api.refused("answerCallbackQuery", callback_query_id="1") == (400, refusal)
    too_long = api.refused("answerCallbackQuery", callback_query_id=press.id, text="x" * 201)
    assert too_long == (400, "Bad Request: MESSAGE_TOO_LONG")
    clock.advance(seconds=150)
    assert api.refused("answerCallbackQuery", callback_query_id=press.id) == (400, refusal)
    assert press.spinning


def test_only_a_button_that_is_there_and_tells_something_can_be_pressed(api: Api, ann: Person, asked: Any, token: str) -> None:
    with pytest.raises(ValueError, match="opens"):
        ann.press(asked, "Site")
    with pytest.raises(LookupError, match="no button"):
        ann.press(asked, "★")
    api.ok("editMessageReplyMarkup", chat_id=ann.id, message_id=asked.id)
    with pytest.raises(LookupError, match="no button"):
        ann.press(asked, "★★★★★")
    api.ok("deleteMessage", chat_id=ann.id, message_id=asked.id)
    with pytest.raises(ValueError, match="gone"):
        ann.press(asked, "★★★★★")


def test_a_contact_says_whose_it_is(api: Api, ann: Person, bob: Person, token: str) -> None:
    ann.share_contact(token)
    ann.share_contact(token, bob)
    ann.share_contact(token, Contact("+100", "Mum"))
    own, other, unknown = (update["message"]["contact"] for update in api.updates()[1:])
    assert own == {"phone_number": "+79001234567", "first_name": "Ann", "last_name": "Carter", "user_id": ann.id}
    assert (other["user_id"], unknown) == (bob.id, {"phone_number": "+100", "first_name": "Mum"})


def test_a_keyboard_for_one_use_goes_when_it_was_used(api: Api, ann: Person, token: str) -> None:
    keyboard = {"keyboard": [[{"text": "My number", "request_contact": True}]], "one_time_keyboard": True}
    api.ok("sendMessage", chat_id=ann.id, text="Your number?", reply_markup=keyboard)
    ann.share_contact(token)
    assert ann.chat(token).keyboard is None


def test_who_blocks_a_bot_is_not_reached_until_it_is_unblocked(api: Api, ann: Person, token: str) -> None:
    api.updates()
    ann.block(token)
    ann.block(token)
    assert api.refused("sendMessage", chat_id=ann.id, text="x") == (403, "Forbidden: bot was blocked by the user")
    with pytest.raises(ValueError, match="Unblock"):
        ann.write(token, "x")
    ann.unblock(token)
    api.ok("sendMessage", chat_id=ann.id, text="x")
    statuses = [update["my_chat_member"]["new_chat_member"]["status"] for update in api.updates()]
    assert statuses == ["kicked", "member"]


def test_who_left_telegram_is_not_reached(api: Api, ann: Person, token: str) -> None:
    ann.deactivate()
    assert api.refused("sendMessage", chat_id=ann.id, text="x") == (403, "Forbidden: user is deactivated")
    with pytest.raises(ValueError, match="no account"):
        ann.write(token, "x")


def test_a_bot_cannot_write_first(messenger: LocalMessenger, api: Api, ann: Person, bob: Person, token: str) -> None:
    assert api.refused("sendMessage", chat_id=bob.id, text="x") == (400, "Bad Request: chat not found")
    group = messenger.group("Team", ann, [bob, token])
    bob.write(group, "@shop_bot hello")
    refusal = (403, "Forbidden: bot can't initiate conversation with a user")
    assert api.refused("sendMessage", chat_id=bob.id, text="x") == refusal


def test_a_person_cannot_do_what_telegrams_apps_do_not_offer(
    messenger: LocalMessenger, ann: Person, bob: Person, token: str
) -> None:
    with pytest.raises(ValueError, match="4096"):
        ann.write(token, "x" * 4097)
    with pytest.raises(ValueError, match="nothing to send"):
        ann.write(token, "  ")
    with pytest.raises(ValueError, match="the chat of Ann"):
        bob.write(ann.chat(token), "x")
    with pytest.raises(ValueError, match="cannot write in Team"):
        bob.write(messenger.group("Team", ann), "x")


def test_in_a_group_a_bot_sees_only_what_is_meant_for_it(
    messenger: LocalMessenger, api: Api, ann: Person, bob: Person, token: str
) -> None:
    group = messenger.group("Team", ann, [bob, token])
    said = api.ok("sendMessage", chat_id=group.id, text="I am here")
    api.updates()
    bob.write(group, "Lunch?")
    bob.write(group, "/help")
    bob.write(group, "/help@shop_bot")
    bob.write(group, "/help@other_bot")
    bob.write(group, "Hey @Shop_Bot")
    bob.write(group, "Thanks", reply_to=next(message for message in group.messages if message.id == said["message_id"]))
    assert [update["message"]["text"] for update in api.updates()] == ["/help", "/help@shop_bot", "Hey @Shop_Bot", "Thanks"]


def test_a_bare_command_is_for_the_bot_that_spoke_last(messenger: LocalMessenger, api: Api, ann: Person, token: str) -> None:
    other = messenger.add_bot("Other", "other_bot")
    group = messenger.group("Team", ann, [token, other])
    api.updates()
    ann.write(group, "/one")
    api.ok("sendMessage", chat_id=group.id, text="Here")
    ann.write(group, "/two")
    assert [update["message"]["text"] for update in api.updates()] == ["/two"]
    assert not any("text" in update.json["message"] for update in messenger.pending(other) if update.kind == "message")


@pytest.mark.parametrize("way", ["administrator", "no privacy"])
def test_a_bot_may_be_let_to_see_everything(messenger: LocalMessenger, api: Api, ann: Person, token: str, way: str) -> None:
    group = messenger.group("Team", ann, [token])
    if way == "administrator":
        group.promote(token)
    else:
        messenger.bot(token).privacy = False
    api.updates()
    message = ann.write(group, "Lunch?")
    ann.edit(message, "Dinner?")
    assert [next(iter(set(update) - {"update_id"})) for update in api.updates()] == ["message", "edited_message"]


def test_a_bot_is_told_how_it_stands_in_a_group(messenger: LocalMessenger, api: Api, ann: Person, token: str) -> None:
    group = messenger.group("Team", ann, [token])
    group.promote(token)
    group.demote(token)
    group.rename("Crew")
    group.remove(token)
    group.add(token)
    api.ok("leaveChat", chat_id=group.id)
    statuses = [update["my_chat_member"]["new_chat_member"]["status"] for update in api.updates() if "my_chat_member" in update]
    assert statuses == ["member", "administrator", "member", "kicked", "member", "left"]
    assert group.title == "Crew" and api.refused("leaveChat", chat_id=ann.id)[0] == 400


@pytest.mark.parametrize(("supergroup", "kind"), [(False, "group"), (True, "supergroup")])
def test_a_bot_that_was_put_out_of_a_group_cannot_write_there(
    messenger: LocalMessenger, api: Api, ann: Person, token: str, supergroup: bool, kind: str
) -> None:
    group = messenger.group("Team", ann, [token], supergroup=supergroup)
    assert (group.id < -1_000_000_000_000) is supergroup
    group.remove(token)
    assert api.refused("sendMessage", chat_id=group.id, text="x") == (403, f"Forbidden: bot was kicked from the {kind} chat")
    group.add(token)
    api.ok("leaveChat", chat_id=group.id)
    assert api.refused("sendMessage", chat_id=group.id, text="x") == (403, f"Forbidden: bot is not a member of the {kind} chat")


def test_a_group_becomes_a_supergroup_and_says_where_it_went(
    messenger: LocalMessenger, api: Api, ann: Person, token: str
) -> None:
    group = messenger.group("Team", ann, [token])
    api.updates()
    new = group.become_supergroup()
    to, from_ = (update["message"] for update in api.updates())
    assert (to["chat"]["id"], to["migrate_to_chat_id"]) == (group.id, new.id)
    assert (from_["chat"]["id"], from_["migrate_from_chat_id"]) == (new.id, group.id)
    answer = api.answer("sendMessage", chat_id=group.id, text="x").json()
    assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer["parameters"] == {"migrate_to_chat_id": new.id}
    assert api.ok("sendMessage", chat_id=new.id, text="x")["chat"]["type"] == "supergroup"
    with pytest.raises(ValueError, match="cannot write"):
        ann.write(group, "x")


def test_in_a_group_only_an_administrator_deletes_what_others_wrote(
    messenger: LocalMessenger, api: Api, ann: Person, token: str
) -> None:
    group = messenger.group("Team", ann, [token])
    where = {"chat_id": group.id, "message_id": ann.write(group, "/help").id}
    assert api.refused("deleteMessage", **where) == (400, "Bad Request: message can't be deleted for everyone")
    refusal = api.refused("deleteMessages", chat_id=group.id, message_ids=[where["message_id"]])
    assert refusal == (400, "Bad Request: message can't be deleted for everyone")
    group.promote(token)
    assert api.ok("deleteMessage", **where) is True


def test_numbers_are_asked_for_in_private_only(messenger: LocalMessenger, api: Api, ann: Person, token: str) -> None:
    group = messenger.group("Team", ann, [token])
    keyboard = {"keyboard": [[{"text": "My number", "request_contact": True}]]}
    refusal = api.refused("sendMessage", chat_id=group.id, text="?", reply_markup=keyboard)
    assert refusal == (400, "Bad Request: phone number can be requested in private chats only")


def test_a_reaction_is_put_changed_and_taken_back(api: Api, ann: Person, token: str) -> None:
    message = ann.write(token, "Well")
    api.updates(allowed_updates=["message_reaction"])
    for emoji in ("👍", "❤", None):
        ann.react(message, emoji)
    told = [update["message_reaction"] for update in api.updates()]
    assert [[each["emoji"] for each in one["new_reaction"]] for one in told] == [["👍"], ["❤"], []]
    assert [each["emoji"] for each in told[1]["old_reaction"]] == ["👍"]


def test_everything_there_is_can_be_listed(messenger: LocalMessenger, ann: Person, bob: Person, token: str) -> None:
    group = messenger.group("Team", ann)
    assert (messenger.people, messenger.bots, messenger.chats) == ([ann, bob], [messenger.bot(token)], [ann.chat(token), group])
    assert messenger.chat(token, ann.id) is ann.chat(token) and messenger.chat(token, group.id) is group
    with pytest.raises(ValueError, match="taken"):
        messenger.add_bot("Shop", "Shop_Bot")


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (picture(7, 5), (7, 5)),
        (b"GIF89a\x07\x00\x05\x00", (7, 5)),
        (b"BM" + bytes(16) + b"\x07\0\0\0\xfb\xff\xff\xff", (7, 5)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x05\x00\x07\x01\x01\x11\x00", (7, 5)),
        (b"\xff\xd8\xff", (800, 600)),
        (b"text", None),
    ],
)
def test_the_sides_of_a_picture_are_read_from_its_beginning(data: bytes, size: tuple[int, int] | None) -> None:
    assert dimensions(data) == size
