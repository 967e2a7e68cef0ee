"""Outgoing messages: handed to their channel by a job, exactly once in effect.

The one moment nobody can know lies between the last byte of a message and the other side's answer. A channel calls
`handing_over` right before it: a process that dies later leaves the message in `sending`, and the next try, instead of
sending again, ends as *maybe sent*.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from plugdesk.contributions import Channel, MaybeSent, Undeliverable
from plugdesk.events import record
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.i18n import use_language
from plugdesk.jobs import RetryLater, enqueue
from plugdesk.plugins.context import Context
from plugdesk.rows import change
from plugdesk.runtime import runtime_of
from plugdesk.tickets.commands import news_for_others
from plugdesk.tickets.models import DeliveryState, Message, Ticket
from plugdesk.users.models import User

GIVE_UP_AFTER = timedelta(days=2)
ORDER_SECONDS = 1


@dataclass(frozen=True)
class Connection:
    """A personal address (`url`) by which a customer becomes known on a channel of a form."""

    channel: Channel
    form: Form
    url: str


def deliver_message(ctx: Context, message_id: int) -> None:
    """Job: hand a queued message to its ticket's channel, and write down what became of it."""
    session, runtime = ctx._session, runtime_of(ctx._session)
    message = session.scalars(_MESSAGE, {"message_id": message_id}).unique().one_or_none()
    if message is None or message.delivery not in (DeliveryState.QUEUED, DeliveryState.SENDING):
        return
    with use_language(ctx.desk.language):
        ticket = message.home
        if message.delivery is DeliveryState.SENDING:
            _end(session, message, DeliveryState.MAYBE, _("The connection was lost before the other side confirmed it."))
            return
        channel = runtime.registry.channels.get(message.channel or "")
        if channel is None:
            _end(session, message, DeliveryState.FAILED, _("Nothing on this desk carries the channel of this ticket."))
            return
        owner = runtime.registry.owner("channels", channel.name)
        if not ticket.form.has(owner):
            _end(session, message, DeliveryState.HELD, off_on_this_form(session, owner))
            return
        if not runtime.executor.allows(owner, ticket.form):
            raise RetryLater(60, _("The extension is suspended on this form."))
        if channel.in_order and _earlier_waits(session, message):
            raise RetryLater(ORDER_SECONDS, _("An earlier message of this ticket has to leave first."))
        own = runtime.context(owner, ticket.form, session, "job")
        if message.delivery_error is not None:
            message.delivery_error = None  # what an earlier try said
        try:
            external_id = channel.deliver(own, message)
        except Undeliverable as error:
            _end(session, message, DeliveryState.FAILED, str(error))
        except MaybeSent as error:
            _end(session, message, DeliveryState.MAYBE, str(error))
        except RetryLater as error:
            _wait(session, message, str(error), give_up=ctx.now - message.created_at > GIVE_UP_AFTER)
            if message.delivery is DeliveryState.QUEUED:
                ctx.checkpoint()  # a job that is tried later loses what it changed: the reason, and that it is queued again
                raise
        else:
            sent = {"external_id": external_id or message.external_id, "delivered_at": ctx.now}
            _end(session, message, DeliveryState.SENT, message.delivery_error, **sent)  # it may have reached some, not all


def handing_over(ctx: Context, message: Message) -> None:
    """A channel calls this right before the last byte leaves: from here on, dying means *maybe sent*."""
    change(ctx._session, message, delivery=DeliveryState.SENDING)
    ctx.checkpoint()


def report_failure(session: Session, message: Message, why: str) -> None:
    """A channel learns later that a message did not arrive (a bounce): it says so, and the ticket has news."""
    if message.delivery is not DeliveryState.FAILED or message.delivery_error != why:
        _end(session, message, DeliveryState.FAILED, why)
        news_for_others(session, message.ticket, None)


# With what every channel looks at.
_MESSAGE = (
    sa.select(Message)
    .where(Message.id == sa.bindparam("message_id"))
    .options(joinedload(Message.ticket).joinedload(Ticket.customer).joinedload(User.identities))
)


def off_on_this_form(session: Session, plugin: str) -> str:
    """The mark on a held message, like “E-mail is off on this form.”"""
    manifest = runtime_of(session).registry.plugins[plugin].manifest
    return _("%(name)s is off on this form.", name=_(manifest.name) if manifest else plugin)


def carrier_of(session: Session, channel: str, form: Form) -> Channel | None:
    """The channel called `channel` if its extension is loaded and on for `form`."""
    registry = runtime_of(session).registry
    found = registry.channels.get(channel)
    return found if found is not None and form.has(registry.owner("channels", channel)) else None


def can_send(session: Session, channel: str, form: Form) -> bool:
    """Whether messages can leave `form` by the channel called `channel`: its extension is on there and misses nothing."""
    if carrier_of(session, channel, form) is None:
        return False
    runtime = runtime_of(session)
    ready, owner = runtime.registry.channels[channel].ready, runtime.registry.owner("channels", channel)
    return runtime.executor.run(owner, f"channel {channel}", form, session, ready) is None


def address_for(session: Session, ticket: Ticket, channel: str) -> str | None:
    """Where the ticket's customer is written to on `channel`: at the address they gave with it, else at their first."""
    own = [each.value for each in ticket.customer.identities if each.channel == channel]
    if len(own) < 2:
        return own[0] if own else None
    given = runtime_of(session).executor.first("address_for", ticket.form, session, expects=str, ticket=ticket, channel=channel)
    return given if given in own else own[0]


def letter_instead(
    session: Session, ticket: Ticket, kind: str, agent: User | None = None, message: Message | None = None
) -> str | None:
    """What a letter of this kind to the ticket's customer says instead, as HTML; "" for no such letter, None to leave it as it is.

    `message` is what the letter carries, where it carries one.
    """
    first, form = runtime_of(session).executor.first, ticket.form
    link = message is not None and first("only_link", form, session, expects=bool, ticket=ticket, message=message) is True
    answer: str | None = first(
        "letter_instead", form, session, expects=str, ticket=ticket, customer=ticket.customer, kind=kind, agent=agent,
        only_link=link,
    )  # fmt: skip
    return answer


def channels_to(session: Session, ticket: Ticket) -> list[Channel]:
    """The channels of the ticket's form on which its customer can be reached, in the order of their extensions."""
    runtime, found = runtime_of(session), []
    for name, channel in runtime.registry.channels.items():
        owner = runtime.registry.owner("channels", name)
        if not ticket.form.has(owner) or not runtime.executor.allows(owner, ticket.form):
            continue
        if runtime.executor.run(owner, f"channel {name}", ticket.form, session, channel.reaches, ticket.customer) is True:
            found.append(channel)
    return found


def channels_to_connect(session: Session, customer: User, forms: Iterable[Form]) -> list[Connection]:
    """Where the customer is not known yet and may come by an address of their own, in the order of the `forms` and their extensions."""
    runtime, found = runtime_of(session), list[Connection]()
    for form, (name, channel) in product(forms, runtime.registry.channels.items()):
        owner = runtime.registry.owner("channels", name)
        if channel.connect is None or not form.has(owner) or not runtime.executor.allows(owner, form):
            continue
        url = runtime.executor.run(owner, f"channel {name}", form, session, channel.connect, customer)
        if isinstance(url, str):
            found.append(Connection(channel, form, url))
    return found


def show_typing(session: Session, ticket: Ticket) -> None:
    """Somebody writes an answer: where the channel can, the customer is shown so for a few seconds."""
    channel = carrier_of(session, ticket.channel, ticket.form)
    if channel is not None and channel.typing is not None:
        enqueue(session, "core:show_typing", form=ticket.form, key=f"ticket:{ticket.id}", ticket_id=ticket.id)


def hold_messages(session: Session, plugin: str, form: Form) -> int:
    """The plugin is going off on `form`: what waits on its channels is held, and says so. Returns how many."""
    found = _waiting(session, plugin, form, DeliveryState.QUEUED)
    for message in found:
        message.delivery, message.delivery_error = DeliveryState.HELD, off_on_this_form(session, plugin)
    return len(found)


def release_messages(session: Session, plugin: str, form: Form) -> int:
    """The plugin is on again: what was held on its channels goes out. Returns how many."""
    found = _waiting(session, plugin, form, DeliveryState.HELD)
    for message in found:
        message.delivery, message.delivery_error = DeliveryState.QUEUED, None
        enqueue(session, "core:deliver_message", form=form, key=f"message:{message.id}", message_id=message.id)
    return len(found)


def waiting_messages(session: Session, plugin: str, form: Form) -> int:
    """How many messages wait on the plugin's channels of this form."""
    return len(_waiting(session, plugin, form, DeliveryState.QUEUED))


def _waiting(session: Session, plugin: str, form: Form, state: DeliveryState) -> list[Message]:
    registry = runtime_of(session).registry
    own = [name for name in registry.channels if registry.owner("channels", name) == plugin]
    if not own:
        return []
    where = (Ticket.form_id == form.id, Message.delivery == state, Message.channel.in_(own))
    here = sa.select(Message).join(Message.ticket).where(Message.origin_id.is_(None), *where)
    merged = sa.select(Message).join(Message.origin).where(Message.origin_id.is_not(None), *where)
    return sorted([*session.scalars(here), *session.scalars(merged)], key=lambda message: message.id)


def _earlier_waits(session: Session, message: Message) -> bool:
    earlier = sa.select(Message.id).where(
        Message.ticket_id == message.ticket_id, Message.channel == message.channel, Message.id < message.id,
        Message.delivery.in_((DeliveryState.QUEUED, DeliveryState.SENDING)),
    )  # fmt: skip
    return session.scalar(earlier.limit(1)) is not None


def _end(session: Session, message: Message, state: DeliveryState, why: str | None, **more: Any) -> None:
    change(session, message, delivery=state, delivery_error=why, **more)
    kind = "message_sent" if state is DeliveryState.SENT else f"message_{state}"
    about: dict[str, Any] = {"reason": why} if why else {}
    record(session, kind, ticket=message.ticket, message_id=message.id, **about)


def _wait(session: Session, message: Message, why: str, *, give_up: bool) -> None:
    if give_up:
        _end(session, message, DeliveryState.FAILED, _("Given up after two days. %(why)s", why=why))
    else:
        message.delivery, message.delivery_error = DeliveryState.QUEUED, why
