"""A messenger on this machine: Telegram's Bot API over HTTP, and people to play. For tests, the demo and authors of plugins.

    with LocalMessenger(plain_webhooks=True) as messenger:
        token = messenger.add_bot("Shop", "shop_bot")
        ann = messenger.person("Ann", "Carter")
        ann.write(token, "The till beeps")
        ...  # the bot, at messenger.address, answers
        assert messenger.wait_for(lambda: ann.chat(token).messages[1:])[0].text == "Twice?"

It is a stand-in only because the real one cannot be had here: what it sends, takes and refuses is what Telegram documents,
and where that is silent, what the published source of Telegram's own Bot API server does.
"""

from __future__ import annotations

from plugdesk.testing.messenger.accounts import Account
from plugdesk.testing.messenger.bots import Bot
from plugdesk.testing.messenger.chats import Chat, ChatAction, PrivateChat
from plugdesk.testing.messenger.entities import Entity
from plugdesk.testing.messenger.files import File, new_file
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.local import LocalMessenger
from plugdesk.testing.messenger.people import Person
from plugdesk.testing.messenger.pictures import picture
from plugdesk.testing.messenger.presses import Press, PressAnswer
from plugdesk.testing.messenger.rows import Button, Contact, Location, Message, ReplyButton, ReplyKeyboard, Service
from plugdesk.testing.messenger.server import Asked
from plugdesk.testing.messenger.updates import Update

__all__ = [
    "Account",
    "Asked",
    "Bot",
    "Button",
    "Chat",
    "ChatAction",
    "Contact",
    "Entity",
    "File",
    "Group",
    "LocalMessenger",
    "Location",
    "Message",
    "Person",
    "Press",
    "PressAnswer",
    "PrivateChat",
    "ReplyButton",
    "ReplyKeyboard",
    "Service",
    "Update",
    "new_file",
    "picture",
]
