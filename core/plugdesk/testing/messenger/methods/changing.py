"""Methods that change what stands in a chat already, and the answer to a press.

https://core.telegram.org/bots/api#updating-messages
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from plugdesk.testing.messenger.chats import Chat
from plugdesk.testing.messenger.entities import Formatted
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.markup import read_markup
from plugdesk.testing.messenger.methods.call import Call
from plugdesk.testing.messenger.presses import PressAnswer
from plugdesk.testing.messenger.refusals import bad_request
from plugdesk.testing.messenger.rows import Message

DELETABLE = timedelta(hours=48)
LONGEST_ANSWER = 200
MOST_AT_ONCE = 100

SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
# https://core.telegram.org/bots/api#reactiontypeemoji
EMOJI = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 "
    "👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡"
)
REACTIONS = frozenset(EMOJI.split())


def edit_message_text(call: Call) -> Any:
    """https://core.telegram.org/bots/api#editmessagetext"""
    text = call.text()
    message = _own(call)
    if message.file:
        raise bad_request("there is no text in the message to edit")
    return _edit(call, message, text)


def edit_message_caption(call: Call) -> Any:
    """https://core.telegram.org/bots/api#editmessagecaption"""
    caption = call.caption()
    message = _own(call)
    if not message.file:
        raise bad_request("there is no caption in the message to edit")
    return _edit(call, message, caption)


def edit_message_reply_markup(call: Call) -> Any:
    """https://core.telegram.org/bots/api#editmessagereplymarkup"""
    message = _own(call)
    return _edit(call, message, Formatted(message.text, message.entities))


def delete_message(call: Call) -> Any:
    """https://core.telegram.org/bots/api#deletemessage"""
    message = call.message("message to delete")
    if not _deletable(call, message):
        raise bad_request("message can't be deleted for everyone")
    return _delete(call, message.chat, [message.id])


def delete_messages(call: Call) -> Any:
    """https://core.telegram.org/bots/api#deletemessages"""
    chat = call.chat()
    numbers = call.arguments.json("message_ids", "message_ids")
    if numbers is None:
        raise bad_request("message identifiers are not specified")
    if not isinstance(numbers, list) or not all(isinstance(number, int) for number in numbers):
        raise bad_request("expected an Array of message identifiers")
    if len(numbers) > MOST_AT_ONCE:
        raise bad_request("too many message identifiers specified")
    found = [message for number in numbers if (message := chat.find(number))]
    if not all(_deletable(call, message) for message in found):
        raise bad_request("message can't be deleted for everyone")
    return _delete(call, chat, [message.id for message in found])


def answer_callback_query(call: Call) -> Any:
    """https://core.telegram.org/bots/api#answercallbackquery"""
    arguments = call.arguments
    press = call.world.presses.get(arguments.text("callback_query_id"))
    if press is None or press.message.sender != call.bot or press.void(call.world.now()):
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = arguments.text("text")
    if len(text) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    press.answer = PressAnswer(text, arguments.switch("show_alert"), arguments.text("url"))
    call.world.changed.notify_all()
    return True


def set_message_reaction(call: Call) -> Any:
    """https://core.telegram.org/bots/api#setmessagereaction"""
    message = call.message("message to react", write=False)
    wanted = call.arguments.json("reaction", "reaction types") or []
    if not isinstance(wanted, list) or not all(isinstance(each, dict) for each in wanted):
        raise bad_request("expected an Array of ReactionType")
    emoji = [str(each.get("emoji") or "") for each in wanted]
    if len(emoji) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    if not REACTIONS.issuperset(emoji):
        raise bad_request("REACTION_INVALID")
    others = tuple(each for each in message.reactions if each[0] != call.bot.id)
    message.chat.change(message, reactions=(*others, *((call.bot.id, each) for each in emoji)))
    call.world.changed.notify_all()
    return True


def _own(call: Call) -> Message:
    message = call.message("message to edit")
    if message.sender != call.bot or message.service:
        raise bad_request("message can't be edited")
    return message


def _edit(call: Call, message: Message, text: Formatted) -> Any:
    markup = read_markup(call.arguments, private=message.chat.id > 0)
    said = (text.text, text.entities) != (message.text, message.entities)
    if not said and markup.buttons == message.buttons:
        raise bad_request(SAME)
    edited = call.world.now() if said else message.edited
    changes = {"text": text.text, "entities": text.entities, "buttons": markup.buttons, "edited": edited}
    changed = message.chat.change(message, **changes)
    call.world.changed.notify_all()
    return call.json_of(changed)


def _deletable(call: Call, message: Message) -> bool:
    if call.world.now() - message.date >= DELETABLE:
        return False
    return message.sender == call.bot or not isinstance(message.chat, Group) or call.bot.id in message.chat.admins


def _delete(call: Call, chat: Chat, numbers: list[int]) -> bool:
    for number in numbers:
        if message := chat.find(number):
            chat.change(message, deleted=True)
    call.world.changed.notify_all()
    return True
