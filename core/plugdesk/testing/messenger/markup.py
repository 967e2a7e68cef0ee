"""Buttons that bots send along: `reply_markup`, checked as Telegram checks it.

https://core.telegram.org/bots/api#inlinekeyboardmarkup
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugdesk.testing.messenger.arguments import Arguments
from plugdesk.testing.messenger.html_mode import checked_url
from plugdesk.testing.messenger.refusals import Refused, bad_request
from plugdesk.testing.messenger.rows import Button, ReplyButton, ReplyKeyboard

LONGEST_DATA = 64  # bytes of `callback_data`
MOST_BUTTONS = 100


@dataclass(frozen=True)
class Markup:
    """What one `reply_markup` asks for: buttons under the message, or others instead of the letters, or none there."""

    buttons: tuple[tuple[Button, ...], ...] = ()
    keyboard: ReplyKeyboard | None = None
    removes_keyboard: bool = False


def read_markup(arguments: Arguments, *, private: bool = True) -> Markup:
    """The markup of a request. Raises Refused in Telegram's words."""
    asked = arguments.json("reply_markup", "reply keyboard markup")
    if asked is None:
        return Markup()
    if not isinstance(asked, dict):
        raise bad_request("object expected as reply markup")
    if asked.get("keyboard"):
        return Markup(keyboard=_keyboard(asked, private=private))
    if asked.get("inline_keyboard"):
        rows = _rows(asked["inline_keyboard"], 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
        buttons = tuple(tuple(_inline_button(each) for each in row) for row in rows if row)
        if sum(map(len, buttons)) > MOST_BUTTONS:
            raise bad_request("reply markup is too long")
        return Markup(buttons=buttons)
    return Markup(removes_keyboard=bool(asked.get("remove_keyboard")))


def _keyboard(asked: dict[str, Any], *, private: bool) -> ReplyKeyboard:
    rows = _rows(asked["keyboard"], 'field "keyboard" must be an Array of Arrays')
    buttons = tuple(tuple(_reply_button(each) for each in row) for row in rows if row)
    if not private and any(button.request_contact for row in buttons for button in row):
        raise bad_request("phone number can be requested in private chats only")
    return ReplyKeyboard(buttons, bool(asked.get("one_time_keyboard")), str(asked.get("input_field_placeholder") or ""))


def _reply_button(asked: object) -> ReplyButton:
    if isinstance(asked, str):
        return ReplyButton(asked)
    if not isinstance(asked, dict):
        raise bad_request("can't parse keyboard button: KeyboardButton must be a String or an Object")
    text = _text(asked, "keyboard button")
    return ReplyButton(text, bool(asked.get("request_contact")), bool(asked.get("request_location")))


def _inline_button(asked: object) -> Button:
    if not isinstance(asked, dict):
        raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    text = _text(asked, "inline keyboard button")
    if url := asked.get("url"):
        address = checked_url(str(url))
        if not address:
            raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
        return Button(text, url=address)
    data = asked.get("callback_data")
    if not data:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if not isinstance(data, str):
        raise bad_request('can\'t parse inline keyboard button: Field "callback_data" must be of type String')
    if len(data.encode()) > LONGEST_DATA:
        raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return Button(text, data=data)


def _text(asked: dict[str, Any], what: str) -> str:
    if "text" not in asked:
        raise bad_request(f"can't parse {what}: Can't find field \"text\"")
    if not isinstance(asked["text"], str):
        raise bad_request(f'can\'t parse {what}: Field "text" must be of type String')
    if not asked["text"].strip():
        raise bad_request(f"{what} text must be non-empty")
    return asked["text"]


def _rows(asked: object, refusal: str) -> list[list[Any]]:
    if not isinstance(asked, list) or not all(isinstance(row, list) for row in asked):
        raise bad_request(refusal)
    return asked
