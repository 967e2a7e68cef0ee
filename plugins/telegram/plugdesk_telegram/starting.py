"""The first words in a chat: /start, with or without the link of a customer, and the telephone number somebody shares."""

from __future__ import annotations

from html import escape

from plugdesk.api import Context, Update, add_desk_note, use_language
from plugdesk.api import gettext as _
from plugdesk_telegram import chats
from plugdesk_telegram.customers import bind, customer_of, customer_of_link, keep_number, last_ticket, own_number
from plugdesk_telegram.models import Bot
from plugdesk_telegram.talking import do_once, greeting, language_of
from plugdesk_telegram.updates import Person, Said, mapping


def start(ctx: Context, bot: Bot, said: Said, update: Update) -> bool:
    """Take what is said to the bot and to nobody at the desk; False when it is something else."""
    if said.sender is None or said.sender.is_bot or not said.chat.is_private:
        return False
    contact = mapping(said.raw, "contact")
    number = own_number(contact, said.sender) if contact else None
    if number is not None:
        _take_number(ctx, bot, said, said.sender, number, update)
        return True
    command, _space, payload = said.words.strip().partition(" ")
    if command.partition("@")[0] != "/start":
        return False
    chats.keep_chat(ctx, bot, said.chat.id, said.chat.kind)
    customer = customer_of_link(ctx, bot, payload.strip()) if payload else None
    words = None
    if customer is not None:
        is_bound = bind(ctx, customer, said.sender)
        with use_language(customer.language or language_of(ctx, said.sender)):
            words = (
                _("Hello %(name)s! We know you here now: write, and we see your requests.", name=customer.name)
                if is_bound
                else None
            )
    do_once(ctx, bot, update, greeting(ctx, said.chat.id, said.sender, words=words))
    return True


def _take_number(ctx: Context, bot: Bot, said: Said, person: Person, number: str, update: Update) -> None:
    chats.keep_chat(ctx, bot, said.chat.id, said.chat.kind)
    customer = customer_of(ctx, person)
    keep_number(ctx, customer, number)
    ticket = last_ticket(ctx, customer, only_open=True)
    if ticket is not None:
        said_so = _("The customer shared their own telephone number: %(number)s", number=number)
        html = f"<p>{escape(said_so)}</p>"
        add_desk_note(ctx, ticket, html=html, kind="contact")
    with use_language(language_of(ctx, person)):
        words = _("Thank you.") if ticket is not None else _("Thank you. Now write what we can do for you.")
    do_once(
        ctx, bot, update, ("sendMessage", {"chat_id": said.chat.id, "text": words, "reply_markup": {"remove_keyboard": True}})
    )
