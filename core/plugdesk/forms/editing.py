"""How the parts of a form are changed: one writer at a time, seen by version, put in order."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.changes import lock, touch
from plugdesk.errors import NotAllowed
from plugdesk.events import Event
from plugdesk.forms.models import Field, Form, Status
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure
from plugdesk.users.models import User


def open_for_change(
    session: Session, form: Form, by: User | None, version: int | None, row: Field | Status | None = None
) -> None:
    """Keep other writers from the form, and refuse whoever may not change it, or works on what is no longer there."""
    if by is not None and not can_configure(session, by, form):
        raise NotAllowed(_("Only administrators of this form may do this."))
    if row is not None and row.form_id != form.id:
        raise NotAllowed(_("This belongs to another form."))
    lock(session, form, version)


def has_changed(session: Session, form: Form) -> None:
    """Fields or statuses were changed: the form's version goes up, and they are read in their new order."""
    touch(form)
    session.flush()  # the order below is read by what is stored
    session.expire(form, ["fields", "statuses"])


def begin_anew(session: Session, form: Form, statuses: Sequence[Status], fields: Sequence[Field] | None = None) -> None:
    """Give a form that was just made other `statuses`, and unless None other `fields`, than every form begins with."""
    for old in (*form.statuses, *(form.fields if fields is not None else ())):
        session.delete(old)
    session.flush()  # the old rows go before new ones of the same codes come
    added: list[Field | Status] = [*statuses, *(fields or ())]
    for row in added:
        row.form_id = form.id
        session.add(row)
    session.flush()  # what is read back below
    session.expire(form, ["statuses", "fields"])


def codes_ever(session: Session, form: Form, what: str, rows: Sequence[Field | Status]) -> set[str]:
    """The codes in use, and those of what was deleted: tickets and views still name them."""
    deleted = session.scalars(sa.select(Event.data).where(Event.kind == f"{what}_deleted", Event.form_id == form.id))
    return {row.code for row in rows} | {str(data["code"]) for data in deleted}


def move(rows: Sequence[Field | Status], row: Field | Status, to: int) -> bool:
    """Put `row` at place `to` among `rows`; returns whether that changes anything."""
    order = [each for each in rows if each is not row]
    order.insert(max(0, to), row)
    renumber(order)
    return order != list(rows)


def renumber(rows: Sequence[Field | Status]) -> None:
    """Write down the order `rows` are in."""
    for position, row in enumerate(rows):
        row.position = position
