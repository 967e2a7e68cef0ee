"""What happens to an answer that has arrived: it is changed, taken back, its buttons are locked; and that somebody is writing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from plugdesk.api import Context, Message, RetryLater, Ticket, Undeliverable, wait_turn
from plugdesk.api import gettext as _
from plugdesk_telegram import chats
from plugdesk_telegram.botapi import BotApi, Refused, TelegramError, Unreachable
from plugdesk_telegram.connections import account_of, api_of, in_words
from plugdesk_telegram.deliver import RETRY_SECONDS, outgoing_of, rates_of, refused, remember
from plugdesk_telegram.entities import Styled, joined, utf16_length
from plugdesk_telegram.models import Chat, Part, PartKind
from plugdesk_telegram.planning import LONGEST_CAPTION, LONGEST_TEXT, Outgoing, cut_words
from plugdesk_telegram.sending import caption, keyboard, send, words

DELETABLE = timedelta(hours=48)  # https://core.telegram.org/bots/api#deletemessage


def change(ctx: Context, message: Message) -> None:
    """Tell the chat what `message` says now, and which of its buttons was pressed.

    The words go into the texts and captions there are; what no longer fits follows as a message of its own, and a text that
    is not needed any more goes. Files stay as they were sent.
    """
    parts = chats.parts_of(ctx, message)
    if not parts:
        raise Undeliverable(_("It was not sent by this bot."))
    chat = parts[0].chat
    slots = [part for part in parts if part.kind is not PartKind.FILE] or [parts[0]]
    pieces = _laid_out(message, slots)
    buttons = keyboard(message.buttons, message.pressed)
    for number, part in enumerate(slots):
        piece = pieces[number] if number < len(pieces) else Styled("")
        _rewrite(ctx, part, piece, buttons if number == len(slots) - 1 else None)
    position = parts[-1].position
    for piece in pieces[len(slots) :]:
        position += 1
        more = Outgoing(piece)
        sent = _call(ctx, chat, lambda api, more=more: send(api, chat.number, more, ()))  # type: ignore[misc]
        remember(ctx, message, chat, position, more, sent)
        ctx.checkpoint()


def withdraw(ctx: Context, message: Message) -> None:
    """Take `message` away from the chat, with all its parts."""
    parts = chats.parts_of(ctx, message)
    if not parts:
        raise Undeliverable(_("It was not sent by this bot."))
    if message.delivered_at is not None and ctx.now - message.delivered_at > DELETABLE:
        raise Undeliverable(_("Telegram lets a bot take a message back only for 48 hours."))
    _delete(ctx, parts[0].chat, [part.number for part in parts])


def typing(ctx: Context, ticket: Ticket) -> None:
    """Show for some seconds that somebody is writing (sendChatAction)."""
    chat = chats.chat_of(ctx, ticket)
    if not ctx.settings.typing or chat is None or chat.blocked_at is not None:
        return
    api, number = api_of(ctx, chat.bot), chat.number
    ctx.checkpoint()
    try:
        api.call("sendChatAction", chat_id=number, action="typing", seconds=5.0)
    except TelegramError as error:
        raise RetryLater(0, str(error)) from None  # the caller passes over it


def _laid_out(message: Message, slots: list[Part]) -> list[Styled]:
    """The words for each slot, and what is left: one for one where they still fit so, else one after another."""
    new = [each.words for each in outgoing_of(message) if each.words.text]
    room = [LONGEST_TEXT if part.kind is PartKind.TEXT else LONGEST_CAPTION for part in slots]
    if len(new) == len(slots) and all(utf16_length(each.text) <= most for each, most in zip(new, room, strict=True)):
        return new
    return cut_words(joined(new, "\n\n"), lambda number: room[number] if number < len(room) else LONGEST_TEXT)


def _rewrite(ctx: Context, part: Part, piece: Styled, buttons: dict[str, Any] | None) -> None:
    chat, number = part.chat, part.number
    here: dict[str, Any] = {"chat_id": chat.number, "message_id": number, "reply_markup": buttons}
    if part.kind is not PartKind.TEXT:
        given = caption(piece) or {"caption": ""}
        _call(ctx, chat, lambda api: api.call("editMessageCaption", **here, **given))
    elif piece.text:
        _call(ctx, chat, lambda api: api.call("editMessageText", **here, **words(piece)))
    else:
        _delete(ctx, chat, [number])
        ctx.db.delete(part)
        ctx.checkpoint()


def _delete(ctx: Context, chat: Chat, numbers: list[int]) -> None:
    for start in range(0, len(numbers), 100):
        some = numbers[start : start + 100]
        _call(ctx, chat, lambda api, some=some: api.call("deleteMessages", chat_id=chat.number, message_ids=some))  # type: ignore[misc]


def _call(ctx: Context, chat: Chat, act: Callable[[BotApi], Any]) -> Any:
    """One change, which may be repeated: it says the same twice. Waits its turn; refusals become what a job may raise."""
    api, account = api_of(ctx, chat.bot), account_of(ctx, chat.bot)
    wait_turn(ctx, rates_of(chat))
    ctx.checkpoint()
    try:
        return act(api)
    except Unreachable as error:
        raise RetryLater(RETRY_SECONDS, in_words(error, account)) from None
    except Refused as error:
        if error.says("message is not modified", "message to delete not found"):
            return []
        if error.says("message can't be edited", "message to edit not found", "message_id_invalid"):
            raise Undeliverable(_("Telegram does not let this message be changed any more.")) from None
        if error.says("message can't be deleted"):
            raise Undeliverable(_("Telegram lets a bot take a message back only for 48 hours.")) from None
        outcome = refused(ctx, chat, error)
        ctx.checkpoint()  # what it says of chat and bot stays, whatever becomes of the job
        raise outcome from None
