"""The two ways of receiving updates, of which a bot uses one at a time.

https://core.telegram.org/bots/api#getting-updates
"""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import SplitResult, urlsplit

from plugdesk.testing.messenger.faults import Dropped
from plugdesk.testing.messenger.methods.call import Call
from plugdesk.testing.messenger.refusals import UNAUTHORIZED, bad_request, conflict
from plugdesk.testing.messenger.updates import DEFAULT, in_order
from plugdesk.testing.messenger.webhooks import Webhook, is_here

LONGEST_POLL = 50  # seconds; Telegram waits no longer, whatever is asked
LONGEST_SECRET = 256
PORTS = (443, 80, 88, 8443)
CONNECTIONS = 40
HERE = "127.0.0.1"

OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


def get_updates(call: Call) -> Any:
    """https://core.telegram.org/bots/api#getupdates

    One thing is left out: Telegram makes a client that polls without waiting wait three seconds nevertheless.
    """
    bot, world, arguments = call.bot, call.world, call.arguments
    if bot.webhook:
        raise conflict(ACTIVE)
    offset, limit = arguments.whole("offset"), arguments.whole("limit", 100, 1, 100)
    until = time.monotonic() + arguments.whole("timeout", 0, 0, LONGEST_POLL)
    bot.updates.allow(arguments.text("allowed_updates"))
    bot.polls += 1
    this_poll = bot.polls
    world.changed.notify_all()
    while not (found := bot.updates.of(offset, limit, world.unix())) and (left := until - time.monotonic()) > 0:
        offset = max(offset, 0)
        world.changed.wait(left)
        if world.faults.away:
            raise Dropped
        if world.bots.get(bot.token) is not bot:
            raise UNAUTHORIZED
        if bot.webhook:
            raise conflict("terminated by setWebhook request")
        if bot.polls != this_poll:
            raise conflict(OTHER_POLL)
    return [update.json for update in found]


def set_webhook(call: Call) -> Any:
    """https://core.telegram.org/bots/api#setwebhook"""
    bot, arguments = call.bot, call.arguments
    url = arguments.text("url")
    if not url:
        return delete_webhook(call)
    secret = arguments.text("secret_token")
    _check_address(url, plain=call.webhooks.plain)
    if len(secret) > LONGEST_SECRET:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    _remove(call)
    rules = call.webhooks
    bot.updates.allow(arguments.text("allowed_updates"))
    bot.webhook = Webhook(
        call.world,
        bot,
        url,
        secret=secret,
        connections=arguments.whole("max_connections", CONNECTIONS, 1, 100),
        pause=rules.pause,
        execute=rules.execute,
        trust=rules.trust,
    )
    for update in bot.updates.waiting(call.world.unix()):
        bot.webhook.take(update)
    return True


def delete_webhook(call: Call) -> Any:
    """https://core.telegram.org/bots/api#deletewebhook"""
    _remove(call)
    return True


def get_webhook_info(call: Call) -> Any:
    """https://core.telegram.org/bots/api#getwebhookinfo"""
    bot = call.bot
    found: dict[str, Any] = {"url": "", "has_custom_certificate": False}
    found["pending_update_count"] = len(bot.updates.waiting(call.world.unix()))
    if bot.webhook:
        host = urlsplit(bot.webhook.url).hostname or ""
        found |= {"url": bot.webhook.url, "max_connections": bot.webhook.connections}
        found |= {"ip_address": HERE} if is_here(host) else {}
    if bot.last_error:
        found["last_error_date"], found["last_error_message"] = bot.last_error
    if bot.updates.allowed != DEFAULT:
        found["allowed_updates"] = in_order(bot.updates.allowed)
    return found


def _remove(call: Call) -> None:
    if call.arguments.switch("drop_pending_updates"):
        call.bot.updates.clear()
    if call.bot.webhook:
        call.bot.webhook.end()
    call.bot.webhook = None
    call.bot.last_error = None
    call.world.changed.notify_all()


def _check_address(url: str, *, plain: bool) -> None:
    try:
        address = urlsplit(url if "://" in url else f"https://{url}")
        port = address.port
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if address.scheme not in ("http", "https") or not address.hostname:
        raise bad_request("invalid webhook URL specified")
    if not plain:
        _check_public(address, port or 443)


def _check_public(address: SplitResult, port: int) -> None:
    if address.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if is_here(address.hostname or ""):
        raise bad_request(f"bad webhook: IP address {HERE} is reserved")
