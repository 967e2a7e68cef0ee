"""Telegram passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "telegram"
TOKEN = "7000000001:AAE-nobody-may-read-this-token-of-a-bot"
secrets = (TOKEN,)


def fill(ctx, ticket, text):
    from plugdesk_telegram.bots import BotInput, Known, add_bot
    from plugdesk_telegram.chats import keep_chat
    from plugdesk_telegram.models import Mode, Part, PartKind

    given = BotInput(TOKEN, Mode.POLLING, "http://127.0.0.1:9", own_network=True)
    bot = add_bot(ctx, given, Known(ticket.id, text[:50] or "Bot", text[:30] or "bot"), by=None)
    chat = keep_chat(ctx, bot, 1000 + ticket.id, "group", text)
    ctx.db.add(Part(message_id=ticket.messages[0].id, chat_id=chat.id, number=1, kind=PartKind.TEXT))
