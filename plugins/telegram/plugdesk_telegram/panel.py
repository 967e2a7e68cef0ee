"""Beside the ticket: who the customer is on Telegram and whether they can be reached, or the link that brings them there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Ticket, User
from plugdesk_telegram import chats
from plugdesk_telegram.bots import first_bot
from plugdesk_telegram.connecting import personal_link
from plugdesk_telegram.models import Bot


def concerns(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether the ticket's form has a bot."""
    return sa.exists().where(Bot.form_id == ticket.form_id)


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel; nothing on a form without a bot."""
    bot = first_bot(ctx)
    if bot is None:
        return None
    names = chats.names_of(ticket.customer)
    chat = chats.chat_of(ctx, ticket) if names else None
    return "telegram:panel.html", {
        "names": [each.shown or each.value for each in names], "chat": chat, "bot": chat.bot if chat else bot,
        "link": personal_link(ctx, ticket.customer),
    }  # fmt: skip
