"""Telegram's calls to this desk: the address they come to, and whether Telegram has it right."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from plugdesk.api import Context, Invalid, format_relative_time, use_language
from plugdesk.api import gettext as _
from plugdesk_telegram.botapi import BotApi, TelegramError
from plugdesk_telegram.connections import api_of, in_words
from plugdesk_telegram.intake import ALLOWED, note_failure, note_success
from plugdesk_telegram.models import OFFICIAL, Bot, Mode
from plugdesk_telegram.updates import text, whole

PORTS = (443, 80, 88, 8443)  # https://core.telegram.org/bots/api#setwebhook
RECENT = timedelta(minutes=30)
MOST_CONNECTIONS = 40


def address_of(ctx: Context, bot: Bot) -> str:
    """Where Telegram is to call for this bot."""
    return f"{ctx.base_url}/in/telegram/{bot.key}"


def why_no_webhook(ctx: Context, bot_api: str | None = None) -> str | None:
    """Why Telegram cannot call this desk; None when it can. A Bot API server of one's own calls any address."""
    if bot_api is not None and bot_api.rstrip("/") != OFFICIAL:
        return None if ctx.base_url else _("This desk does not know its own address. Set PLUGDESK_BASE_URL.")
    address = urlsplit(ctx.base_url or "")
    if address.scheme != "https" or not address.hostname or address.hostname in ("localhost", "127.0.0.1", "::1"):
        return _("Telegram calls public https addresses only, and this desk has none: the setting PLUGDESK_BASE_URL names it.")
    if (address.port or 443) not in PORTS:
        return _("Telegram calls the ports 443, 80, 88 and 8443 only.")
    return None


def secret_of(ctx: Context, bot: Bot) -> str:
    """What Telegram names with each call for this bot."""
    return ctx.unseal(bot.secret, f"bot:{bot.id}/secret")


def is_secret(secret: str, given: str) -> bool:
    """Whether a call names the secret; takes as long for a wrong one. Without a secret nobody names it."""
    return secret != "" and hmac.compare_digest(secret.encode(), given.encode("utf-8", "surrogatepass"))


def registration(ctx: Context, bot: Bot) -> tuple[str, dict[str, Any]]:
    """The call that tells Telegram where to call, or that it need not."""
    if bot.mode is Mode.POLLING:
        return "deleteWebhook", {}
    about = {"secret_token": secret_of(ctx, bot), "allowed_updates": ALLOWED, "max_connections": MOST_CONNECTIONS}
    return "setWebhook", {"url": address_of(ctx, bot), **about}


def register_later(ctx: Context, bot_id: int) -> None:
    """Job: tell Telegram of a bot that was added or changed; what goes wrong is written on it, and the timer tries again."""
    bot = ctx.db.get(Bot, bot_id)
    if bot is None:
        return
    api, (method, arguments) = api_of(ctx, bot), registration(ctx, bot)
    ctx.checkpoint()
    try:
        api.call(method, **arguments)
    except TelegramError as error:
        with use_language(ctx.desk.language):
            note_failure(ctx, bot, in_words(error, api.account))
    else:
        note_success(ctx, bot)


def check(ctx: Context, bot_id: int) -> None:
    """Job: ask Telegram how its calls go; set the address anew where it has another one."""
    bot = ctx.db.get(Bot, bot_id)
    if bot is None or bot.mode is not Mode.WEBHOOK:
        return
    api, address, (method, arguments) = api_of(ctx, bot), address_of(ctx, bot), registration(ctx, bot)
    ctx.checkpoint()
    try:
        info = api.call("getWebhookInfo")
        if text(info, "url") != address:
            api.call(method, **arguments)
            info = {}
    except TelegramError as error:
        with use_language(ctx.desk.language):
            note_failure(ctx, bot, in_words(error, api.account))
        return
    with use_language(ctx.desk.language):
        problem = trouble(ctx.now, info)
    if problem:
        note_failure(ctx, bot, problem)
    else:
        note_success(ctx, bot)


def trouble(now: datetime, info: dict[str, object]) -> str | None:
    """What Telegram says went wrong lately when it called (getWebhookInfo), in words."""
    at, why = whole(info, "last_error_date"), text(info, "last_error_message")
    if at is None or not why:
        return None
    moment = datetime.fromtimestamp(at, UTC)
    if now - moment > RECENT and not whole(info, "pending_update_count"):
        return None
    return _(
        "Telegram could not call this desk %(when)s: %(why)s. %(n)s messages wait there.",
        when=format_relative_time(moment, now), why=why, n=whole(info, "pending_update_count") or 0,
    )  # fmt: skip


def test(ctx: Context, bot: Bot, api: BotApi, *, before: Callable[[], object]) -> list[str]:
    """Try a bot for real and set it right at Telegram; the sentences that say what works. `Invalid` with what does not.

    `before` ends the transaction: nobody has to wait for what Telegram says.
    """
    mode, address, calls = bot.mode, address_of(ctx, bot), registration(ctx, bot)
    before()
    try:
        me = api.call("getMe")
        api.call(calls[0], **calls[1])
        info = api.call("getWebhookInfo")
    except TelegramError as error:
        raise Invalid(in_words(error, api.account)) from None
    good = [_("The token is that of @%(username)s, %(name)s.", username=text(me, "username"), name=text(me, "first_name"))]
    if mode is Mode.POLLING:
        return [*good, _("Its messages are fetched from here.")]
    if problem := trouble(ctx.now, info):
        raise Invalid(problem)
    return [*good, _("Telegram calls %(address)s.", address=address)]
