"""Adding, changing and removing bots. Commands: they never commit."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from plugdesk.api import Context, Invalid, NotFound, User
from plugdesk.api import gettext as _
from plugdesk_telegram.botapi import Account, BotApi, TelegramError
from plugdesk_telegram.chats import keep_chat
from plugdesk_telegram.connections import account, in_words
from plugdesk_telegram.models import OFFICIAL, Bot, Mode
from plugdesk_telegram.updates import text, whole
from plugdesk_telegram.webhooks import why_no_webhook

TOKEN = re.compile(r"\d{1,18}:[A-Za-z0-9_-]{30,80}")


@dataclass(frozen=True)
class BotInput:
    """A bot as a page describes it."""

    token: str = field(repr=False)
    mode: Mode
    api: str
    own_network: bool


@dataclass(frozen=True)
class Known:
    """Who a token belongs to (getMe)."""

    number: int
    name: str
    username: str


def read_bot(ctx: Context, given: Mapping[str, Any], *, bot: Bot | None = None, by: User) -> BotInput:
    """What a page was filled in with, for `bot` or a new one. Raises `Invalid` by field; an empty token means the stored one.

    A Bot API server of one's own may be named by administrators of the desk alone: requests go there with the token.
    """
    problems: dict[str, str] = {}
    typed = str(given.get("token", "")).strip() or (token_of(ctx, bot) if bot else "")
    if not TOKEN.fullmatch(typed):
        problems["token"] = _("Paste the token as @BotFather gave it, like 123456789:AAE…")
    mode = Mode.WEBHOOK if given.get("mode") == Mode.WEBHOOK else Mode.POLLING
    api = str(given.get("api", bot.api if bot else "")).strip().rstrip("/") or OFFICIAL
    own_network = bool(given.get("own_network"))
    if not by.is_admin:
        api, own_network = (bot.api, bot.own_network) if bot else (OFFICIAL, False)
    address = urlsplit(api)
    if address.scheme not in ("http", "https") or not address.hostname or address.query or address.fragment:
        problems["api"] = _("Write the address like https://api.telegram.org.")
    if mode is Mode.WEBHOOK and (why := why_no_webhook(ctx, api)):
        problems["mode"] = why
    if problems:
        raise Invalid(problems=problems)
    return BotInput(typed, mode, api, own_network)


def account_for(ctx: Context, given: BotInput) -> Account:
    """How to speak as a bot that is not stored yet."""
    return account(ctx, given.token, address=given.api, own_network=given.own_network)


def ask_who(api: BotApi) -> Known:
    """Who the token belongs to. Call it without an open transaction; `Invalid` when Telegram does not know it."""
    try:
        me = api.call("getMe")
    except TelegramError as error:
        raise Invalid(problems={"token": in_words(error, api.account)}) from None
    number = whole(me, "id")
    if number is None or not text(me, "username"):
        raise Invalid(problems={"api": _("What answers there is no Bot API server.")})
    return Known(number, text(me, "first_name") or text(me, "username"), text(me, "username"))


def add_bot(ctx: Context, given: BotInput, known: Known, *, by: User | None) -> Bot:
    """Connect a bot to the form. `Invalid` where it is another form's: two would take each other's messages."""
    assert ctx.form is not None
    _refuse_taken(ctx, known, None)
    bot = Bot(
        form_id=ctx.form.id, number=known.number, name=known.name, username=known.username, token="", secret="",
        key=secrets.token_urlsafe(24), mode=given.mode, api=given.api, own_network=given.own_network,
    )  # fmt: skip
    ctx.db.add(bot)
    ctx.db.flush()  # the bot's id, the place its secrets are sealed for
    bot.token = ctx.seal(given.token, f"bot:{bot.id}/token")
    bot.secret = ctx.seal(secrets.token_urlsafe(32), f"bot:{bot.id}/secret")
    ctx.journal("bot_added", actor=by, bot=bot.username, own_network=bot.own_network)
    ctx.enqueue("register", key=f"bot:{bot.id}", bot_id=bot.id)
    return bot


def change_bot(ctx: Context, bot: Bot, given: BotInput, known: Known, *, by: User | None) -> Bot:
    """Change a bot's token, or the way its messages come."""
    _refuse_taken(ctx, known, bot.id)
    if known.number != bot.number:
        bot.offset = 0  # another bot counts its updates anew
    bot.number, bot.name, bot.username = known.number, known.name, known.username
    bot.mode, bot.api, bot.own_network = given.mode, given.api, given.own_network
    bot.token = ctx.seal(given.token, f"bot:{bot.id}/token")
    bot.error = bot.failing_since = bot.sending_error = bot.polled_at = None
    ctx.journal("bot_changed", actor=by, bot=bot.username, own_network=bot.own_network)
    ctx.enqueue("register", key=f"bot:{bot.id}", bot_id=bot.id)
    return bot


def connect(ctx: Context, told: Mapping[str, Any], *, by: User) -> Bot:
    """Connect the bot that `told` names (see the hook `connect_bot`), or give the form's own one its new token and server."""
    assert ctx.form is not None
    where = {"token": told.get("token", ""), "api": told.get("api_address", ""), "own_network": told.get("own_network")}
    given = read_bot(ctx, where, by=by)
    known = Known(int(given.token.partition(":")[0]), told["name"], told["username"])
    own = ctx.db.scalar(sa.select(Bot).where(Bot.number == known.number, Bot.form_id == ctx.form.id))
    bot = change_bot(ctx, own, given, known, by=by) if own else add_bot(ctx, given, known, by=by)
    for number in told.get("people", ()):
        keep_chat(ctx, bot, number, "private")
    return bot


def remove_bot(ctx: Context, bot: Bot, *, by: User | None) -> None:
    """Forget a bot and its token; tickets stay, their answers find no way there any more."""
    ctx.journal("bot_removed", actor=by, bot=bot.username)
    ctx.db.delete(bot)


def bots_here(ctx: Context) -> list[Bot]:
    """The bots of the form."""
    assert ctx.form is not None
    return list(ctx.db.scalars(_BOTS, {"form_id": ctx.form.id}))


def first_bot(ctx: Context) -> sa.Row[int, str] | None:
    """The `number` and `username` of the form's first bot. Every ticket page asks: plain columns."""
    assert ctx.form is not None
    return ctx.db.execute(_FIRST_BOT, {"form_id": ctx.form.id}).first()


_BOTS = sa.select(Bot).where(Bot.form_id == sa.bindparam("form_id")).order_by(Bot.id)
_FIRST_BOT = _BOTS.with_only_columns(Bot.number, Bot.username).limit(1)


def bot_here(ctx: Context, bot_id: int) -> Bot:
    """The form's bot with this id; `NotFound` for another form's."""
    found = ctx.db.get(Bot, bot_id)
    if found is None or ctx.form is None or found.form_id != ctx.form.id:
        raise NotFound(_("There is no such bot."))
    return found


def token_of(ctx: Context, bot: Bot) -> str:
    """The stored token, for a page that left its field empty."""
    return ctx.unseal(bot.token, f"bot:{bot.id}/token")


def _refuse_taken(ctx: Context, known: Known, own_id: int | None) -> None:
    other = ctx.db.scalar(sa.select(Bot).where(Bot.number == known.number))
    if other is not None and other.id != own_id:
        raise Invalid(
            problems={"token": _("@%(bot)s belongs to the form “%(form)s” already.", bot=known.username, form=other.form.name)}
        )
