"""Who somebody of Telegram is on the desk, and how a customer the desk knows is bound to their Telegram."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from datetime import timedelta

import sqlalchemy as sa
from markupsafe import Markup

from plugdesk.api import (
    Conflict,
    Context,
    Identity,
    Invalid,
    Role,
    Ticket,
    User,
    add_desk_note,
    add_identity,
    find_or_create_customer,
    remove_identity,
)
from plugdesk.api import gettext as _
from plugdesk_telegram.chats import CHANNEL, identity_of
from plugdesk_telegram.models import Bot, link_to
from plugdesk_telegram.updates import Json, Person, text, whole

VALID = timedelta(days=14)
_HEAD = struct.Struct(">QI")  # the customer's number, and until when the link is good in unix seconds
_MAC = 16


def customer_of(ctx: Context, person: Person) -> User:
    """The customer this person is; a new one when nobody is. Their name on Telegram is shown on the identity."""
    customer = find_or_create_customer(
        ctx.db, channel=CHANNEL, value=str(person.id), name=person.name, language=person.language or None
    )
    for identity in customer.identities:
        if (identity.channel, identity.value) == (CHANNEL, str(person.id)) and identity.shown != person.shown:
            identity.shown = person.shown
    return customer


def start_link(ctx: Context, bot: Bot | sa.Row[int, str], customer: User) -> str:
    """The link by which `customer` comes to the bot and is known there at once: good for two weeks, and for one Telegram account.

    Of the bot only `number` and `username` are asked.

    https://core.telegram.org/bots/features#deep-linking: 64 letters, digits, - and _.
    """
    head = _HEAD.pack(customer.id, int((ctx.now + VALID).timestamp()))
    token = base64.urlsafe_b64encode(head + _mac(ctx, bot, customer, head)).decode().rstrip("=")
    return f"{link_to(bot.username)}?start={token}"


def customer_of_link(ctx: Context, bot: Bot, payload: str) -> User | None:
    """The customer a link was made for; None for any other payload, and for one that was used or is too old."""
    try:
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except ValueError:
        return None
    if len(raw) != _HEAD.size + _MAC:
        return None
    customer_id, until = _HEAD.unpack(raw[: _HEAD.size])
    customer = ctx.db.get(User, customer_id) if customer_id < 2**63 else None
    if customer is None or customer.role is not Role.CUSTOMER or ctx.now.timestamp() > until:
        return None
    good = hmac.compare_digest(raw[_HEAD.size :], _mac(ctx, bot, customer, raw[: _HEAD.size]))
    return customer if good else None


def bind(ctx: Context, customer: User, person: Person) -> bool:
    """`person` came by the link of `customer`. False where the desk knows them as another customer with requests of their own.

    Then nothing is joined by itself: agents find a note on the tickets of both.
    """
    known = identity_of(ctx, person.id)
    if known is not None and known.user_id == customer.id:
        return True
    if known is not None and _has_tickets(ctx, known.user):
        _suggest(
            ctx,
            customer,
            known.user,
            _("%(name)s on Telegram opened the personal link of %(customer)s.", name=person.shown, customer=customer.name),
        )
        return False
    if known is not None:
        remove_identity(ctx.db, known, by=None)
    add_identity(ctx.db, customer, channel=CHANNEL, value=str(person.id), by=None, shown=person.shown, verified=True)
    ctx.journal("customer_bound", user_id=customer.id)
    return True


def own_number(contact: Json, person: Person) -> str | None:
    """The number in a contact, if it is the sender's own: only then does Telegram name them in it."""
    number = text(contact, "phone_number").strip()
    if not number or whole(contact, "user_id") != person.id:
        return None
    return f"+{number}" if number.isdecimal() else number


def keep_number(ctx: Context, customer: User, number: str) -> None:
    """The customer's own telephone number, confirmed by Telegram. One that is somebody else's here is left there, with a note."""
    try:
        add_identity(ctx.db, customer, channel="phone", value=number, by=None, verified=True)
    except Invalid:
        ctx.log.info("A shared telephone number is none: customer %s", customer.id)
    except Conflict:
        other = ctx.db.scalar(sa.select(Identity).where(Identity.channel == "phone", Identity.value == number))
        if other is not None and other.user_id != customer.id:
            _suggest(
                ctx,
                other.user,
                customer,
                _("%(name)s shared the telephone number of %(customer)s.", name=customer.name, customer=other.user.name),
            )


def last_ticket(ctx: Context, customer: User, *, only_open: bool = False) -> Ticket | None:
    """The customer's ticket on this form that is open, else their last one."""
    assert ctx.form is not None
    mine = sa.select(Ticket).where(
        Ticket.form_id == ctx.form.id, Ticket.customer_id == customer.id, Ticket.deleted_at.is_(None), Ticket.parent_id.is_(None),
        Ticket.merged_into_id.is_(None), Ticket.closed_at.is_(None) if only_open else sa.true(),
    )  # fmt: skip
    return ctx.db.scalar(mine.order_by(Ticket.closed_at.is_not(None), Ticket.id.desc()).limit(1))


def _suggest(ctx: Context, one: User, other: User, why: str) -> None:
    """Two customers are probably one person: said on the ticket of each, for a person to decide."""
    html = Markup("<p>{} {}</p>").format(why, _("They are probably one person."))
    for customer in (one, other):
        ticket = last_ticket(ctx, customer)
        if ticket is not None:
            add_desk_note(ctx, ticket, html=str(html), kind="suggestion")


def _has_tickets(ctx: Context, customer: User) -> bool:
    return ctx.db.scalar(sa.select(Ticket.id).where(Ticket.customer_id == customer.id).limit(1)) is not None


def _mac(ctx: Context, bot: Bot | sa.Row[int, str], customer: User, head: bytes) -> bytes:
    """Signs for one bot and for as many Telegram accounts as the customer has: with the next one the link is used up."""
    accounts = sum(each.channel == CHANNEL for each in customer.identities)
    return hmac.digest(ctx.signing_key("start"), head + f"{bot.number}/{accounts}".encode(), hashlib.sha256)[:_MAC]
