"""The counts of views: right whatever happens to a ticket within one transaction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from plugdesk.forms.models import StatusKind
from plugdesk.tickets.bin import delete_ticket, restore_ticket
from plugdesk.tickets.commands import accept, become
from plugdesk.tickets.counts import view_counts
from plugdesk.tickets.lists import tickets_of_view
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from tests.factories import make_admin, make_form, make_ticket


def delete(session: Session, ticket: Ticket, admin: User) -> None:
    delete_ticket(session, ticket, admin)


def restore(session: Session, ticket: Ticket, admin: User) -> None:
    delete_ticket(session, ticket, admin)
    restore_ticket(session, ticket, admin)


def close(session: Session, ticket: Ticket, admin: User) -> None:
    become(session, ticket, StatusKind.RESOLVED, by=admin)


def take(session: Session, ticket: Ticket, admin: User) -> None:
    accept(session, ticket, admin)


@pytest.mark.parametrize("act", [delete, restore, close, take])
@pytest.mark.parametrize("forget", [False, True], ids=["in one go", "after its values were forgotten"])
def test_the_counts_are_those_of_the_lists(session: Session, act: Callable[..., None], forget: bool) -> None:
    admin, form = make_admin(session), make_form(session)
    make_ticket(session, form)
    ticket = make_ticket(session, form)
    if forget:
        session.flush()  # so that they can be read again
        session.expire(ticket)
    act(session, ticket, admin)
    session.flush()  # what is counted
    counts = view_counts(session, admin)
    for view in ("new", "mine", "unanswered", "open", "waiting"):
        assert counts[view] == len(tickets_of_view(session, admin, view).tickets), view


def test_a_ticket_that_is_opened_by_a_plain_statement_is_counted_at_once(session: Session) -> None:
    admin, form = make_admin(session), make_form(session)
    before = view_counts(session, admin)
    make_ticket(session, form)
    after = view_counts(session, admin)
    assert [after[view] - before[view] for view in ("new", "unanswered", "mine")] == [1, 1, 0]
