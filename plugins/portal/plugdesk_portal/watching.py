"""Colleagues who watch one request: they are told by a letter that there is an answer, and read it in the portal. Commands: they never commit.

A letter holds nothing that anybody typed, so whatever is hidden from its reader stays so; whether they may still read the request
is asked when it leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from plugdesk.api import (
    Context,
    DeliveryState,
    Event,
    Invalid,
    Message,
    NotFound,
    Ticket,
    User,
    html_of_text,
    read_address,
    send_letter,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_portal.colleagues import may_read
from plugdesk_portal.letters import wish_of
from plugdesk_portal.models import Watch
from plugdesk_portal.queries import customer_with, readable

MOST = 20
SOON = timedelta(seconds=30)  # an answer can be taken back for some seconds before it leaves
TRIES = 60  # with an hour between two of them at the most: three days for a mailbox that is down


def watchers(ctx: Context, ticket: Ticket) -> Sequence[tuple[Watch, User]]:
    """Who watches the request, by name."""
    wanted = sa.select(Watch, User).join(User, User.id == Watch.user_id).where(Watch.ticket_id == ticket.id)
    return [(watch, user) for watch, user in ctx.db.execute(wanted.order_by(User.name, User.id))]


def readers(ctx: Context, ticket: Ticket) -> list[tuple[Watch, User, bool]]:
    """`watchers`, and whether each may still read the request: not so who is no longer of the organization."""
    return [(row, colleague, may_read(ctx, colleague, ticket)) for row, colleague in watchers(ctx, ticket)]


def is_watching(ctx: Context, customer: User, ticket: Ticket) -> bool:
    """Whether the colleague is told of answers to this request."""
    watch = ctx.db.get(Watch, (ticket.id, customer.id))
    return watch is not None and watch.told


def watch(ctx: Context, customer: User, ticket: Ticket) -> None:
    """A colleague wants to be told of answers. Raises `NotFound` where they may not read the request."""
    if not may_read(ctx, customer, ticket):
        raise NotFound(_("There is no such request."))
    _row(ctx, ticket, customer).told = True


def stop_watching(ctx: Context, customer: User, ticket: Ticket) -> None:
    """They want no more of these letters; whoever was let in goes on reading."""
    row = ctx.db.get(Watch, (ticket.id, customer.id))
    if row is None:
        return
    row.told = False
    if not row.added:
        ctx.db.delete(row)


def let_in(ctx: Context, owner: User, ticket: Ticket, address: str) -> User:
    """Who asked lets a colleague read and watch the request. Raises `Invalid` beside "colleague"."""
    try:
        colleague = customer_with(ctx, read_address(address))
    except Invalid as wrong:
        raise Invalid(problems={"colleague": wrong.in_words}) from None
    if colleague is None or colleague.organization_id != owner.organization_id or owner.organization_id is None:
        raise Invalid(problems={"colleague": _("Nobody of your organization is known to us by this address.")})
    if colleague.id == owner.id:
        raise Invalid(problems={"colleague": _("This is your own address: you are told anyway.")})
    if len(watchers(ctx, ticket)) >= MOST:
        raise Invalid(problems={"colleague": _("At most %(most)s people watch a request.", most=MOST)})
    row = _row(ctx, ticket, colleague)
    if not row.added:
        row.added = row.told = True
        ctx.journal("colleague_let_in", ticket=ticket, actor=owner, user_id=colleague.id)
    return colleague


def shut_out(ctx: Context, owner: User, ticket: Ticket, user_id: int) -> None:
    """Who asked takes that back; where the form shares requests, the colleague still finds it among those of the organization."""
    row = ctx.db.get(Watch, (ticket.id, user_id))
    if row is not None:
        ctx.db.delete(row)
        ctx.journal("colleague_shut_out", ticket=ticket, actor=owner, user_id=user_id)


def tell_of_answer(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Where somebody watches: a job tells them once the answer has left."""
    if event.message_id is not None and _anybody(ctx, ticket):
        ctx.enqueue("tell_watchers", key=f"{event.message_id}:0", due_at=ctx.now + SOON, message_id=event.message_id, tries=0)


def tell_watchers(ctx: Context, message_id: int, tries: int) -> None:
    """Job: a letter to each who watches, once for an answer; one that waits to be sent is waited for, one taken back is none."""
    message = ctx.db.get(Message, message_id)
    if message is None or message.withdrawn_at is not None:
        return
    if message.delivery in (DeliveryState.QUEUED, DeliveryState.HELD):
        if tries < TRIES:
            again = ctx.now + timedelta(minutes=min(2**tries, 60))
            ctx.enqueue("tell_watchers", key=f"{message_id}:{tries + 1}", due_at=again, message_id=message_id, tries=tries + 1)
        return
    ticket = message.ticket
    if ctx.db.scalar(sa.select(Message.id).where(Message.id == message_id, readable(ticket.customer))) is None:
        return
    for row, colleague in watchers(ctx, ticket):
        if row.told_up_to < message_id:
            row.told_up_to = message_id
            _tell(ctx, ticket, row, colleague, closed=False)


def tell_of_closing(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Who watches is told like who asked: not where it is closed quietly, nor whoever wants no such letters."""
    if event.data.get("quietly"):
        return
    for row, colleague in watchers(ctx, ticket):
        if wish_of(ctx, colleague).closing_notices:
            _tell(ctx, ticket, row, colleague, closed=True)


def _tell(ctx: Context, ticket: Ticket, row: Watch, colleague: User, *, closed: bool) -> None:
    address = _address(colleague)
    if not row.told or not address or ctx.base_url is None or not may_read(ctx, colleague, ticket):
        return
    with use_language(colleague.language or ticket.form.language or ctx.desk.language):
        about = {"number": ticket.number, "link": f"{ctx.base_url}/portal/requests/{ticket.number}", "desk": ctx.desk.name}
        if closed:
            subject = _("Request %(number)s is closed", **about)
            text = _("Request %(number)s of your organization, which you watch, is closed. It stands here:\n\n%(link)s\n\nThere you can also stop these letters.\n\n%(desk)s", **about)  # fmt: skip
        else:
            subject = _("An answer to request %(number)s", **about)
            text = _("There is an answer to request %(number)s of your organization, which you watch. Read it here:\n\n%(link)s\n\nThere you can also stop these letters.\n\n%(desk)s", **about)  # fmt: skip
        send_letter(ctx.db, ticket.form, to=address, subject=subject, html=html_of_text(text))


def _address(colleague: User) -> str:
    """Where letters reach them: an address that is proved before one that is not."""
    own = [each for each in colleague.identities if each.channel == "email"]
    return next((each.value for each in sorted(own, key=lambda each: each.verified_at is None)), "")


def _anybody(ctx: Context, ticket: Ticket) -> bool:
    return bool(ctx.db.scalar(sa.select(sa.exists().where(Watch.ticket_id == ticket.id, Watch.told))))


def _row(ctx: Context, ticket: Ticket, customer: User) -> Watch:
    row = ctx.db.get(Watch, (ticket.id, customer.id))
    if row is None:
        row = Watch(ticket_id=ticket.id, user_id=customer.id, form_id=ticket.form_id, added=False, told=True, told_up_to=0)
        ctx.db.add(row)
    return row
