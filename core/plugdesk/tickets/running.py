"""Running an action of an extension: the right to it is the right to what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from plugdesk.tickets.commands import RUNNING, may_run
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User


@contextmanager
def running(session: Session, ticket: Ticket, by: User | None, action: str) -> Iterator[None]:
    """`by` runs `action` (PLUGIN:NAME) on the ticket: what the block's commands do to this ticket needs no right of its own.

    Raises `NotAllowed` when they may not run the action. The form's rules hold inside as everywhere, and deleting stays a right
    of its own. Nobody (`None`) is the desk itself.
    """
    may_run(session, ticket, by, action)
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
