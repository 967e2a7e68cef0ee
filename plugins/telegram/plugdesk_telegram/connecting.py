"""The personal link by which a customer comes to a bot of the form: beside their tickets, and in their own profile."""

from __future__ import annotations

from plugdesk.api import Context, User
from plugdesk_telegram.bots import first_bot
from plugdesk_telegram.chats import names_of
from plugdesk_telegram.customers import start_link


def personal_link(ctx: Context, customer: User) -> str | None:
    """The link to the form's first bot; nothing for a customer who is known on Telegram, and on a form without a bot."""
    bot = None if names_of(customer) else first_bot(ctx)
    return start_link(ctx, bot, customer) if bot is not None else None
