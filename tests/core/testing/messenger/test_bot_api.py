"""The local messenger's Bot API over a real socket: addresses, answers, sending, changing, files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from plugdesk.clock import MovableClock
from plugdesk.testing.kit import MONDAY_MORNING
from plugdesk.testing.messenger import LocalMessenger, Person, ReplyButton, picture
from tests.core.testing.messenger.calls import Api

# Ten megabytes when drawn, and Telegram looks at its beginning only.
HUGE = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + (9000).to_bytes(4) + (1001).to_bytes(4)


def test_a_bot_learns_who_it_is(messenger: LocalMessenger, api: Api, token: str) -> None:
    me = api.ok("getMe")
    assert (me["id"], me["is_bot"], me["first_name"], me["username"]) == (int(token.split(":")[0]), True, "Shop", "shop_bot")
    assert me["id"] > 2**32


@pytest.mark.parametrize("way", ["query", "form", "json", "multipart", "capitals"])
def test_arguments_come_in_every_way_that_is_documented(api: Api, ann: Person, token: str, way: str) -> None:
    arguments = {"chat_id": str(ann.id), "text": "Привет 👍"}
    address = f"/bot{token}/sendMessage"
    answer = {
        "query": lambda: api.http.get(address, params=arguments),
        "form": lambda: api.http.post(address, data=arguments),
        "json": lambda: api.http.post(address, json=arguments),
        "multipart": lambda: api.http.post(address, files={name: (None, value) for name, value in arguments.items()}),
        "capitals": lambda: api.http.get(address.upper().replace(token.upper(), token).replace("/BOT", "/bot"), params=arguments),
    }[way]()
    assert answer.json()["result"]["text"] == ann.chat(token).messages[-1].text == "Привет 👍"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", (404, "Not Found")),
        ("/botnonsense/getMe", (404, "Not Found")),
        ("/bot12:tooshort/getMe", (404, "Not Found")),
        ("/bot1234567890:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/getMe", (401, "Unauthorized")),
        ("/bot{token}/getMoon", (404, "Not Found: method not found")),
        ("/file/bot{token}/photos/file_1.jpg", (404, "Not Found")),
        ("/file/bot1234567890:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/a", (401, "Unauthorized")),
    ],
)
def test_a_wrong_address_is_refused_as_telegram_does(api: Api, token: str, path: str, expected: tuple[int, str]) -> None:
    answer = api.http.get(path.format(token=token))
    assert (answer.status_code, answer.json()["description"]) == expected
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(api: Api, token: str, body: bytes) -> None:
    answer = api.http.post(f"/bot{token}/getMe", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_a_message_is_seen_by_the_person_and_told_back_to_the_bot(api: Api, ann: Person, token: str) -> None:
    said = api.ok("sendMessage", chat_id=ann.id, text="<b>Hi</b>, Ann 👍 <i>!</i>", parse_mode="HTML")
    seen = ann.chat(token).messages[-1]
    assert said["text"] == seen.text == "Hi, Ann 👍 !"
    assert [(mark["type"], mark["offset"], mark["length"]) for mark in said["entities"]] == [("bold", 0, 2), ("italic", 11, 1)]
    assert (seen.html, seen.from_bot, seen.id) == ("<b>Hi</b>, Ann 👍 <i>!</i>", True, said["message_id"])
    assert said["date"] == int(MONDAY_MORNING.timestamp())
    assert said["chat"] == {"id": ann.id, "type": "private", "first_name": "Ann", "last_name": "Carter", "username": "ann"}


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": 1, "text": "x"}, "chat not found"),
        ({"chat_id": -1, "text": "x"}, "chat not found"),
        ({"chat_id": "@nobody", "text": "x"}, "chat not found"),
        ({"chat_id": "ANN"}, "message text is empty"),
        ({"chat_id": "ANN", "text": "  \n"}, "text must be non-empty"),
        ({"chat_id": "ANN", "text": "👍" * 2049}, "message is too long"),
        ({"chat_id": "ANN", "text": "x" * 40_000}, "text is too long"),
        ({"chat_id": "ANN", "text": "x", "parse_mode": "RTF"}, "unsupported parse_mode"),
        ({"chat_id": "ANN", "text": "x", "reply_parameters": {"message_id": 999}}, "message to be replied not found"),
        ({"chat_id": "ANN", "text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"chat_id": "ANN", "text": "x", "reply_markup": []}, "object expected as reply markup"),
        (
            {"chat_id": "ANN", "text": "x", "reply_markup": {"inline_keyboard": [{"text": "5"}]}},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        (
            {"chat_id": "ANN", "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "5"}]]}},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"chat_id": "ANN", "text": "x", "reply_markup": {"inline_keyboard": [[{"callback_data": "5"}]]}},
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            {"chat_id": "ANN", "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "5", "callback_data": "я" * 33}]]}},
            "BUTTON_DATA_INVALID",
        ),
        (
            {"chat_id": "ANN", "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "5", "url": "no url"}]]}},
            "inline keyboard button URL 'no url' is invalid: Wrong HTTP URL",
        ),
    ],
)
def test_a_message_that_cannot_be_sent_is_refused_in_telegrams_words(
    api: Api, ann: Person, arguments: dict[str, Any], refusal: str
) -> None:
    if arguments.get("chat_id") == "ANN":
        arguments = arguments | {"chat_id": ann.id}
    assert api.refused("sendMessage", **arguments) == (400, f"Bad Request: {refusal}")


def test_a_text_may_have_4096_utf_16_units_after_its_marks_are_taken_out(api: Api, ann: Person) -> None:
    assert len(api.ok("sendMessage", chat_id=ann.id, text=f"<b>{'👍' * 2048}</b>", parse_mode="HTML")["text"]) == 2048
    assert len(api.ok("sendMessage", chat_id=ann.id, text="x" * 4096)["text"]) == 4096


def test_buttons_stand_under_the_message_with_64_bytes_each(api: Api, ann: Person, token: str) -> None:
    keyboard = [[{"text": "★★★", "callback_data": "я" * 32}, {"text": "Site", "url": "example.com"}]]
    sent = api.ok("sendMessage", chat_id=ann.id, text="Rate us", reply_markup={"inline_keyboard": keyboard})
    assert sent["reply_markup"]["inline_keyboard"][0][0] == keyboard[0][0]
    stars, site = ann.chat(token).messages[-1].buttons[0]
    assert (stars.data, site.url) == ("я" * 32, "http://example.com/")


def test_a_keyboard_that_asks_for_the_number_comes_and_goes(api: Api, ann: Person, token: str) -> None:
    keyboard = {"keyboard": [[{"text": "My number", "request_contact": True}, "No"]], "one_time_keyboard": True}
    api.ok("sendMessage", chat_id=ann.id, text="Your number?", reply_markup=keyboard)
    shown = ann.chat(token).keyboard
    assert shown and shown.buttons == [ReplyButton("My number", request_contact=True), ReplyButton("No")]
    api.ok("sendMessage", chat_id=ann.id, text="Never mind", reply_markup={"remove_keyboard": True})
    assert ann.chat(token).keyboard is None


def test_a_reply_shows_what_it_answers_and_may_go_without(api: Api, ann: Person, token: str) -> None:
    asked = ann.write(token, "Where is it?")
    answer = api.ok("sendMessage", chat_id=ann.id, text="Here", reply_parameters={"message_id": asked.id})
    assert answer["reply_to_message"]["text"] == "Where is it?"
    assert ann.chat(token).messages[-1].reply_to == asked.id
    lone = {"message_id": 999, "allow_sending_without_reply": True}
    assert "reply_to_message" not in api.ok("sendMessage", chat_id=ann.id, text="Here", reply_parameters=lone)


def test_a_preview_of_links_can_be_declined(api: Api, ann: Person) -> None:
    sent = api.ok("sendMessage", chat_id=ann.id, text="https://example.com", link_preview_options={"is_disabled": True})
    assert sent["link_preview_options"] == {"is_disabled": True}
    assert sent["entities"] == [{"type": "url", "offset": 0, "length": 19}]


@pytest.mark.parametrize("kind", ["photo", "document", "voice", "audio", "video"])
def test_a_file_is_uploaded_fetched_again_and_sent_by_its_id(api: Api, ann: Person, token: str, kind: str) -> None:
    data = picture() if kind == "photo" else b"\x00\x01 bytes"
    method = f"send{kind.title()}"
    sent = api.sent(method, {"chat_id": ann.id, "caption": "*Look*", "parse_mode": "MarkdownV2"}, **{kind: ("чек.bin", data)})
    content = sent.json()["result"][kind]
    file_id = (content[-1] if kind == "photo" else content)["file_id"]
    fetched = api.ok("getFile", file_id=file_id)
    assert api.http.get(f"/file/bot{token}/{fetched['file_path']}").content == data
    assert fetched["file_size"] == len(data)
    api.ok(method, chat_id=ann.id, **{kind: file_id})
    first, second = ann.chat(token).messages[-2:]
    assert first.file == second.file and first.file and first.file.data == data
    assert (first.html, first.file.name) == ("<b>Look</b>", "чек.bin")


def test_a_file_may_stand_in_any_part_that_is_named(api: Api, ann: Person, token: str) -> None:
    api.sent("sendDocument", {"chat_id": ann.id, "document": "attach://part"}, part=("a.txt", b"hello"))
    file = ann.chat(token).messages[-1].file
    assert file and (file.name, file.mime_type, file.data) == ("a.txt", "text/plain", b"hello")


def test_a_body_sent_in_chunks_is_read(api: Api, ann: Person, token: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"chat_id": %d, ' % ann.id
        yield b'"text": "In pieces"}'

    headers = {"Content-Type": "application/json"}
    assert api.http.post(f"/bot{token}/sendMessage", content=chunks(), headers=headers).status_code == 200
    assert ann.chat(token).messages[-1].text == "In pieces"


@pytest.mark.parametrize(
    ("method", "fields", "parts", "refusal"),
    [
        ("sendPhoto", {}, {}, "there is no photo in the request"),
        ("sendDocument", {"document": "attach://other"}, {}, "there is no document in the request"),
        ("sendDocument", {}, {"document": ("a.txt", b"")}, "file must be non-empty"),
        ("sendDocument", {"document": "BQACnonsense"}, {}, "wrong remote file identifier specified: Wrong string length"),
        ("sendDocument", {"document": "https://example.com/a"}, {}, "failed to get HTTP URL content"),
        ("sendPhoto", {}, {"photo": ("a.png", b"no picture")}, "IMAGE_PROCESS_FAILED"),
        ("sendPhoto", {}, {"photo": ("a.png", HUGE)}, "PHOTO_INVALID_DIMENSIONS"),
        ("sendPhoto", {}, {"photo": ("a.png", picture(2100, 100))}, "PHOTO_INVALID_DIMENSIONS"),
        ("sendPhoto", {"caption": "x" * 1025}, {"photo": ("a.png", picture())}, "message caption is too long"),
        ("sendMediaGroup", {"media": "{"}, {}, "can't parse media JSON object"),
        ("sendMediaGroup", {"media": "[]"}, {}, "too few messages to send as an album"),
        ("sendMediaGroup", {"media": json.dumps([{}] * 11)}, {}, "too many messages to send as an album"),
        (
            "sendMediaGroup",
            {"media": json.dumps([{"type": "photo", "media": "attach://p"}, {"type": "document", "media": "attach://d"}])},
            {"p": ("a.png", picture()), "d": ("a.txt", b"x")},
            "can't use the media of the specified type in the album",
        ),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused(
    api: Api, ann: Person, method: str, fields: dict[str, str], parts: dict[str, Any], refusal: str
) -> None:
    answer = api.sent(method, {"chat_id": str(ann.id)} | fields, **parts)
    assert (answer.status_code, answer.json()["description"]) == (400, f"Bad Request: {refusal}")


def test_a_photo_of_more_than_10_mb_and_a_file_of_more_than_50_are_refused(api: Api, ann: Person) -> None:
    large = picture() + bytes(10 << 20)
    answer = api.sent("sendPhoto", {"chat_id": ann.id}, photo=("a.png", large))
    assert answer.json()["description"] == (
        f"Bad Request: file of size {len(large)} bytes is too big for a photo; the maximum size is 10485760 bytes"
    )
    answer = api.sent("sendDocument", {"chat_id": ann.id}, document=("a.bin", bytes((50 << 20) + 1)))
    assert (answer.status_code, answer.json()["description"]) == (413, "Request Entity Too Large")
    assert api.http.post(f"/bot{api.token}/sendDocument", content=bytes(52 << 20)).status_code == 413


def test_an_album_is_several_messages_of_one_group(api: Api, ann: Person, token: str) -> None:
    media = [
        {"type": "photo", "media": "attach://a", "caption": "<b>Two</b>", "parse_mode": "HTML"},
        {"type": "photo", "media": "attach://b"},
    ]
    answer = api.sent(
        "sendMediaGroup", {"chat_id": ann.id, "media": json.dumps(media)}, a=("a", picture()), b=("b", picture(9, 9))
    )
    sent = answer.json()["result"]
    assert len({message["media_group_id"] for message in sent}) == 1
    assert [message.html for message in ann.chat(token).messages[-2:]] == ["<b>Two</b>", ""]


def test_a_file_of_more_than_20_mb_cannot_be_fetched(api: Api, ann: Person, token: str) -> None:
    large = ann.send_document(token, b"the beginning", "film.mkv", size=20_971_521)
    assert large.file and large.file.size == 20_971_521
    (update,) = api.ok("getUpdates", offset=-1)
    assert api.refused("getFile", file_id=update["message"]["document"]["file_id"]) == (400, "Bad Request: file is too big")


def test_a_link_to_a_file_lives_an_hour_and_can_be_had_again(api: Api, ann: Person, token: str, clock: MovableClock) -> None:
    ann.send_document(token, b"hello", "a.txt")
    file_id = api.ok("getUpdates", offset=-1)[0]["message"]["document"]["file_id"]
    address = f"/file/bot{token}/{api.ok('getFile', file_id=file_id)['file_path']}"
    clock.advance(minutes=59)
    assert api.http.get(address).content == b"hello"
    clock.advance(minutes=1)
    assert api.http.get(address).status_code == 404
    api.ok("getFile", file_id=file_id)
    assert api.http.get(address).content == b"hello"


def test_the_id_of_a_file_is_good_for_one_bot_only(messenger: LocalMessenger, api: Api, ann: Person, token: str) -> None:
    ann.send_document(token, b"hello", "a.txt")
    file_id = api.ok("getUpdates", offset=-1)[0]["message"]["document"]["file_id"]
    api.token = messenger.add_bot("Other", "other_bot")
    expected = (400, "Bad Request: wrong file_id or the file is temporarily unavailable")
    assert api.refused("getFile", file_id=file_id) == expected


def test_a_bot_changes_its_own_messages_and_is_told_when_nothing_changes(
    api: Api, ann: Person, token: str, clock: MovableClock
) -> None:
    buttons = {"inline_keyboard": [[{"text": "5", "callback_data": "5"}]]}
    number = api.ok("sendMessage", chat_id=ann.id, text="How was it?", reply_markup=buttons)["message_id"]
    clock.advance(minutes=1)
    locked = api.ok("editMessageReplyMarkup", chat_id=ann.id, message_id=number)
    assert "reply_markup" not in locked and ann.chat(token).messages[-1].buttons == ()
    edited = api.ok("editMessageText", chat_id=ann.id, message_id=number, text="Thanks: <b>5</b>", parse_mode="HTML")
    assert edited["edit_date"] == int(clock.now().timestamp())
    assert (ann.chat(token).messages[-1].html, ann.chat(token).messages[-1].edited) == ("Thanks: <b>5</b>", clock.now())
    code, words = api.refused(
        "editMessageText", chat_id=ann.id, message_id=number, text="*Thanks*: 5".replace("*", ""), entities=edited["entities"]
    )
    assert code == 400 and words.startswith("Bad Request: message is not modified: specified new message content")


def test_a_caption_is_changed_by_its_own_method(api: Api, ann: Person, token: str) -> None:
    sent = api.sent("sendDocument", {"chat_id": ann.id, "caption": "Draft"}, document=("a.txt", b"x")).json()["result"]
    where = {"chat_id": ann.id, "message_id": sent["message_id"]}
    assert api.ok("editMessageCaption", **where, caption="Final")["caption"] == "Final"
    assert api.refused("editMessageText", **where, text="x") == (400, "Bad Request: there is no text in the message to edit")
    text = api.ok("sendMessage", chat_id=ann.id, text="x")
    refusal = api.refused("editMessageCaption", chat_id=ann.id, message_id=text["message_id"], caption="x")
    assert refusal == (400, "Bad Request: there is no caption in the message to edit")


def test_what_is_gone_or_not_its_own_a_bot_cannot_change(api: Api, ann: Person, token: str) -> None:
    hers = ann.write(token, "Mine")
    where = {"chat_id": ann.id, "text": "x"}
    assert api.refused("editMessageText", message_id=hers.id, **where) == (400, "Bad Request: message can't be edited")
    assert api.refused("editMessageText", message_id=999, **where) == (400, "Bad Request: message to edit not found")


def test_a_bot_deletes_messages_for_two_days(api: Api, ann: Person, token: str, clock: MovableClock) -> None:
    first, second, third = (api.ok("sendMessage", chat_id=ann.id, text=text)["message_id"] for text in "abc")
    assert api.ok("deleteMessage", chat_id=ann.id, message_id=first) is True
    assert api.refused("deleteMessage", chat_id=ann.id, message_id=first) == (400, "Bad Request: message to delete not found")
    assert api.ok("deleteMessages", chat_id=ann.id, message_ids=[second, 999]) is True
    clock.advance(hours=48)
    refusal = (400, "Bad Request: message can't be deleted for everyone")
    assert api.refused("deleteMessage", chat_id=ann.id, message_id=third) == refusal
    chat = ann.chat(token)
    assert [message.text for message in chat.messages] == ["/start", "c"]
    assert [message.text for message in chat.history if message.deleted] == ["a", "b"]


def test_typing_is_shown(api: Api, ann: Person, token: str) -> None:
    api.ok("sendChatAction", chat_id=ann.id, action="typing")
    assert [action.action for action in ann.chat(token).actions] == ["typing"]
    refusal = (400, "Bad Request: wrong parameter action in request")
    assert api.refused("sendChatAction", chat_id=ann.id, action="sleeping") == refusal


def test_commands_are_kept_for_each_language(api: Api) -> None:
    commands = [{"command": "help", "description": "What I can do"}]
    api.ok("setMyCommands", commands=commands, language_code="en")
    assert (api.ok("getMyCommands", language_code="en"), api.ok("getMyCommands")) == (commands, [])
    wrong = [{"command": "Help me", "description": "x"}]
    assert api.refused("setMyCommands", commands=wrong) == (400, "Bad Request: BOT_COMMAND_INVALID")


def test_a_bot_asks_about_a_chat(api: Api, ann: Person) -> None:
    chat = api.ok("getChat", chat_id=ann.id)
    assert (chat["type"], chat["first_name"], chat["active_usernames"]) == ("private", "Ann", ["ann"])
    assert api.ok("getChatMember", chat_id=ann.id, user_id=ann.id)["user"]["id"] == ann.id


def test_a_bot_reacts_with_one_of_the_known_emoji(api: Api, ann: Person, token: str) -> None:
    message = ann.write(token, "Thanks!")
    where = {"chat_id": ann.id, "message_id": message.id}
    api.ok("setMessageReaction", **where, reaction=[{"type": "emoji", "emoji": "❤"}])
    assert [emoji for _, emoji in ann.chat(token).messages[-1].reactions] == ["❤"]
    refusal = api.refused("setMessageReaction", **where, reaction=[{"type": "emoji", "emoji": "🦑"}])
    assert refusal == (400, "Bad Request: REACTION_INVALID")


def test_messages_are_numbered_over_all_private_chats_of_a_bot(
    messenger: LocalMessenger, api: Api, ann: Person, token: str
) -> None:
    bob = messenger.person("Bob")
    numbers = [ann.write(token, "a").id, bob.write(token, "b").id, ann.write(token, "c").id]
    assert numbers == [2, 3, 4]


def test_it_starts_no_thread_before_it_is_told_to_and_leaves_none() -> None:
    before = threading.active_count()
    messenger = LocalMessenger()
    assert threading.active_count() == before
    messenger.start()
    httpx.get(f"{messenger.address}/")
    messenger.stop()
    messenger.stop()
    assert threading.active_count() == before


def test_it_starts_again_where_it_was_with_all_that_was_said(
    messenger: LocalMessenger, api: Api, ann: Person, token: str
) -> None:
    messenger.stop()
    with pytest.raises(httpx.HTTPError):
        api.ok("getMe")
    ann.write(token, "Anybody?")
    messenger.start()
    assert api.ok("getUpdates")[-1]["message"]["text"] == "Anybody?"


def test_a_taken_port_is_told_to_the_caller(messenger: LocalMessenger) -> None:
    with pytest.raises(OSError, match="in use"):
        LocalMessenger(port=messenger.port).start()
