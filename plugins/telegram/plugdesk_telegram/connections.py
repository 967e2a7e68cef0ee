"""From a stored bot to a way to call it, and what its errors mean in words."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from plugdesk.api import Context, Runtime
from plugdesk.api import gettext as _
from plugdesk_telegram.botapi import Account, BotApi, Refused, TelegramError, Unreachable
from plugdesk_telegram.models import Bot
from plugdesk_telegram.settings import TelegramSettings


def account_of(ctx: Context, bot: Bot) -> Account:
    """What is needed to speak as this bot, with its token opened."""
    return account(ctx, ctx.unseal(bot.token, f"bot:{bot.id}/token"), address=bot.api, own_network=bot.own_network)


def account(ctx: Context, token: str, *, address: str, own_network: bool, settings: TelegramSettings | None = None) -> Account:
    """The same for a bot that is not stored yet, through the proxy of the settings here."""
    given: TelegramSettings = settings or ctx.settings
    return Account(address.rstrip("/"), token, own_network, given.proxy.strip(), given.ca_file.strip())


def api_of(ctx: Context, bot: Bot) -> BotApi:
    """The bot's methods, for a job or a page; clients end with their request."""
    return api_to(ctx, account_of(ctx, bot))


def api_to(ctx: Context, account: Account) -> BotApi:
    """The methods of an account, for a job or a page."""
    return BotApi(account, partial(ctx.http_to, account.host, **_way(account)))


def api_beside(runtime: Runtime, account: Account) -> BotApi:
    """The same for a thread that holds no session while it waits."""

    def client(**limits: Any) -> httpx.Client:
        return runtime.http_client("telegram", [account.host], **_way(account), **limits)

    return BotApi(account, client)


def _way(account: Account) -> dict[str, Any]:
    return {"proxy": account.proxy or None, "ca_file": account.ca_file or None, "own_network": account.own_network}


def in_words(error: TelegramError, account: Account) -> str:
    """What happened and what to do about it, for the page of the bots and the System page."""
    if isinstance(error, Unreachable):
        return _(
            "%(host)s cannot be reached: %(why)s. Check the connection of this desk, or set a proxy in the settings of Telegram.",
            host=account.host, why=error,
        )  # fmt: skip
    assert isinstance(error, Refused)
    if error.code in (401, 404):
        return _("Telegram does not know this token any more. Ask @BotFather for a new one and enter it here.")
    if error.code == 409 and error.says("webhook"):
        return _("Telegram calls another address for this bot. Press Test, which takes that back, or stop the other program.")
    if error.code == 409:
        return _(
            "Another program reads the messages of this bot, too. Stop it, or ask @BotFather for a new token and enter it here."
        )
    if error.retry_after:
        return _("Telegram asks for a pause of %(n)s seconds.", n=int(error.retry_after))
    if error.is_theirs:
        return _("Telegram has trouble of its own: %(why)s. It is tried again by itself.", why=error)
    return _("Telegram refuses: %(why)s", why=error)


def why_not_sent(error: Refused) -> str:
    """A refusal to deliver that trying again would not change, with the remedy."""
    if error.says("blocked by the user", "user is deactivated"):
        return _("The customer has blocked the bot or left Telegram. Answer another way, or wait until they write again.")
    if error.says("initiate conversation", "chat not found", "user not found"):
        return _("The customer has not written to this bot yet. Telegram lets a bot write only to who did.")
    if error.says("kicked", "not a member", "have no rights", "not enough rights"):
        return _("The bot may not write in this group any more. Add it again, or answer another way.")
    if error.code == 413 or error.says("too large", "too big"):
        return _("Telegram does not take a file of this size.")
    return _("Telegram refuses: %(why)s", why=error)
