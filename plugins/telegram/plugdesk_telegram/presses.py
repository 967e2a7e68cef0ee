"""A button under one of our messages was pressed."""

from __future__ import annotations

from plugdesk.api import Context, language_of, press_button, use_language
from plugdesk.api import gettext as _
from plugdesk_telegram import chats
from plugdesk_telegram.botapi import TelegramError
from plugdesk_telegram.connections import account_of, api_to
from plugdesk_telegram.models import Bot
from plugdesk_telegram.updates import Pressed


def press(ctx: Context, bot: Bot, pressed: Pressed) -> None:
    """Tell the extension that put the button there, then Telegram, whose button turns until it is answered."""
    account = account_of(ctx, bot)
    answer = _answer(ctx, bot, pressed)
    ctx.checkpoint()  # the press counts, whatever becomes of the answer
    try:
        api_to(ctx, account).call("answerCallbackQuery", callback_query_id=pressed.id, text=answer, seconds=10.0)
    except TelegramError as error:
        ctx.log.info("A press could not be confirmed: %s", error)


def _answer(ctx: Context, bot: Bot, pressed: Pressed) -> str:
    chat = chats.chat_at(ctx, bot, pressed.chat.id) if pressed.chat is not None else None
    part = chats.part_at(ctx, chat, pressed.number) if chat is not None else None
    message = part.message if part is not None else None
    if message is None or message.home.form_id != bot.form_id:
        return _("This cannot be answered any more.")
    with use_language(language_of(ctx.db, message.home)):
        if not any(
            (each.channel, each.value) == (chats.CHANNEL, str(pressed.sender.id)) for each in message.home.customer.identities
        ):
            return _("This question is for %(name)s.", name=message.home.customer.name)
        number = int(pressed.data) if pressed.data.isdecimal() and len(pressed.data) < 4 else -1
        if not 0 <= number < len(message.buttons):
            return _("This cannot be answered any more.")
        return press_button(ctx, message, message.buttons[number]["key"])
