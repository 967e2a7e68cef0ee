"""Messages that change after they were said: a customer corrects theirs in a chat, an agent takes a reply back before it
leaves, or corrects an answer that has arrived.

What a message said before stays in the ticket's history. Commands: they never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.html import CLEANER_VERSION, clean_html, excerpt, text_of_html
from plugdesk.i18n import gettext as _
from plugdesk.i18n import use_language
from plugdesk.jobs import Park, RetryLater, cancel, enqueue
from plugdesk.permissions import can_reply
from plugdesk.plugins.context import Context
from plugdesk.runtime import runtime_of
from plugdesk.search import index_again
from plugdesk.tickets.attachments import NewFile, add_file, drop_file
from plugdesk.tickets.commands import may_run, news_for_others
from plugdesk.tickets.continuing import reply_was_withdrawn
from plugdesk.tickets.correspondence import Said, _job_key
from plugdesk.tickets.delivery import carrier_of, off_on_this_form
from plugdesk.tickets.limits import EXCERPT
from plugdesk.tickets.models import DeliveryState, Direction, Message
from plugdesk.users.models import User

if TYPE_CHECKING:
    from plugdesk.contributions import Channel

LONGEST_WAIT = 8  # tries of telling the other side


def edit_message(session: Session, message: Message, *, said: Said) -> bool:
    """The customer has changed what they wrote. False, and nothing changed, when it says the same as before.

    `said.files` replace the files the message had, if there are any; otherwise those stay.
    """
    clean = clean_html(said.html) if said.html is not None else None
    if said.text == message.text and clean == message.clean_html and not said.files:
        return False
    _rewrite(session, message, said.text, said.html, clean, by=message.author, files=said.files)
    news_for_others(session, message.ticket, None)
    return True


def withdraw_message(session: Session, message: Message) -> None:
    """The customer has deleted what they wrote: it stays readable for agents, marked as taken back."""
    if message.withdrawn_at is None:
        message.withdrawn_at = runtime_of(session).clock.now()
        record(session, "message_withdrawn", ticket=message.ticket, actor=message.author, message_id=message.id)


def withdraw_reply(session: Session, message: Message, agent: User) -> None:
    """Take back an own reply that has not left yet. `Conflict` when it has."""
    if message.author_id != agent.id or message.direction is not Direction.OUTGOING:
        raise NotAllowed(_("Only its author can take a reply back."))
    may_run(session, message.ticket, agent, "reply")
    if message.delivery not in (DeliveryState.QUEUED, DeliveryState.HELD) or not cancel(
        session, "core:deliver_message", _job_key(message), form=message.home.form
    ):
        raise Conflict(_("The reply has already left."))
    ticket = message.ticket
    for attachment in list(message.attachments):
        drop_file(session, attachment)
    record(session, "reply_withdrawn", ticket=ticket, actor=agent, text=message.text, reply_id=message.id)
    withdrawn_id = message.id
    session.flush()  # the files before the message they hang on
    session.delete(message)
    session.flush()  # the message is gone when the last of the rest is asked for
    last = session.scalar(
        sa.select(Message)
        .where(Message.ticket_id == ticket.id, Message.direction != Direction.NOTE, Message.kind == "human")
        .order_by(Message.id.desc())
        .limit(1)
    )
    ticket.customer_waits = last is not None and last.direction is Direction.INCOMING
    if last is None or last.direction is Direction.INCOMING:
        reply_was_withdrawn(session, ticket, withdrawn_id, agent)


def edit_reply(session: Session, message: Message, agent: User, *, body: str) -> None:
    """Change an own answer that has arrived, where its channel can. `Invalid` where it cannot, `Conflict` once it is gone."""
    channel = changeable(session, message, agent)
    if channel.change is None:
        raise Invalid(_("Answers that have left cannot be changed on this channel."))
    clean = clean_html(body)
    text = text_of_html(clean)
    if not text.strip():
        raise Invalid(problems={"body": _("Write something first.")})
    if clean == message.clean_html:
        return
    _rewrite(session, message, text, clean, clean, by=agent)
    enqueue(session, "core:change_message", form=message.home.form, key=f"message:{message.id}", message_id=message.id)


def delete_reply(session: Session, message: Message, agent: User) -> None:
    """Take an own answer that has arrived back from the customer, where its channel can; agents go on seeing it, marked."""
    channel = changeable(session, message, agent)
    if channel.withdraw is None:
        raise Invalid(_("Answers that have left cannot be taken back on this channel."))
    message.withdrawn_at = runtime_of(session).clock.now()
    record(session, "message_withdrawn", ticket=message.ticket, actor=agent, message_id=message.id)
    enqueue(session, "core:withdraw_message", form=message.home.form, key=f"message:{message.id}", message_id=message.id)


def change_message(ctx: Context, message_id: int) -> None:
    """Job: tell the other side what a message says now."""
    _tell(ctx, message_id, "change")


def tell_withdrawal(ctx: Context, message_id: int) -> None:
    """Job: take a message away on the other side."""
    _tell(ctx, message_id, "withdraw")


def tell_typing(ctx: Context, ticket_id: int) -> None:
    """Job: show the customer that somebody is writing. A nicety: what goes wrong with it is nobody's trouble."""
    from plugdesk.contributions import Undeliverable
    from plugdesk.tickets.models import Ticket

    ticket = ctx._session.get(Ticket, ticket_id)
    channel = carrier_of(ctx._session, ticket.channel, ticket.form) if ticket is not None else None
    if ticket is None or channel is None or channel.typing is None:
        return
    runtime = runtime_of(ctx._session)
    own = runtime.context(runtime.registry.owner("channels", channel.name), ticket.form, ctx._session, "job")
    try:
        channel.typing(own, ticket)
    except (Undeliverable, RetryLater) as error:
        ctx.log.debug("Nobody was shown that an answer to %s is being written: %s", ticket_id, error)


def _tell(ctx: Context, message_id: int, what: str) -> None:
    from plugdesk.contributions import Undeliverable

    session, runtime = ctx._session, runtime_of(ctx._session)
    message = session.get(Message, message_id)
    if message is None or message.delivery is not DeliveryState.SENT:
        return
    channel = carrier_of(session, message.channel or "", message.home.form)
    if channel is None:
        owner = runtime.registry.owner("channels", message.channel or "") if message.channel in runtime.registry.channels else ""
        raise Park(off_on_this_form(session, owner) if owner else _("Nothing on this desk carries the channel of this ticket."))
    own = runtime.context(runtime.registry.owner("channels", channel.name), message.home.form, session, "job")
    act = getattr(channel, what)
    message.delivery_error = None
    with use_language(ctx.desk.language):
        try:
            if act is not None:
                act(own, message)
        except Undeliverable as error:
            message.delivery_error = _("The customer still sees what it said before. %(why)s", why=str(error))


def changeable(session: Session, message: Message, agent: User) -> Channel:
    """The channel of an answer of `agent` that has arrived and can be changed there; else the refusal, in words."""
    if not can_reply(session, agent, message.ticket) or message.author_id != agent.id:
        raise NotAllowed(_("Only its author can change an answer."))
    if message.direction is not Direction.OUTGOING or message.withdrawn_at is not None:
        raise Conflict(_("This answer has been taken back."))
    if message.delivery is not DeliveryState.SENT:
        raise Conflict(_("This answer has not arrived yet. Try again when it has."))
    channel = carrier_of(session, message.channel or "", message.home.form)
    if channel is None:
        raise Invalid(_("Nothing on this desk carries the channel of this ticket."))
    return channel


def _rewrite(
    session: Session, message: Message, text: str, html: str | None, clean: str | None, *, by: User | None,
    files: Sequence[NewFile] = (),
) -> None:  # fmt: skip
    ticket, before = message.ticket, message.text
    message.text, message.html, message.clean_html = text, html, clean
    message.cleaned_by = CLEANER_VERSION if clean is not None else None
    message.edited_at = ticket.changed_at = runtime_of(session).clock.now()
    if files:
        for old in list(message.attachments):
            message.attachments.remove(old)
            drop_file(session, old)
        for file in files:
            add_file(session, file, message=message)
    if ticket.excerpt == excerpt(before, EXCERPT):
        ticket.excerpt = excerpt(text, EXCERPT)
    record(session, "message_edited", ticket=ticket, actor=by, message_id=message.id, before=before)
    session.flush()  # what the index is made of
    index_again(session, ticket)
