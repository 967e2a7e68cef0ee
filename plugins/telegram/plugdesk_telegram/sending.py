"""The calls that send: which method, with which arguments, and what Telegram made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plugdesk.api import Attachment
from plugdesk_telegram.botapi import BotApi, Files, Refused
from plugdesk_telegram.entities import Styled
from plugdesk_telegram.planning import Kind, Outgoing, kind_of

_METHODS: dict[Kind, str] = {
    "photo": "sendPhoto", "video": "sendVideo", "audio": "sendAudio", "voice": "sendVoice", "document": "sendDocument"
}  # fmt: skip
LONGEST_LABEL = 64


@dataclass(frozen=True)
class Sent:
    """One of Telegram's messages that came of a call."""

    number: int
    file: str | None = None


def send(
    api: BotApi,
    chat: int,
    outgoing: Outgoing,
    contents: Sequence[bytes],
    *,
    answers: int | None = None,
    buttons: Sequence[Any] = (),
) -> list[Sent]:
    """Send one part. A picture that Telegram does not take as one goes as a document. Raises `Refused`, `Unreachable`."""
    # Not to be sent at all because what it answers was deleted would be worse than to stand alone.
    about: dict[str, Any] = {
        "reply_parameters": {"message_id": answers, "allow_sending_without_reply": True} if answers is not None else None
    }
    if not outgoing.files:
        return [_sent(api.call("sendMessage", chat_id=chat, **words(outgoing.words), **about, reply_markup=keyboard(buttons)))]
    kinds = [kind_of(file) for file in outgoing.files]
    try:
        return _send_files(api, chat, outgoing, contents, kinds, about)
    except Refused as error:
        if error.code != 400 or not error.says(
            "photo_", "image_process", "wrong type of the web page", "voice_messages_forbidden"
        ):
            raise
        return _send_files(api, chat, outgoing, contents, ["document"] * len(kinds), about)


def words(styled: Styled) -> dict[str, Any]:
    """A text and its marks as arguments."""
    return {"text": styled.text, "entities": styled.entities() or None}


def caption(styled: Styled) -> dict[str, Any]:
    """The same as a caption."""
    return {"caption": styled.text, "caption_entities": styled.entities() or None} if styled.text else {}


def keyboard(buttons: Sequence[Any], pressed: str | None = None) -> dict[str, Any] | None:
    """Buttons under a message, one a row; what a press tells us is the place of the button. Once one is `pressed`, that alone."""
    if not buttons:
        return None
    rows = [
        [
            {
                "text": f"✓ {each['label']}"[:LONGEST_LABEL] if pressed else each["label"][:LONGEST_LABEL],
                "callback_data": str(number),
            }
        ]
        for number, each in enumerate(buttons)
        if pressed in (None, each["key"])
    ]
    return {"inline_keyboard": rows}


def _send_files(
    api: BotApi, chat: int, outgoing: Outgoing, contents: Sequence[bytes], kinds: Sequence[Kind], about: dict[str, Any]
) -> list[Sent]:
    if not outgoing.is_album:
        kind = kinds[0]
        result = api.call(
            _METHODS[kind], files={kind: _file(outgoing.files[0], contents[0])}, chat_id=chat, **caption(outgoing.words), **about
        )
        return [_sent(result)]
    files: Files = {f"file{number}": _file(each, contents[number]) for number, each in enumerate(outgoing.files)}
    media: list[dict[str, Any]] = [{"type": kind, "media": f"attach://file{number}"} for number, kind in enumerate(kinds)]
    media[0] |= caption(outgoing.words)
    result = api.call("sendMediaGroup", files=files, chat_id=chat, media=media, **about)
    return [_sent(each) for each in result]


def _file(file: Attachment, content: bytes) -> tuple[str, bytes, str]:
    return file.name, content, file.type


def _sent(result: dict[str, Any]) -> Sent:
    has_file = next((name for name in ("photo", "video", "audio", "voice", "document", "animation") if name in result), None)
    found = result.get(has_file) if has_file else None
    if isinstance(found, list):
        found = found[-1] if found else None
    unique = found.get("file_unique_id") if isinstance(found, dict) else None
    return Sent(int(result["message_id"]), unique)
