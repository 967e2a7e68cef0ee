"""A customer in a chat: which ticket their words belong to, and what the desk says by itself there.

Letters name what they answer; in a chat a customer just goes on. `hear` finds the ticket by the rules an admin sets for
the channel on the form (`ConversationSettings`), after extensions were asked whether the words are meant for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from plugdesk.events import Event
from plugdesk.html import html_of_text
from plugdesk.i18n import gettext as _
from plugdesk.i18n import lazy_gettext, translatable, use_language
from plugdesk.plugins.settings import option
from plugdesk.runtime import runtime_of
from plugdesk.tickets.combining import survivor
from plugdesk.tickets.correspondence import Said, open_ticket, receive_message, send_automatic
from plugdesk.tickets.models import DeliveryState, Message, Ticket
from plugdesk.tickets.wording import fill_words, language_of

if TYPE_CHECKING:
    from plugdesk.contributions import Channel
    from plugdesk.plugins.context import Context
    from plugdesk.users.models import User

RECEIPT = translatable("We have received your request ${ticket:number}. The answer comes here.")
OUT_OF_HOURS = translatable(
    "We have received your request ${ticket:number}. Nobody is here at the moment; the answer comes in our working hours."
)
CLOSING = translatable("""Your request ${ticket:number} is closed. If something is still open, just write.

${satisfaction:rating}""")
DAYS = {"all": range(7), "weekdays": range(5), "six": range(6)}
AUTOMATIC_LIMITS = ((timedelta(minutes=10), 5), (timedelta(days=1), 30))  # what the desk says by itself to one customer


@dataclass(frozen=True)
class ConversationSettings:
    """What an admin sets for a messenger on a form. A messenger's own settings descend from it, and have a `VERSION`."""

    one_ticket: bool = option(
        True, label=lazy_gettext("What a customer writes goes to their open ticket"),
        help=lazy_gettext("Otherwise each message opens a ticket, unless it answers one."),
    )  # fmt: skip
    reopen_days: int = option(
        3, label=lazy_gettext("What a customer writes still belongs to a closed ticket for"),
        help=lazy_gettext("Days since the closing. The form's statuses say whether it is opened again. Later words open a new ticket."),
        least=0, most=365,
    )  # fmt: skip
    receipt: bool = option(True, label=lazy_gettext("Send a receipt"))
    receipt_text: str = option(RECEIPT, label=lazy_gettext("Receipt"), lines=3, variables=True, most=4_000)
    hours: str = option(
        "", label=lazy_gettext("Working hours"), most=11,
        help=lazy_gettext("From and to, like 09:00-18:00, in the desk's time zone. Empty: somebody is always here."),
    )  # fmt: skip
    days: str = option(
        "weekdays", label=lazy_gettext("Working days"),
        choices=[("all", lazy_gettext("Every day")), ("weekdays", lazy_gettext("Monday to Friday")), ("six", lazy_gettext("Monday to Saturday"))],
    )  # fmt: skip
    out_of_hours_text: str = option(
        OUT_OF_HOURS, label=lazy_gettext("Receipt outside working hours"), lines=3, variables=True, most=4_000
    )
    closing: bool = option(True, label=lazy_gettext("Send a closing notice"), help=lazy_gettext("When a ticket is closed."))
    closing_text: str = option(CLOSING, label=lazy_gettext("Closing notice"), lines=4, variables=True, most=4_000)


def hear(
    ctx: Context,
    channel: str,
    customer: User,
    said: Said,
    *,
    answers: str | None = None,
    only: sa.ColumnElement[bool] | None = None,
) -> Message | None:
    """Put a customer's words where they belong; returns the message, or None when an extension has taken them.

    `answers` is the channel's own id of the message they answer, where the customer pointed at one. `only` is a condition on
    `Ticket` where one customer has several conversations, as in a group beside the private chat: others are none of theirs.
    The ticket answers on `channel` from now on: that is where its customer is. What answers a message of a ticket that was merged
    stands on its survivor, which answers there only if it is the same customer's.
    """
    assert ctx.form is not None, "A conversation belongs to a form."
    session, executor = ctx._session, runtime_of(ctx._session).executor
    if said.kind == "human" and executor.first(
        "words_received", ctx.form, session, expects=bool, customer=customer, said=said, channel=channel
    ):
        return None
    ticket = _ticket_for(ctx, channel, customer, answers, only)
    if ticket is None:
        return open_ticket(session, ctx.form, customer, subject="", said=said, channel=channel).messages[0]
    message = receive_message(session, ticket, customer, said=said, channel=channel, subject="")
    home, lives = message.home, message.ticket
    home.channel = channel
    if home.customer_id == lives.customer_id and lives.form_id == ctx.form.id:
        lives.channel = channel
    return message


def hear_again(ctx: Context, channel: str, customer: User, said: Said) -> bool:
    """A customer has changed words that stand on no ticket: the extension that took them is told, and True says that it knew them.

    `said.external_id` is the same as when they were heard.
    """
    assert ctx.form is not None, "A conversation belongs to a form."
    first = runtime_of(ctx._session).executor.first
    told = first("words_changed", ctx.form, ctx._session, expects=bool, customer=customer, said=said, channel=channel)
    return told is True


def send_chat_receipt(ctx: Context, channel: Channel, ticket: Ticket, event: Event) -> None:
    """After a customer's words on `channel` opened a ticket: that they are registered, or that nobody is here at this hour."""
    settings: ConversationSettings = ctx.settings
    first = ctx.db.get(Message, event.message_id)
    if not settings.receipt or first is None or event.data.get("channel") != channel.name or first.kind != "human":
        return
    text = settings.receipt_text if is_working(settings, first.created_at, ctx.desk.zone) else settings.out_of_hours_text
    _say(ctx, channel, ticket, "receipt", text, answers=first, reason=None)


def send_chat_closing(ctx: Context, channel: Channel, ticket: Ticket, event: Event) -> None:
    """After a ticket's closing, unless it was closed quietly; once for each closing."""
    settings: ConversationSettings = ctx.settings
    if settings.closing and not event.data.get("quietly") and ticket.channel == channel.name:
        _say(ctx, channel, ticket, "closing", settings.closing_text, answers=None, reason=f"closing:{event.id}")


def is_working(settings: ConversationSettings, moment: datetime, zone: str) -> bool:
    """Whether `moment` lies in the working hours an admin has set; hours nobody can read mean always."""
    begin, dash, end = settings.hours.partition("-")
    local = moment.astimezone(ZoneInfo(zone))
    try:
        hours = (time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())) if dash else None
    except ValueError:
        hours = None
    if hours is None:
        return True
    return local.weekday() in DAYS.get(settings.days, range(7)) and hours[0] <= local.time() < hours[1]


def _ticket_for(
    ctx: Context, channel: str, customer: User, answers: str | None, only: sa.ColumnElement[bool] | None
) -> Ticket | None:
    settings: ConversationSettings = ctx.settings
    assert ctx.form is not None
    mine = sa.select(Ticket).where(
        Ticket.form_id == ctx.form.id, Ticket.customer_id == customer.id, Ticket.deleted_at.is_(None), Ticket.parent_id.is_(None),
        sa.true() if only is None else only,
    )  # fmt: skip
    if answers is not None:
        said_on = sa.func.coalesce(Message.origin_id, Message.ticket_id)  # a merged ticket's words stand on its survivor
        pointed = mine.join(Message, said_on == Ticket.id).where(Message.channel == channel, Message.external_id == answers)
        found = ctx.db.scalar(pointed.order_by(Message.id.desc()).limit(1))
        if found is not None and survivor(ctx._session, found).deleted_at is None:
            return found
    if not settings.one_ticket:
        return None
    last = ctx.db.scalar(
        mine.where(Ticket.merged_into_id.is_(None)).order_by(Ticket.closed_at.is_not(None), Ticket.id.desc()).limit(1)
    )
    if last is None or last.closed_at is None or ctx.now - last.closed_at <= timedelta(days=settings.reopen_days):
        return last
    return None


def _say(
    ctx: Context, channel: Channel, ticket: Ticket, kind: str, template: str, *, answers: Message | None, reason: str | None
) -> None:
    same = sa.select(Message.id).where(Message.ticket_id == ticket.id, Message.kind == kind)
    if ctx.db.scalar((same if reason is None else same.where(Message.reason == reason)).limit(1)) is not None:
        return
    if not channel.reaches(ctx, ticket.customer) or _too_often(ctx, ticket):
        return
    with use_language(language_of(ctx._session, ticket)):
        # Texts nobody has changed are ours, and translated; an admin's own stay as written.
        words = fill_words(ctx._session, html_of_text(_(template)), ticket, channel=channel, kind=kind)
    send_automatic(
        ctx._session,
        ticket,
        kind=kind,
        html=words.html,
        buttons=words.buttons,
        answers=answers,
        reason=reason,
        channel=channel.name,
    )


def _too_often(ctx: Context, ticket: Ticket) -> bool:
    """Two programs that answer each other would never stop."""
    for window, most in AUTOMATIC_LIMITS:
        said = sa.select(sa.func.count()).select_from(Message).join(Ticket).where(
            Ticket.customer_id == ticket.customer_id, Message.kind.in_(("receipt", "closing")), Message.created_at > ctx.now - window,
            Message.delivery != DeliveryState.FAILED,
        )  # fmt: skip
        if (ctx.db.scalar(said) or 0) >= most:
            ctx.journal("automatic_message_withheld", ticket=ticket, minutes=int(window.total_seconds() // 60), most=most)
            return True
    return False
