"""The letters the desk writes by itself: the receipt, and the closing notice. Each once, and never to a program."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from plugdesk.api import Context, Event, Message, Ticket, fill_html, html_of_text, language_of, send_automatic, use_language
from plugdesk.api import gettext as _
from plugdesk_email.models import Mailbox
from plugdesk_email.settings import EmailSettings

LIMITS = ((timedelta(minutes=10), 5), (timedelta(hours=1), 10), (timedelta(days=1), 20))  # automatic letters to one customer
NO_NAMES = {"name": "", "first_name": "", "organization": ""}
NEVER = ("mailer-daemon@", "postmaster@", "abuse@", "noreply@", "no-reply@", "do-not-reply@", "donotreply@", "bounce@")


def send_receipt(ctx: Context, ticket: Ticket, event: Event) -> None:
    """After a letter opened a ticket: your request is registered. It keeps that letter's subject and nothing else of it."""
    settings: EmailSettings = ctx.settings
    first = ctx.db.get(Message, event.message_id)
    if not settings.receipt or first is None or event.data.get("channel") != "email" or first.kind != "human":
        return
    if not _was_sent(ctx, ticket, "receipt", None) and _may_write(ctx, ticket):
        _send(ctx, ticket, "receipt", settings.receipt_text, answers=first, reason=None)


def send_closing_notice(ctx: Context, ticket: Ticket, event: Event) -> None:
    """After a ticket's closing, unless it was closed quietly; once for each closing."""
    settings: EmailSettings = ctx.settings
    reason = f"closing:{event.id}"
    if not settings.closing or event.data.get("quietly") or ticket.channel != "email":
        return
    if _was_sent(ctx, ticket, "closing", reason) or not _may_write(ctx, ticket):
        return
    last = ctx.db.scalar(
        sa.select(Message)
        .where(Message.ticket_id == ticket.id, Message.direction == "incoming")
        .order_by(Message.id.desc())
        .limit(1)
    )
    _send(ctx, ticket, "closing", settings.closing_text, answers=last, reason=reason)


def _send(ctx: Context, ticket: Ticket, kind: str, template: str, *, answers: Message | None, reason: str | None) -> None:
    # A receipt goes to whoever a letter says it is from: of its author's words, the name among them, it repeats none.
    own = {"customer": {"email": ticket.customer.address("email") or ""} | NO_NAMES} if kind == "receipt" else None
    with use_language(language_of(ctx.db, ticket)):
        # Texts nobody has changed are ours, and translated; an admin's own stay as written.
        html = fill_html(ctx.db, html_of_text(_(template)), ticket, own=own, kind=kind)
    send_automatic(ctx.db, ticket, kind=kind, html=html, answers=answers, reason=reason)


def _was_sent(ctx: Context, ticket: Ticket, kind: str, reason: str | None) -> bool:
    this = {"ticket_id": ticket.id, "kind": kind} | ({} if reason is None else {"reason": reason})
    return ctx.db.scalar(_SENT if reason is None else _SENT_FOR, this) is not None


def _may_write(ctx: Context, ticket: Ticket) -> bool:
    """Not to programs, not to ourselves, and to nobody too often: two programs that answer each other would never stop."""
    address = ticket.customer.address("email")
    if address is None or address.startswith(NEVER) or ctx.db.scalar(_OWN, {"address": address}) is not None:
        return False
    since = {f"since_{number}": ctx.now - window for number, (window, _most) in enumerate(LIMITS)}
    counts = ctx.db.execute(_RECENT, {"customer_id": ticket.customer_id, **since}).one()
    for count, (window, most) in zip(counts, LIMITS, strict=True):
        if count >= most:
            ctx.journal(
                "automatic_letter_withheld", ticket=ticket, address=address, minutes=int(window.total_seconds() // 60), most=most
            )
            return False
    return True


# Built once: every new ticket asks them.
_SENT = sa.select(Message.id).where(Message.ticket_id == sa.bindparam("ticket_id"), Message.kind == sa.bindparam("kind")).limit(1)
_SENT_FOR = _SENT.where(Message.reason == sa.bindparam("reason"))
_OWN = sa.select(Mailbox.id).where(Mailbox.address == sa.bindparam("address"))
_RECENT = (
    sa.select(*(sa.func.count().filter(Message.created_at > sa.bindparam(f"since_{number}")) for number in range(len(LIMITS))))
    .select_from(Message)
    .join(Ticket)
    .where(Ticket.customer_id == sa.bindparam("customer_id"), Message.kind.in_(("receipt", "closing")))
    .where(Message.created_at > sa.bindparam(f"since_{len(LIMITS) - 1}"))
)
