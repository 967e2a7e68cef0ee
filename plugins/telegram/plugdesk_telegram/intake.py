"""From Telegram into the desk: each update is kept before Telegram is told that we have it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, keep_updates, use_language
from plugdesk.api import gettext as _
from plugdesk_telegram.botapi import TelegramError
from plugdesk_telegram.connections import api_of, in_words
from plugdesk_telegram.models import Bot, Mode
from plugdesk_telegram.updates import chat_of

# Everything else Telegram would tell of, it need not.
ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
AT_ONCE = 100
SERVICE_IS_AWAY = timedelta(minutes=3)
CHECKED_EVERY = timedelta(minutes=10)
NOTED_EVERY = timedelta(minutes=1)


def is_update(raw: Any) -> bool:
    """Whether this is an update, as far as it matters for keeping it."""
    return isinstance(raw, dict) and isinstance(raw.get("update_id"), int)


def keep(ctx: Context, bot: Bot, updates: Sequence[tuple[dict[str, Any], str]]) -> None:
    """Store updates, each with the text it came as; those that are known change nothing. The caller commits."""
    rows = [(str(update["update_id"]), chat_of(update), text) for update, text in updates]
    keep_updates(ctx, "telegram", account=bot.id, updates=rows)


def keep_answer(ctx: Context, bot: Bot, updates: Sequence[Any]) -> None:
    """Store what getUpdates gave, and that all of it need not be given again."""
    known = [each for each in updates if is_update(each)]
    if known:
        keep(ctx, bot, [(each, json.dumps(each, ensure_ascii=False, separators=(",", ":"))) for each in known])
        bot.offset = max(each["update_id"] for each in known) + 1


def note_success(ctx: Context, bot: Bot) -> None:
    """Receiving works; written down once a minute, for a look costs less than a write."""
    if bot.error is not None or bot.succeeded_at is None or ctx.now - bot.succeeded_at > NOTED_EVERY:
        bot.polled_at = bot.succeeded_at = ctx.now
        bot.error = bot.failing_since = None


def note_failure(ctx: Context, bot: Bot, why: str) -> None:
    """Receiving does not work, for the reason in words."""
    bot.polled_at, bot.error = ctx.now, why
    bot.failing_since = bot.failing_since or ctx.now


def look_in(ctx: Context) -> None:
    """Timer: where nobody listens (no worker process runs services), ask for updates now and then; look after webhooks."""
    assert ctx.form is not None
    for bot in ctx.db.scalars(sa.select(Bot).where(Bot.form_id == ctx.form.id)):
        job, after = ("poll", SERVICE_IS_AWAY) if bot.mode is Mode.POLLING else ("check_webhook", CHECKED_EVERY)
        if bot.polled_at is None or ctx.now - bot.polled_at > after:
            ctx.enqueue(job, key=f"bot:{bot.id}", bot_id=bot.id)


def poll(ctx: Context, bot_id: int) -> None:
    """Job: fetch what waits for one bot. What goes wrong is written on the bot; the next run tries again."""
    bot = ctx.db.get(Bot, bot_id)
    if bot is None or bot.mode is not Mode.POLLING:
        return
    assert ctx.form is not None
    if ctx.form.archived_at is not None:
        with use_language(ctx.desk.language):
            bot.error = _("The form is archived: nothing is read for it.")
        return
    api, offset = api_of(ctx, bot), bot.offset
    ctx.checkpoint()
    try:
        while True:
            found = api.call("getUpdates", offset=offset or None, limit=AT_ONCE, timeout=0, allowed_updates=ALLOWED)
            keep_answer(ctx, bot, found)
            note_success(ctx, bot)
            ctx.checkpoint()
            if not found or bot.offset == offset:
                return
            offset = bot.offset
    except TelegramError as error:
        with use_language(ctx.desk.language):
            note_failure(ctx, bot, in_words(error, api.account))
