"""An answer on its way to the chat: composed, sent part by part, each remembered, so that none goes twice."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import (
    Context,
    DeliveryState,
    MaybeSent,
    Message,
    Rate,
    RetryLater,
    Undeliverable,
    User,
    handing_over,
    hold_off,
    html_of_text,
    wait_turn,
)
from plugdesk.api import gettext as _
from plugdesk_telegram import chats
from plugdesk_telegram.botapi import BotApi, Refused, Unreachable
from plugdesk_telegram.composing import compose
from plugdesk_telegram.connections import account_of, api_to, in_words, why_not_sent
from plugdesk_telegram.models import Bot, Chat, Part, PartKind
from plugdesk_telegram.planning import Outgoing, plan
from plugdesk_telegram.sending import Sent, send

# https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this; short bursts pass
PER_CHAT = Rate(1, 1.0, burst=3)
PER_GROUP = Rate(20, 60.0, burst=3)
PER_BOT = Rate(30, 1.0, burst=30)
RETRY_SECONDS = 15.0
REFUSED_SECONDS = 300.0  # a person has to do something first


def reaches(ctx: Context, customer: User) -> bool:
    """Whether the customer can be written to."""
    return chats.reaches(ctx, customer)


def ready(ctx: Context) -> str | None:
    """What is missing before this form can send."""
    assert ctx.form is not None
    bot = ctx.db.scalar(sa.select(Bot.id).where(Bot.form_id == ctx.form.id).limit(1))
    return None if bot is not None else _("This form has no bot yet. Add one under Extensions, Telegram.")


def deliver(ctx: Context, message: Message) -> str | None:
    """Send `message`, or what of it has not been sent; its first part's name. Raises `Undeliverable`, `RetryLater`, `MaybeSent`."""
    if message.to or message.kind == "forward":
        raise Undeliverable(_("Telegram cannot forward to an address. Forward it from a ticket that is answered by e-mail."))
    chat = _chat_for(ctx, message)
    outgoing = outgoing_of(message)
    if not outgoing:
        raise Undeliverable(_("There is nothing in this message that a chat could show."))
    done = {part.position for part in chats.parts_of(ctx, message)}
    for position, each in enumerate(outgoing):
        if position not in done:
            is_last = position == len(outgoing) - 1
            chat = _send_part(ctx, message, chat, each, position, is_last=is_last)
            if not is_last:
                message.delivery = DeliveryState.QUEUED  # who dies here begins with the next part
                ctx.checkpoint()
    first = chats.parts_of(ctx, message)[0]
    return name_of(first.chat, first.number)


def outgoing_of(message: Message) -> list[Outgoing]:
    """The calls that carry `message`."""
    html = message.clean_html if message.clean_html is not None else html_of_text(message.text)
    return plan(compose(html), message.attachments, apart=bool(message.buttons))


def name_of(chat: Chat, number: int) -> str:
    """The channel's own name of one of Telegram's messages."""
    return f"{chat.number}/{number}"


def rates_of(chat: Chat) -> dict[str, Rate | None]:
    """How fast may be sent to this chat and by its bot."""
    return {f"bot:{chat.bot_id}": PER_BOT, f"chat:{chat.bot_id}:{chat.number}": PER_CHAT if chat.is_private else PER_GROUP}


def refused(ctx: Context, chat: Chat, error: Refused) -> Exception:
    """What a refusal means for what was to be sent: to wait, or that it is of no use. Notes what it says of chat and bot."""
    account = account_of(ctx, chat.bot)
    if error.retry_after:
        hold_off(ctx, f"chat:{chat.bot_id}:{chat.number}", error.retry_after)
        if chat.is_private:  # one person hardly writes so much: it is the bot that is too fast
            hold_off(ctx, f"bot:{chat.bot_id}", error.retry_after)
        return RetryLater(error.retry_after, in_words(error, account))
    if error.code in (401, 404):
        chat.bot.sending_error = in_words(error, account)
        return RetryLater(REFUSED_SECONDS, in_words(error, account))
    if error.is_theirs:
        return RetryLater(RETRY_SECONDS, in_words(error, account))
    if error.code == 403:
        chat.blocked_at = chat.blocked_at or ctx.now
    return Undeliverable(why_not_sent(error))


def _chat_for(ctx: Context, message: Message) -> Chat:
    chat = chats.chat_of(ctx, message.home)
    if chat is None:
        missing = ready(ctx)
        raise Undeliverable(
            missing or _("The customer has not written to a bot of this form. Send them its link, or answer another way.")
        )
    if chat.blocked_at is not None:
        why = _("The customer has blocked the bot or left Telegram. Answer another way, or wait until they write again.")
        raise Undeliverable(
            why if chat.is_private else _("The bot is not in this group any more. Add it again, or answer another way.")
        )
    return chat


def _send_part(ctx: Context, message: Message, chat: Chat, outgoing: Outgoing, position: int, *, is_last: bool) -> Chat:
    """Send one part and remember it; returns the chat it went to, which is another one where the group has moved."""
    account = account_of(ctx, chat.bot)
    contents = [ctx.read_bytes(each.sha256) for each in outgoing.files]
    answers = _answers(ctx, message, chat) if position == 0 else None
    buttons = message.buttons if is_last and message.pressed is None else []
    wait_turn(ctx, rates_of(chat))
    handing_over(ctx, message)
    api: BotApi = api_to(ctx, account)
    try:
        sent = send(api, chat.number, outgoing, contents, answers=answers, buttons=buttons)
    except Unreachable as error:
        why = in_words(error, account)
        chat.bot.sending_error = why
        if error.sent:
            raise MaybeSent(_("The connection was lost before Telegram confirmed it.")) from None
        raise RetryLater(RETRY_SECONDS, why) from None
    except Refused as error:
        if error.migrate_to:
            successor = chats.moved(ctx, chat, int(error.migrate_to))
            return _send_part(ctx, message, successor, outgoing, position, is_last=is_last)
        raise refused(ctx, chat, error) from None
    if chat.bot.sending_error is not None:
        chat.bot.sending_error = None
    remember(ctx, message, chat, position, outgoing, sent)
    return chat


def remember(ctx: Context, message: Message, chat: Chat, position: int, outgoing: Outgoing, sent: list[Sent]) -> None:
    """Which of Telegram's messages a part has become."""
    for each in sent:
        captioned = PartKind.CAPTION if each is sent[0] and outgoing.words.text else PartKind.FILE
        kind = captioned if outgoing.files else PartKind.TEXT
        ctx.db.add(
            Part(
                message_id=message.id,
                chat_id=chat.id,
                chat=chat,
                number=each.number,
                position=position,
                kind=kind,
                file=each.file,
            )
        )
    ctx.db.flush()  # they are asked for next


def _answers(ctx: Context, message: Message, chat: Chat) -> int | None:
    """Telegram's number of what this answers: where it was said; in a group always the asking person's last words."""
    query = sa.select(Part).join(Message, Message.id == Part.message_id).where(Part.chat_id == chat.id)
    if message.answers_id is not None:
        found = ctx.db.scalar(query.where(Part.message_id == message.answers_id).order_by(Part.number).limit(1))
    elif not chat.is_private:
        theirs = query.where(Message.ticket_id == message.ticket_id, Message.direction == "incoming", Message.id < message.id)
        found = ctx.db.scalar(theirs.order_by(Message.id.desc(), Part.number).limit(1))
    else:
        found = None
    return found.number if found is not None else None
