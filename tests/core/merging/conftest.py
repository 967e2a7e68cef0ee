"""A form, an agent of it, and two tickets of one customer."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from plugdesk.forms.models import Form
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from tests.factories import make_admin, make_agent, make_form, make_ticket


@pytest.fixture
def form(session: Session) -> Form:
    return make_form(session)


@pytest.fixture
def agent(session: Session, form: Form) -> User:
    return make_agent(session, form)


@pytest.fixture
def two(session: Session, form: Form) -> tuple[Ticket, Ticket]:
    """Two tickets of one customer, the second about the first's matter."""
    ticket = make_ticket(session, form, subject="The till beeps", text="It beeps twice.")
    again = make_ticket(session, form, ticket.customer, subject="Still beeping", text="An umbrella helps.")
    return ticket, again


@pytest.fixture
def admin_user(session: Session) -> User:
    return make_admin(session)
