"""What is done to the rights of people and groups on a form. `by` is who does it, None the desk itself. Nothing here commits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.changes import apply
from plugdesk.errors import Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.forms.models import Form, FormAgent, FormGroup, Sees
from plugdesk.i18n import gettext as _
from plugdesk.permissions import can_configure, forget_rights
from plugdesk.users.models import Group, User

MOST_ACTIONS = 500
LONGEST_CODE = 100


@dataclass(frozen=True)
class RightInput:
    """A right as it is given; `plugdesk.forms.models.Right` says what each part means."""

    is_admin: bool = False
    sees: Sees = Sees.ALL
    statuses: Collection[str] | None = None
    actions: Collection[str] | None = None
    can_delete: bool = False


def set_right(session: Session, form: Form, holder: User | Group, given: RightInput, *, by: User | None) -> FormAgent | FormGroup:
    """Let a person, or the members of a group, do on `form` exactly what is `given`; nothing else they have there changes.

    Raises `NotAllowed` unless `by` configures the form, `Invalid` for a right with which nobody would see anything.
    """
    _may_configure(session, form, by)
    read = _read(form, given)
    place = right_of(session, form, holder)
    if place is None:
        place = _place(form, holder)
        session.add(place)
        changes = {}
    else:
        changes = apply(place, read)
        if not changes:
            return place
    for name, value in read.items():
        setattr(place, name, value)
    session.flush()  # what the next question about rights reads
    forget_rights(session)
    record(session, _kind(holder, "set"), form=form, actor=by, **_about(holder), **read, changes=changes)
    return place


def remove_right(session: Session, form: Form, holder: User | Group, *, by: User | None) -> None:
    """Take the form from a person or a group. Whoever is responsible for it stays until somebody else is."""
    _may_configure(session, form, by)
    if holder.id == (form.responsible_user_id if isinstance(holder, User) else form.responsible_group_id):
        raise Invalid(_("%(name)s is responsible for this form. Name somebody else first.", name=holder.name))
    place = right_of(session, form, holder)
    if place is not None:
        session.delete(place)
        session.flush()  # what the next question about rights reads
        forget_rights(session)
        record(session, _kind(holder, "removed"), form=form, actor=by, **_about(holder))


def set_form_agent(session: Session, form: Form, user: User, *, is_admin: bool = False, by: User | None) -> None:
    """`user` works on `form`; as its admin, configures it too. What their right is narrowed to stays."""
    place = right_of(session, form, user)
    set_right(session, form, user, replace(as_given(place) if place else RightInput(), is_admin=is_admin), by=by)


def remove_form_agent(session: Session, form: Form, user: User, *, by: User | None) -> None:
    """`user` no longer works on `form`."""
    remove_right(session, form, user, by=by)


def right_of(session: Session, form: Form, holder: User | Group) -> FormAgent | FormGroup | None:
    """The right that `holder` was given on `form`."""
    if isinstance(holder, User):
        return session.get(FormAgent, (form.id, holder.id))
    return session.get(FormGroup, (form.id, holder.id))


def as_given(place: FormAgent | FormGroup) -> RightInput:
    """A stored right as it would be given."""
    statuses, actions = (None if each is None else tuple(each) for each in (place.statuses, place.actions))
    return RightInput(place.is_admin, place.sees, statuses, actions, place.can_delete)


def set_only_assignee(session: Session, form: Form, on: bool, *, by: User | None) -> None:
    """Whether, while a ticket of `form` is assigned, only its assignee or the members of its group may act on it."""
    _may_configure(session, form, by)
    changes = apply(form, {"only_assignee": on})
    if changes:
        session.flush()  # the form's new version
        record(session, "form_changed", form=form, actor=by, changes=changes)


def _place(form: Form, holder: User | Group) -> FormAgent | FormGroup:
    if isinstance(holder, Group):
        return FormGroup(form_id=form.id, group_id=holder.id)
    if not holder.is_agent:
        raise NotAllowed(_("%(name)s is a customer.", name=holder.name))
    return FormAgent(form_id=form.id, user_id=holder.id)


def _read(form: Form, given: RightInput) -> dict[str, Any]:
    statuses, actions = given.statuses, given.actions
    if statuses is not None:
        statuses = [each.code for each in form.statuses if each.code in statuses]
        if not statuses and not given.is_admin:
            raise Invalid(_("Choose at least one status whose tickets are seen, or take the form away."))
    if actions is not None:
        actions = sorted({each for each in actions if 0 < len(each) <= LONGEST_CODE})[:MOST_ACTIONS]
    return {
        "is_admin": given.is_admin, "sees": Sees(given.sees), "statuses": statuses, "actions": actions, "can_delete": given.can_delete,
    }  # fmt: skip


def _may_configure(session: Session, form: Form, by: User | None) -> None:
    if by is not None and not can_configure(session, by, form):
        raise NotAllowed(_("Only administrators of this form may do this."))


def _kind(holder: User | Group, what: str) -> str:
    return f"form_{'agent' if isinstance(holder, User) else 'group'}_{what}"


def _about(holder: User | Group) -> dict[str, Any]:
    return {"user_id" if isinstance(holder, User) else "group_id": holder.id, "name": holder.name}
