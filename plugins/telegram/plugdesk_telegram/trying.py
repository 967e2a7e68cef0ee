"""The *Test* button of the settings: whether the bots can be reached the way they say."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import sqlalchemy as sa

from plugdesk.api import Context, Invalid
from plugdesk.api import gettext as _
from plugdesk_telegram.botapi import TelegramError
from plugdesk_telegram.connections import account, api_to, in_words
from plugdesk_telegram.models import Bot
from plugdesk_telegram.settings import TelegramSettings
from plugdesk_telegram.updates import text

MOST = 5  # bots that are asked, so that the page answers in time


def try_settings(ctx: Context, settings: TelegramSettings) -> Sequence[str]:
    """Ask Telegram who the bots are, through the unsaved proxy. `Invalid` with what does not work."""
    proxy = urlsplit(settings.proxy.strip())
    if settings.proxy.strip() and (proxy.scheme != "http" or not proxy.hostname):
        raise Invalid(problems={"proxy": _("Write it like http://proxy.example:3128.")})
    here = sa.select(Bot).where(Bot.form_id == ctx.form.id) if ctx.form is not None else sa.select(Bot)
    good = []
    for bot in ctx.db.scalars(here.order_by(Bot.id).limit(MOST)):
        token = ctx.unseal(bot.token, f"bot:{bot.id}/token")
        api = api_to(ctx, account(ctx, token, address=bot.api, own_network=bot.own_network, settings=settings))
        try:
            me = api.call("getMe", seconds=10.0)
        except TelegramError as error:
            raise Invalid(in_words(error, api.account)) from None
        good.append(_("@%(bot)s answers.", bot=text(me, "username")))
    return good or [_("There is no bot yet that could be asked.")]
