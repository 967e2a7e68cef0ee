"""Where a customer is: their chats with the form's bots, and the chat of a ticket."""

from __future__ import annotations

import re
from collections.abc import Sequence

import sqlalchemy as sa

from plugdesk.api import Context, Identity, Message, Ticket, User, said_with, survivor
from plugdesk_telegram.models import Bot, Chat, Part

CHANNEL = "telegram"


def keep_chat(ctx: Context, bot: Bot, number: int, kind: str, title: str | None = None) -> Chat:
    """The row of a chat, made when it is new. Something came from there, so that it can be written to."""
    chat = chat_at(ctx, bot, number)
    if chat is None:
        chat = Chat(bot_id=bot.id, bot=bot, number=number, kind=kind, title=title)
        ctx.db.add(chat)
        ctx.db.flush()  # the chat's id, which its messages point at
    if chat.blocked_at is not None:
        chat.blocked_at = None
    if (chat.kind, chat.title) != (kind, title):
        chat.kind, chat.title = kind, title
    return chat


def chat_at(ctx: Context, bot: Bot, number: int) -> Chat | None:
    """The chat with Telegram's number, as far as it is known."""
    return ctx.db.scalar(sa.select(Chat).where(Chat.bot_id == bot.id, Chat.number == number))


def names_of(customer: User) -> list[Identity]:
    """Who a customer is on Telegram; nobody, unless they have been there."""
    return [each for each in customer.identities if each.channel == CHANNEL]


def chats_of(ctx: Context, customer: User) -> Sequence[Chat]:
    """The private chats of a customer with this form's bots; those that can be written to first, then the newest."""
    assert ctx.form is not None
    numbers = [int(each.value) for each in names_of(customer) if re.fullmatch(r"\d{1,18}", each.value)]
    if not numbers:
        return []
    here = sa.select(Chat).join(Bot).where(Bot.form_id == ctx.form.id, Chat.kind == "private", Chat.number.in_(numbers))
    return ctx.db.scalars(here.order_by(Chat.blocked_at.is_not(None), Chat.id.desc())).all()


def chat_of(ctx: Context, ticket: Ticket) -> Chat | None:
    """Where a ticket's answers go: the chat its customer's last message came from, else one of its customer's."""
    assert ctx.form is not None
    last = (
        sa.select(Chat).join(Part, Part.chat_id == Chat.id).join(Message, Message.id == Part.message_id).join(Bot, Bot.id == Chat.bot_id)
        .where(Message.ticket_id == survivor(ctx.db, ticket).id, said_with(ticket.customer_id), Bot.form_id == ctx.form.id).order_by(Part.id.desc()).limit(1)
    )  # fmt: skip
    chat = ctx.db.scalar(last)
    while chat is not None and chat.successor is not None:
        chat = chat.successor
    if chat is not None and (not chat.is_private or chat.blocked_at is None):
        return chat
    return next(iter(chats_of(ctx, ticket.customer)), chat)


def reaches(ctx: Context, customer: User) -> bool:
    """Whether the customer can be written to: they wrote to a bot of this form and have not blocked it, or asked in a group."""
    if not names_of(customer):
        return False
    if any(chat.blocked_at is None for chat in chats_of(ctx, customer)):
        return True
    assert ctx.form is not None
    asked = (
        sa.select(Chat.id).join(Bot, Bot.id == Chat.bot_id).join(Part, Part.chat_id == Chat.id).join(Message, Message.id == Part.message_id)
        .where(Message.author_id == customer.id, Bot.form_id == ctx.form.id, Chat.kind != "private", Chat.blocked_at.is_(None))
    )  # fmt: skip
    return ctx.db.scalar(asked.limit(1)) is not None


def conversation(chat: Chat) -> sa.ColumnElement[bool]:
    """The condition on `Ticket` of those a chat's words may belong to: a group's are its own, a private chat's in no group."""
    said_in = sa.select(Part.id).join(Message, Message.id == Part.message_id).join(Chat, Chat.id == Part.chat_id)
    # What was said on a merged ticket stands on its survivor, and is of both.
    here = said_in.where(sa.or_(Message.ticket_id == Ticket.id, Message.origin_id == Ticket.id)).correlate(Ticket)
    if chat.is_private:
        return ~here.where(Chat.kind != "private").exists()
    return here.where(sa.or_(Chat.id == chat.id, Chat.successor_id == chat.id)).exists()


def part_at(ctx: Context, chat: Chat, number: int) -> Part | None:
    """What one of Telegram's messages belongs to on the desk."""
    return ctx.db.scalar(sa.select(Part).where(Part.chat_id == chat.id, Part.number == number))


def parts_of(ctx: Context, message: Message) -> Sequence[Part]:
    """The messages of Telegram that are one of ours, in order."""
    return ctx.db.scalars(sa.select(Part).where(Part.message_id == message.id).order_by(Part.position, Part.number)).all()


def moved(ctx: Context, chat: Chat, number: int) -> Chat:
    """The group has become a supergroup with another number: its tickets go on there."""
    if chat.number == number:
        return chat
    successor = keep_chat(ctx, chat.bot, number, "supergroup", chat.title)
    chat.successor, chat.blocked_at = successor, chat.blocked_at or ctx.now
    return successor


def identity_of(ctx: Context, number: int) -> Identity | None:
    """Who somebody of Telegram is on the desk."""
    return ctx.db.scalar(sa.select(Identity).where(Identity.channel == CHANNEL, Identity.value == str(number)))


def part_of_album(ctx: Context, chat: Chat, album: str) -> Part | None:
    """A message of an album that has come."""
    return ctx.db.scalar(sa.select(Part).where(Part.chat_id == chat.id, Part.album == album).order_by(Part.id).limit(1))
