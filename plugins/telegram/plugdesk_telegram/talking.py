"""What the bot says outside of any ticket: a greeting, that it answers in private. Said once at most; nobody's words hang on it."""

from __future__ import annotations

from typing import Any

from plugdesk.api import Context, Update, UpdateState, use_language
from plugdesk.api import gettext as _
from plugdesk_telegram.botapi import TelegramError
from plugdesk_telegram.connections import account_of, api_to
from plugdesk_telegram.models import Bot
from plugdesk_telegram.settings import TelegramSettings
from plugdesk_telegram.updates import Person


def do_once(ctx: Context, bot: Bot, update: Update, *calls: tuple[str, dict[str, Any]]) -> None:
    """Call methods one after another, after `update` was marked as read: who dies meanwhile does not say it again."""
    account = account_of(ctx, bot)
    update.state = UpdateState.TAKEN
    ctx.checkpoint()
    api = api_to(ctx, account)
    for method, arguments in calls:
        try:
            api.call(method, **arguments)
        except TelegramError as error:
            ctx.log.info("Telegram did not take %s: %s", method, error)


def greeting(ctx: Context, chat: int, person: Person, *, words: str | None = None) -> tuple[str, dict[str, Any]]:
    """The call that greets, with the button for the telephone number where it is offered."""
    settings: TelegramSettings = ctx.settings
    with use_language(language_of(ctx, person)):
        # A text nobody has changed is ours, and translated; an admin's own stays as written.
        said = words or _(settings.greeting)
        button = {"text": _("Share my telephone number"), "request_contact": True}
    keyboard = {"keyboard": [[button]], "resize_keyboard": True, "one_time_keyboard": True} if settings.ask_phone else None
    return "sendMessage", {"chat_id": chat, "text": said, "reply_markup": keyboard}


def language_of(ctx: Context, person: Person) -> str:
    """The language to speak to somebody in who may not be a customer yet."""
    assert ctx.form is not None
    return person.language.partition("-")[0] or ctx.form.language or ctx.desk.language
