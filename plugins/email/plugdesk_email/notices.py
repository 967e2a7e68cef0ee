"""The letters the desk writes by itself: the receipt, and the closing notice. Each once, and never to a program."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from plugdesk.api import (
    Context,
    Event,
    Message,
    Ticket,
    address_for,
    fill_html,
    html_of_text,
    language_of,
    letter_instead,
    said_with,
    send_automatic,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_email.models import PlainLetter
from plugdesk_email.settings import EmailSettings
from plugdesk_email.strangers import NO_NAMES, is_strangers, words_of_ours
from plugdesk_email.unread import nobody_reads

LIMITS = ((timedelta(minutes=10), 5), (timedelta(hours=1), 10), (timedelta(days=1), 20))  # automatic letters to one customer
STRANGERS_LIMITS = ((timedelta(days=1), 1),)  # to an address nobody proved and no colleague has written to


def send_receipt(ctx: Context, ticket: Ticket, event: Event) -> None:
    """After a letter opened a ticket: your request is registered. It keeps that letter's subject and nothing else of it."""
    settings: EmailSettings = ctx.settings
    first = ctx.db.get(Message, event.message_id)
    if not settings.receipt or first is None or event.data.get("channel") != "email" or first.kind != "human":
        return
    if _may_write(ctx, ticket, "receipt", None):
        _send(ctx, ticket, "receipt", settings.receipt_text, answers=first, reason=None)


def send_closing_notice(ctx: Context, ticket: Ticket, event: Event) -> None:
    """After a ticket's closing, unless it was closed quietly; once for each closing."""
    settings: EmailSettings = ctx.settings
    reason = f"closing:{event.id}"
    if not settings.closing or event.data.get("quietly") or ticket.channel != "email":
        return
    strangers = is_strangers(ctx, ticket)
    if not _may_write(
        ctx, ticket, "closing", reason, STRANGERS_LIMITS if strangers and not _was_answered(ctx, ticket) else LIMITS
    ):
        return
    if letter_instead(ctx.db, ticket, "closing") == "":
        return  # they want none
    last = ctx.db.scalar(
        sa.select(Message)
        .where(Message.ticket_id == ticket.id, Message.direction == "incoming", said_with(ticket.customer_id))
        .order_by(Message.id.desc())
        .limit(1)
    )
    _send(ctx, ticket, "closing", settings.closing_text, answers=last, reason=reason, strangers=strangers)


def _send(
    ctx: Context,
    ticket: Ticket,
    kind: str,
    template: str,
    *,
    answers: Message | None,
    reason: str | None,
    strangers: bool = False,
) -> None:
    # A receipt goes to whoever a letter says it is from: of its author's words, the name among them, it repeats none.
    own = {"customer": {"email": address_for(ctx.db, ticket, "email") or ""} | NO_NAMES} if strangers or kind == "receipt" else {}
    with use_language(language_of(ctx.db, ticket)):
        if strangers:
            own["ticket"] = words_of_ours(ticket)
        # Texts nobody has changed are ours, and translated; an admin's own stay as written.
        html = fill_html(ctx.db, html_of_text(_(template)), ticket, own=own, kind=kind)
    send_automatic(ctx.db, ticket, kind=kind, html=html, answers=answers, reason=reason)


def _may_write(
    ctx: Context, ticket: Ticket, kind: str, reason: str | None, limits: tuple[tuple[timedelta, int], ...] = LIMITS
) -> bool:
    """Once, not to programs or ourselves, and to nobody too often: two programs that answer each other would never stop."""
    address = address_for(ctx.db, ticket, "email")
    if address is None or nobody_reads(ctx, address):
        return False
    since = {f"since_{number}": ctx.now - window for number, (window, _most) in enumerate(LIMITS)}
    this = {"ticket_id": ticket.id, "kind": kind, "customer_id": ticket.customer_id, **since}
    ctx.db.flush()  # what was written a moment ago counts, too
    found = ctx.db.connection().execute(*((_BEFORE, this) if reason is None else (_BEFORE_FOR, this | {"reason": reason})))
    *counts, was_sent = found.one()
    if was_sent:
        return False
    if limits is STRANGERS_LIMITS:  # a letter that asked whether it was them counts as much
        asked = sa.select(sa.func.count()).where(PlainLetter.address == address, PlainLetter.at > ctx.now - limits[-1][0])
        counts[-1] += ctx.db.scalar(asked) or 0
    for count, (window, most) in zip(counts[-len(limits) :], limits, strict=True):  # the longest are last in both
        if count >= most:
            ctx.journal(
                "automatic_letter_withheld", ticket=ticket, address=address, minutes=int(window.total_seconds() // 60), most=most
            )
            return False
    return True


def _was_answered(ctx: Context, ticket: Ticket) -> bool:
    """Whether a colleague wrote to the customer: then they know of the ticket."""
    return ctx.db.connection().scalar(_ANSWERED, {"ticket_id": ticket.id, "customer_id": ticket.customer_id}) is not None


# Built once: every new ticket asks them.
_ANSWERED = (
    sa.select(Message.id)
    .where(Message.ticket_id == sa.bindparam("ticket_id"), Message.direction == "outgoing", Message.kind == "human")
    .where(said_with(sa.bindparam("customer_id"))).limit(1)
)  # fmt: skip
_Sent = aliased(Message)
_SENT = sa.exists().where(_Sent.ticket_id == sa.bindparam("ticket_id"), _Sent.kind == sa.bindparam("kind"))
_COUNTS = (
    sa.select(*(sa.func.count().filter(Message.created_at > sa.bindparam(f"since_{number}")) for number in range(len(LIMITS))))
    .select_from(Message)
    .join(Ticket)
    .where(Ticket.customer_id == sa.bindparam("customer_id"), Message.kind.in_(("receipt", "closing")))
    .where(Message.created_at > sa.bindparam(f"since_{len(LIMITS) - 1}"))
)
_BEFORE = _COUNTS.add_columns(_SENT)
_BEFORE_FOR = _COUNTS.add_columns(_SENT.where(_Sent.reason == sa.bindparam("reason")))
