"""Desks, people, forms and tickets to test with, made by the ordinary commands. Every argument has a default nobody needs to read."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from plugdesk.forms.commands import create_form
from plugdesk.forms.models import Desk, Form
from plugdesk.setup import create_desk
from plugdesk.users.commands import add_group, add_user, find_or_create_customer, set_form_agent
from plugdesk.users.models import Group, Role, User
from plugdesk.users.passwords import set_cost

if TYPE_CHECKING:
    from plugdesk.tickets.models import Ticket

PASSWORD = "seven quiet herons wade"

set_cost(time=1, memory_kib=8)  # tests sign in by the thousand; what a real hash costs, test_passwords.py measures
_numbers = count(1)


def make_desk(session: Session, *, name: str = "Northern Light", language: str = "en", zone: str = "UTC") -> Desk:
    """The desk; the one there is if there is one."""
    return session.get(Desk, 0) or create_desk(session, name=name, language=language, zone=zone)


def make_agent(
    session: Session, *forms: Form, name: str | None = None, email: str | None = None, password: str | None = PASSWORD,
    role: Role = Role.AGENT, is_admin: bool = False, language: str | None = None,
) -> User:  # fmt: skip
    """An agent who works on `forms`, as their admin if `is_admin`."""
    make_desk(session)
    number = next(_numbers)
    user = add_user(
        session, role=role, name=name or f"Agent {number}", email=email or f"agent{number}@desk.example", password=password,
        language=language,
    )  # fmt: skip
    for form in forms:
        set_form_agent(session, form, user, is_admin=is_admin, by=None)
    return user


def make_admin(session: Session, *, name: str | None = None, email: str | None = None, password: str | None = PASSWORD) -> User:
    """An admin of the whole desk."""
    return make_agent(session, name=name, email=email, password=password, role=Role.ADMIN)


def make_customer(session: Session, *, email: str | None = None, name: str | None = None, language: str | None = None) -> User:
    """A customer who is reached by e-mail."""
    make_desk(session)
    number = next(_numbers)
    address = email or f"customer{number}@home.example"
    return find_or_create_customer(session, channel="email", value=address, name=name or f"Customer {number}", language=language)


def make_form(session: Session, *, name: str = "Support", slug: str | None = None, language: str | None = None) -> Form:
    """A form with the statuses and the priority every form begins with."""
    make_desk(session)
    return create_form(session, name=name, slug=slug, language=language, by=None)


def make_group(session: Session, *members: User, name: str | None = None, supervisor: User | None = None) -> Group:
    """A group of agents."""
    make_desk(session)
    return add_group(session, name=name or f"Group {next(_numbers)}", members=members, supervisor=supervisor, by=None)


def make_ticket(
    session: Session, form: Form | None = None, customer: User | None = None, *, subject: str = "The till beeps",
    text: str = "It beeps twice and does not connect.", channel: str = "email", **given: Any,
) -> Ticket:  # fmt: skip
    """A ticket whose customer has just written; `given` goes to `open_ticket`."""
    from plugdesk.tickets.correspondence import Said, open_ticket

    form = form or make_form(session)
    customer = customer or make_customer(session)
    return open_ticket(session, form, customer, subject=subject, said=Said(text=text), channel=channel, **given)
