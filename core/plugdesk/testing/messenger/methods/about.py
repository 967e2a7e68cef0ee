"""Methods that ask and tell who is who: the bot, chats, members, files."""

from __future__ import annotations

import re
from typing import Any

from plugdesk.testing.messenger import wire
from plugdesk.testing.messenger.files import BIGGEST_DOWNLOAD, unique_id
from plugdesk.testing.messenger.groups import Group
from plugdesk.testing.messenger.methods.call import Call
from plugdesk.testing.messenger.refusals import bad_request
from plugdesk.testing.messenger.rows import Service

MOST_COMMANDS = 100


def get_me(call: Call) -> Any:
    """https://core.telegram.org/bots/api#getme"""
    return wire.me(call.bot)


def set_my_commands(call: Call) -> Any:
    """https://core.telegram.org/bots/api#setmycommands"""
    asked = call.arguments.json("commands", "commands") or []
    if not isinstance(asked, list):
        raise bad_request("expected an Array of BotCommand")
    commands = [_command(each) for each in asked]
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    call.bot.commands[_scope(call)] = commands
    return True


def get_my_commands(call: Call) -> Any:
    """https://core.telegram.org/bots/api#getmycommands"""
    return call.bot.commands.get(_scope(call), [])


def delete_my_commands(call: Call) -> Any:
    """https://core.telegram.org/bots/api#deletemycommands"""
    call.bot.commands.pop(_scope(call), None)
    return True


def get_chat(call: Call) -> Any:
    """https://core.telegram.org/bots/api#getchat"""
    return wire.full_chat(call.chat(write=False))


def get_chat_member(call: Call) -> Any:
    """https://core.telegram.org/bots/api#getchatmember"""
    chat = call.chat(write=False)
    account = call.world.account(call.arguments.whole("user_id"))
    if account is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return wire.member(chat, account) if isinstance(chat, Group) else wire.member_as("member", account)


def leave_chat(call: Call) -> Any:
    """https://core.telegram.org/bots/api#leavechat"""
    chat = call.chat()
    if not isinstance(chat, Group):
        raise bad_request("can't leave private chats")
    old = chat.status_of(call.bot)
    call.world.post(chat, call.bot, service=Service("left_chat_member", (call.bot,)))
    del chat.members[call.bot.id]
    chat.admins.discard(call.bot.id)
    chat.gone[call.bot.id] = "left"
    call.world.tell_status(call.bot, chat, call.bot, old, "left")
    return True


def get_file(call: Call) -> Any:
    """https://core.telegram.org/bots/api#getfile"""
    file_id = call.arguments.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    file = call.world.files.find(call.bot.id, file_id)
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if file.size > BIGGEST_DOWNLOAD:
        raise bad_request("file is too big")
    path = call.world.files.link(call.bot.id, file, call.world.now())
    return {"file_id": file_id, "file_unique_id": unique_id(file), "file_size": file.size, "file_path": path}


def _scope(call: Call) -> tuple[str, str]:
    return call.arguments.text("scope"), call.arguments.text("language_code")


def _command(asked: object) -> dict[str, str]:
    if not isinstance(asked, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    command, description = str(asked.get("command") or "").removeprefix("/"), str(asked.get("description") or "")
    if not re.fullmatch(r"[a-z0-9_]{1,32}", command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command, "description": description}
