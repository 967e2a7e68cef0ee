"""Running an action of an extension: the right to it is the right to what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from plugdesk.errors import NotAllowed
from plugdesk.i18n import gettext as _
from plugdesk.tickets.commands import RUNNING, may_run, news_for_others
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Role, User


@contextmanager
def running(session: Session, ticket: Ticket, by: User | None, action: str) -> Iterator[None]:
    """`by` runs `action` (PLUGIN:NAME) on the ticket: what the block's commands do to this ticket needs no right of its own.

    Raises `NotAllowed` when they may not run the action. The form's rules hold inside as everywhere, and deleting stays a right
    of its own. Nobody (`None`) is the desk itself.
    """
    may_run(session, ticket, by, action)
    with _marked(session, ticket, by):
        yield


def customer_may_act(ticket: Ticket, customer: User) -> bool:
    """Whether `customer` may do something with the ticket at all: it is their own, and goes on by itself on a form that is not archived."""
    own = customer.active and customer.role is Role.CUSTOMER and ticket.customer_id == customer.id
    gone = ticket.deleted_at is not None or ticket.merged_into_id is not None or ticket.parent_id is not None
    return own and not gone and ticket.form.archived_at is None


@contextmanager
def customer_running(session: Session, ticket: Ticket, customer: User) -> Iterator[None]:
    """The ticket's customer does what an extension offers them (see `CustomerActions`): what the block's commands do is their act.

    As in `running`, what comes of it needs no right of its own; afterwards the ticket is unread for every agent. Raises `NotAllowed`
    when the ticket is not theirs to act on.
    """
    if not customer_may_act(ticket, customer):
        raise NotAllowed(_("You may not change this ticket."))
    with _marked(session, ticket, customer):
        yield
    news_for_others(session, ticket, None)


@contextmanager
def _marked(session: Session, ticket: Ticket, by: User | None) -> Iterator[None]:
    allowed: set[tuple[int, int]] = session.info.setdefault(RUNNING, set())
    mark = (ticket.id, by.id if by else 0)
    if mark in allowed:
        yield
        return
    allowed.add(mark)
    try:
        yield
    finally:
        allowed.discard(mark)
