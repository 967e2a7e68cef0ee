"""Where Telegram calls: an update is proved, kept and committed, then acknowledged. Nothing else happens here."""

from __future__ import annotations

import json
import logging
from time import monotonic

import sqlalchemy as sa
from flask import Blueprint, Response, request
from sqlalchemy.orm import lazyload

from plugdesk.api import Form
from plugdesk_telegram.intake import keep
from plugdesk_telegram.models import Bot, Mode
from plugdesk_telegram.webhooks import is_from_telegram
from plugdesk_web.api import context, db

blueprint = Blueprint("inbound", __name__)
log = logging.getLogger(__name__)
BIGGEST = 1_000_000  # bytes; the longest update there can be is a tenth of it
SECRET = "X-Telegram-Bot-Api-Secret-Token"
SAID_EVERY = 60.0  # seconds; whoever knocks all day must not fill the log
_said: dict[str, float] = {}
# Without the form's fields and statuses: they are asked for at every update, and used at none.
_BOT = (
    sa.select(Bot, Form).join(Form, Form.id == Bot.form_id).where(Bot.key == sa.bindparam("key"))
    .options(lazyload(Form.fields), lazyload(Form.statuses))
)  # fmt: skip


@blueprint.post("/<key>")
def receive(key: str) -> Response:
    """Keep one update. 404 where there is no such bot or Telegram is off, 403 without its secret, 413 for what is too large."""
    request.max_content_length = BIGGEST
    found = db().execute(_BOT, {"key": key}).first()
    if found is None:
        return Response(status=404)
    bot, form = found
    if not form.has("telegram") or bot.mode is not Mode.WEBHOOK:
        _say(bot, "An update for @%s was refused: Telegram is off on the form “%s”", form)
        return Response(status=404)
    if form.archived_at is not None:
        _say(bot, "An update for @%s was refused: the form “%s” is archived", form)
        return Response(status=410)
    ctx = context("telegram", form)
    if not is_from_telegram(ctx, bot, request.headers.get(SECRET, "")):
        _say(bot, "A call for @%s without Telegram's secret was refused (form “%s”)", form)
        return Response(status=403)
    try:
        update = json.loads(request.get_data())
    except (ValueError, RecursionError):  # a thousand brackets within one another are JSON, too
        update = None
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        return Response(status=400)
    keep(ctx, bot, [update])
    return Response(status=200)


def _say(bot: Bot, words: str, form: Form) -> None:
    now, key = monotonic(), f"{bot.id} {words}"
    if now - _said.get(key, -SAID_EVERY) >= SAID_EVERY:
        _said[key] = now
        log.warning(words, bot.username, form.name)
