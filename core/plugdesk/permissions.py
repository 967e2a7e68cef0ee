"""Who may do what: one question per function, with its SQL twin for lists. A plugin may narrow a right, never widen it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.database import afterwards
from plugdesk.forms.models import Form, FormAgent
from plugdesk.inputs import one_line
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User


def forms_of(session: Session, user: User) -> dict[int, bool]:
    """The forms an agent works on, by id; the value says whether as its admin. Read once a session."""
    known: dict[int, dict[int, bool]] = session.info.setdefault("forms_of", {})
    if user.id not in known:
        rows = session.execute(sa.select(FormAgent.form_id, FormAgent.is_admin).where(FormAgent.user_id == user.id))
        known[user.id] = {form_id: is_admin for form_id, is_admin in rows}
    return known[user.id]


def forget_rights(session: Session) -> None:
    """Rights changed in this session: ask the database anew."""
    session.info.pop("forms_of", None)


def can_work_on(session: Session, user: User, form_id: int) -> bool:
    """May `user` see and answer the tickets of this form?"""
    return user.active and (user.is_admin or (user.is_agent and form_id in forms_of(session, user)))


def can_configure(session: Session, user: User, form: Form) -> bool:
    """May `user` change this form and its extensions, and see what only form admins see?"""
    return user.active and (user.is_admin or (user.is_agent and forms_of(session, user).get(form.id, False)))


def can_see(session: Session, user: User, ticket: Ticket) -> bool:
    """May `user` read this ticket? A deleted one is seen only by those who may restore it."""
    if ticket.deleted_at is not None and not can_delete(session, user, ticket):
        return False
    if user.is_agent:
        return can_work_on(session, user, ticket.form_id)
    return user.active and ticket.customer_id == user.id


def can_reply(session: Session, user: User, ticket: Ticket) -> bool:
    """May `user` answer on this ticket, and do to it what agents do?"""
    return user.is_agent and ticket.deleted_at is None and can_work_on(session, user, ticket.form_id)


def can_delete(session: Session, user: User, ticket: Ticket) -> bool:
    """May `user` put this ticket into the bin, and take it out again?"""
    if not (user.is_agent and can_work_on(session, user, ticket.form_id)):
        return False
    return user.is_admin or user.can_delete or forms_of(session, user).get(ticket.form_id, False)


def note_denied(session: Session, user: User, what: str, **about: Any) -> None:
    """Write in the journal that `user` asked for something that is not theirs: in a transaction of its own, once this one is over."""
    from plugdesk.events import record
    from plugdesk.runtime import runtime_of

    runtime, user_id = runtime_of(session), user.id
    told: dict[str, Any] = {name: one_line(value) if isinstance(value, str) else value for name, value in about.items()}

    def write() -> None:
        with runtime.database.write() as own:
            record(own, "access_denied", actor=own.get(User, user_id), what=what, **told)

    afterwards(session, write)


def visible_tickets(session: Session, user: User) -> sa.ColumnElement[bool]:
    """The SQL twin of `can_see` for tickets that are not in the bin."""
    return sa.and_(_form_condition(session, user, Ticket.form_id, Ticket.customer_id), Ticket.deleted_at.is_(None))


def visible_forms(session: Session, user: User) -> list[int] | None:
    """The ids of the forms whose tickets `user` may see; None means all."""
    return None if user.is_admin else sorted(forms_of(session, user))


def _form_condition(session: Session, user: User, form_id: Any, customer_id: Any) -> sa.ColumnElement[bool]:
    if not user.active:
        return sa.false()
    if user.is_admin:
        return sa.true()
    if user.is_agent:
        return form_id.in_(sorted(forms_of(session, user)))  # type: ignore[no-any-return]
    return customer_id == user.id  # type: ignore[no-any-return]
