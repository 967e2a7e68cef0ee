"""The bot in groups: whether it stays there, and which of what is said there is meant for it."""

from __future__ import annotations

from plugdesk.api import Context, Update, use_language
from plugdesk.api import gettext as _
from plugdesk_telegram import chats
from plugdesk_telegram.entities import read_entities
from plugdesk_telegram.models import Bot
from plugdesk_telegram.settings import LEAVE, TAKE, TelegramSettings
from plugdesk_telegram.talking import do_once, language_of
from plugdesk_telegram.updates import Membership, Said, mapping, person, text


def is_meant(ctx: Context, bot: Bot, said: Said) -> bool:
    """Whether a message is one for the desk: all in a private chat; in a group, where groups are on, what is addressed to the bot."""
    if said.chat.is_private:
        return True
    settings: TelegramSettings = ctx.settings
    if settings.groups != TAKE or said.chat.kind == "channel":
        return False
    if said.is_edit:
        return True  # known by the message it changes
    answered = person(mapping(said.answers, "from"))
    return (answered is not None and answered.id == bot.number) or _names(bot, said)


def joined_or_left(ctx: Context, bot: Bot, news: Membership, update: Update) -> None:
    """The bot was added to a group, or thrown out of one."""
    settings: TelegramSettings = ctx.settings
    if not news.is_in:
        chat = chats.chat_at(ctx, bot, news.chat.id)
        if chat is not None:
            chat.blocked_at = chat.blocked_at or ctx.now
        return
    if settings.groups == TAKE and news.chat.kind != "channel":
        chats.keep_chat(ctx, bot, news.chat.id, news.chat.kind, news.chat.title or None)
        return
    if settings.groups != LEAVE or news.was_in:
        return
    ctx.journal("group_left", bot=bot.username, group=news.chat.title)
    leave = ("leaveChat", {"chat_id": news.chat.id})
    if news.sender is None or news.chat.kind == "channel":
        do_once(ctx, bot, update, leave)
        return
    with use_language(language_of(ctx, news.sender)):
        words = _("I answer in private only: %(link)s", link=bot.link)
    do_once(ctx, bot, update, ("sendMessage", {"chat_id": news.chat.id, "text": words}), leave)


def _names(bot: Bot, said: Said) -> bool:
    """Whether the words name the bot, or are a command (of which a group's bot sees only those meant for it)."""
    words, own = said.words, f"@{bot.username}".lower()
    raw = said.raw.get("entities") if text(said.raw, "text") else said.raw.get("caption_entities")
    for entity in read_entities(words, raw):
        part = words[entity.start : entity.end].lower()
        if (entity.type == "mention" and part == own) or (
            entity.type == "bot_command" and part.partition("@")[2] in ("", own[1:])
        ):
            return True
    return False
