"""Methods that write into a chat.

https://core.telegram.org/bots/api#sendmessage
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from plugdesk.testing.messenger.arguments import Upload
from plugdesk.testing.messenger.chats import Chat, ChatAction
from plugdesk.testing.messenger.entities import Formatted
from plugdesk.testing.messenger.files import BIGGEST_PHOTO, LONGEST_SIDES, NARROWEST, File, Kind, new_file
from plugdesk.testing.messenger.markup import Markup, read_markup
from plugdesk.testing.messenger.methods.call import Call
from plugdesk.testing.messenger.pictures import dimensions
from plugdesk.testing.messenger.refusals import bad_request
from plugdesk.testing.messenger.rows import Message

ALBUM_KINDS: dict[str, Kind] = {"photo": "photo", "video": "video", "audio": "audio", "document": "document"}
FEWEST, MOST = 2, 10  # files of an album
ACTIONS = (
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "record_audio", "upload_voice"),
    *("upload_audio", "upload_document", "choose_sticker", "pick_up_location", "find_location"),
    *("record_video_note", "upload_video_note"),
)


def send_message(call: Call) -> Any:
    """https://core.telegram.org/bots/api#sendmessage"""
    text = call.text()
    preview = call.arguments.json("link_preview_options", "link preview options")
    if preview is not None and not isinstance(preview, dict):
        raise bad_request("object expected as link preview options")
    return call.json_of(_send(call, text, link_preview=preview))


def send_photo(call: Call) -> Any:
    """https://core.telegram.org/bots/api#sendphoto"""
    return _send_file(call, "photo")


def send_document(call: Call) -> Any:
    """https://core.telegram.org/bots/api#senddocument"""
    return _send_file(call, "document")


def send_voice(call: Call) -> Any:
    """https://core.telegram.org/bots/api#sendvoice"""
    return _send_file(call, "voice")


def send_audio(call: Call) -> Any:
    """https://core.telegram.org/bots/api#sendaudio"""
    return _send_file(call, "audio")


def send_video(call: Call) -> Any:
    """https://core.telegram.org/bots/api#sendvideo"""
    return _send_file(call, "video")


def send_media_group(call: Call) -> Any:
    """https://core.telegram.org/bots/api#sendmediagroup"""
    asked = call.arguments.json("media", "media")
    if not isinstance(asked, list):
        raise bad_request("expected an Array of InputMedia")
    if len(asked) > MOST:
        raise bad_request("too many messages to send as an album")
    if len(asked) < FEWEST:
        raise bad_request("too few messages to send as an album")
    parts = [_part(call, each) for each in asked]
    kinds = {file.kind for file, _ in parts}
    if len(kinds) > 1 and not kinds <= {"photo", "video"}:
        raise bad_request("can't use the media of the specified type in the album")
    chat, answered = _place(call, len(parts))
    album = str(next(call.world.albums))
    sent = [
        call.world.post(chat, call.bot, album=album, reply_to=answered, file=file, text=caption.text, entities=caption.entities)
        for file, caption in parts
    ]
    return [call.json_of(message) for message in sent]


def send_chat_action(call: Call) -> Any:
    """https://core.telegram.org/bots/api#sendchataction"""
    action = call.arguments.text("action").lower()
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.chat().actions.append(ChatAction(call.bot, action, call.world.now()))
    call.world.changed.notify_all()
    return True


def _send_file(call: Call, kind: Kind) -> Any:
    file = _file(call, kind, kind, call.arguments.text(kind))
    if file is None:
        raise bad_request(f"there is no {kind} in the request")
    arguments = call.arguments
    if kind in ("voice", "audio", "video"):
        file = replace(file, duration=arguments.whole("duration", file.duration, 0))
    if kind == "audio":
        file = replace(file, title=arguments.text("title"), performer=arguments.text("performer"))
    return call.json_of(_send(call, call.caption(), file=file))


def _part(call: Call, asked: object) -> tuple[File, Formatted]:
    if not isinstance(asked, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    kind = ALBUM_KINDS.get(str(asked.get("type")))
    if kind is None:
        raise bad_request("can't parse InputMedia: type must be one of audio, document, photo and video")
    file = _file(call, "", kind, str(asked.get("media") or ""))
    if file is None:
        raise bad_request("can't parse InputMedia: Media not found")
    marks = asked.get("caption_entities")
    return file, call.captioned(str(asked.get("caption") or ""), str(asked.get("parse_mode") or ""), marks)


def _file(call: Call, name: str, kind: Kind, reference: str) -> File | None:
    upload = call.arguments.upload(name, reference)
    if upload is not None:
        return _uploaded(kind, upload)
    if not reference or reference.startswith("attach://"):
        return None
    if "://" in reference:
        raise bad_request("failed to get HTTP URL content")  # this server reaches no other
    known = call.world.files.find(call.bot.id, reference)
    if known is None:
        raise bad_request("wrong remote file identifier specified: Wrong string length")
    if known.kind != kind and not (kind == "document" or known.kind == "document"):
        raise bad_request(f"can't use file of type {known.kind.title()} as {kind.title()}")
    return known


def _uploaded(kind: Kind, upload: Upload) -> File:
    if not upload.data:
        raise bad_request("file must be non-empty")
    if kind == "photo":
        _check_photo(upload.data)
    return new_file(kind, upload.data, upload.name, upload.mime_type if kind != "photo" else "image/jpeg")


def _check_photo(data: bytes) -> None:
    if len(data) > BIGGEST_PHOTO:
        raise bad_request(f"file of size {len(data)} bytes is too big for a photo; the maximum size is {BIGGEST_PHOTO} bytes")
    sides = dimensions(data)
    if sides is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(sides) > LONGEST_SIDES or max(sides) > NARROWEST * max(1, min(sides)):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _send(call: Call, text: Formatted, **content: Any) -> Message:
    markup = read_markup(call.arguments, private=call.arguments.whole("chat_id") > 0)
    chat, answered = _place(call, 1)
    _put_keyboard(chat, markup)
    content |= {"text": text.text, "entities": text.entities, "buttons": markup.buttons, "reply_to": answered}
    return call.world.post(chat, call.bot, **content)


def _place(call: Call, messages: int) -> tuple[Chat, int]:
    chat = call.chat()
    answered = call.answered(chat)
    call.world.rates.spend(call.bot, chat, messages)
    return chat, answered


def _put_keyboard(chat: Chat, markup: Markup) -> None:
    if markup.keyboard:
        chat.keyboard = markup.keyboard
    elif markup.removes_keyboard:
        chat.keyboard = None
