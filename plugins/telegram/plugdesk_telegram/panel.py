"""Beside the ticket: who the customer is on Telegram and whether they can be reached, or the link that brings them there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugdesk.api import Context, Ticket, User
from plugdesk_telegram import chats
from plugdesk_telegram.bots import bots_here
from plugdesk_telegram.customers import start_link


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel; nothing on a form without a bot."""
    bots = bots_here(ctx)
    if not bots:
        return None
    names = [each for each in ticket.customer.identities if each.channel == chats.CHANNEL]
    chat = chats.chat_of(ctx, ticket)
    return "telegram:panel.html", {
        "names": [each.shown or each.value for each in names], "chat": chat, "bot": chat.bot if chat else bots[0],
        "link": None if names else start_link(ctx, bots[0], ticket.customer),
    }  # fmt: skip
