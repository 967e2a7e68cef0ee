"""Who may do what: one question per function, with its SQL twin for lists. A plugin may narrow a right, never widen it.

What somebody may on a form is a set of `Grant`s, their own and those of their groups, which add up: a ticket is seen if one of
them admits it, and an action may be run on it if one of those that admit it has the action.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.actions import ACTIONS, DELETE
from plugdesk.database import afterwards
from plugdesk.errors import NotAllowed
from plugdesk.forms.models import Form, FormAgent, FormGroup, Sees, Status
from plugdesk.i18n import gettext as _
from plugdesk.inputs import one_line
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, GroupMember, User


@dataclass(frozen=True)
class Grant:
    """One right of somebody on a form, as `plugdesk.forms.models.Right` describes it; through a group, or of their own."""

    form_id: int
    group_id: int | None
    is_admin: bool
    sees: Sees
    statuses: frozenset[str] | None
    actions: frozenset[str] | None
    can_delete: bool

    @property
    def is_whole(self) -> bool:
        """Whether it admits every ticket of the form."""
        return self.is_admin or (self.sees is Sees.ALL and self.statuses is None)

    def allows(self, action: str) -> bool:
        """Whether `action` may be run on the tickets it admits."""
        if self.is_admin or (action == DELETE and self.can_delete):
            return True
        return action != DELETE and (self.actions is None or action in self.actions)


@dataclass(frozen=True)
class Rights:
    """What an agent may: the grants by form, the groups they are in, and those they are the supervisor of."""

    by_form: Mapping[int, Sequence[Grant]]
    groups: frozenset[int]
    supervises: frozenset[int] = frozenset()

    @cached_property
    def forms(self) -> dict[int, bool]:
        return {form_id: any(each.is_admin for each in grants) for form_id, grants in self.by_form.items()}

    @cached_property
    def whole(self) -> list[int]:
        """The forms every ticket of which is seen."""
        return sorted(form_id for form_id, grants in self.by_form.items() if any(each.is_whole for each in grants))

    @cached_property
    def narrow(self) -> list[Grant]:
        """The grants on the other forms."""
        return [each for form_id, grants in sorted(self.by_form.items()) if form_id not in self.whole for each in grants]

    def own_groups(self, grant: Grant) -> frozenset[int]:
        """Whose tickets `grant` means by those of one's groups: one that comes through a group means that one."""
        return self.groups if grant.group_id is None else frozenset({grant.group_id})


def rights_of(session: Session, user: User) -> Rights:
    """What `user` was given, of their own and through groups. Read once a session, in one query."""
    known: dict[int, Rights] = session.info.setdefault("rights_of", {})
    if user.id not in known:
        grants: dict[int, list[Grant]] = {}
        groups, supervises = set(), set()
        for form_id, group_id, is_admin, sees, statuses, actions, can_delete in session.execute(_GRANTS, {"user_id": user.id}):
            if form_id is None and is_admin:
                supervises.add(group_id)
            elif group_id is not None:
                groups.add(group_id)
            if form_id is not None:
                seen, may = (None if each is None else frozenset(each) for each in (statuses, actions))
                grant = Grant(form_id, group_id, bool(is_admin), sees, seen, may, bool(can_delete))
                grants.setdefault(form_id, []).append(grant)
        known[user.id] = Rights(grants, frozenset(groups), frozenset(supervises))
    return known[user.id]


def forms_of(session: Session, user: User) -> dict[int, bool]:
    """The forms an agent works on, by id; the value says whether as its admin."""
    return rights_of(session, user).forms


def forget_rights(session: Session) -> None:
    """Rights or the members of a group changed in this session: ask the database anew."""
    session.info.pop("rights_of", None)


def only_admins(by: User | None) -> None:
    """Raises `NotAllowed` unless `by` is an admin, or the desk itself."""
    if by is not None and not (by.active and by.is_admin):
        raise NotAllowed(_("Only administrators may do this."))


def can_work_on(session: Session, user: User, form_id: int) -> bool:
    """May `user` see tickets of this form, those their rights admit?"""
    return user.active and (user.is_admin or (user.is_agent and form_id in forms_of(session, user)))


def works_on(session: Session, user_id: int | None, form: Form) -> bool:
    """Does the person with this number work on `form`? Asked of what names people: they may be gone, or switched off."""
    found = session.get(User, user_id) if user_id is not None else None
    return found is not None and can_work_on(session, found, form.id)


def can_configure(session: Session, user: User, form: Form) -> bool:
    """May `user` change this form and its extensions, and see what only form admins see?"""
    return user.active and (user.is_admin or (user.is_agent and forms_of(session, user).get(form.id, False)))


def sees_load(session: Session, user: User) -> bool:
    """May `user` see how much others have to do: as a group's supervisor, a form's admin, or the desk's?"""
    if not (user.active and user.is_agent):
        return False
    return user.is_admin or bool(rights_of(session, user).supervises) or any(forms_of(session, user).values())


def can_run_some(session: Session, user: User, form: Form, action: str) -> bool:
    """May `user` run this action on some tickets of the form, whatever these are?"""
    if not can_work_on(session, user, form.id):
        return False
    return user.is_admin or any(each.allows(action) for each in rights_of(session, user).by_form[form.id])


def can_open(session: Session, user: User, form_id: int) -> bool:
    """May `user` open tickets on this form for customers?"""
    if not can_work_on(session, user, form_id):
        return False
    return user.is_admin or any(each.allows("open") for each in rights_of(session, user).by_form[form_id])


def can_see(session: Session, user: User, ticket: Ticket) -> bool:
    """May `user` read this ticket? A deleted one is seen only by those who may restore it."""
    if ticket.deleted_at is not None and not can_delete(session, user, ticket):
        return False
    if user.is_agent:
        return user.active and (user.is_admin or bool(_admitting(session, user, ticket)))
    return user.active and ticket.customer_id == user.id


def can_run(session: Session, user: User, ticket: Ticket, action: str) -> bool:
    """May `user` do this to the ticket? `action` is a code of `plugdesk.actions`, or PLUGIN:NAME of an extension's."""
    return not why_not(session, user, ticket, action)


def why_not(session: Session, user: User, ticket: Ticket, action: str) -> str:
    """Why `user` may not run `action` on the ticket, in a sentence; "" when they may."""
    if ticket.merged_into_id is not None:
        return _("This ticket was merged into ticket %(number)s. Go on there.", number=ticket.merged_into_id)
    if action == DELETE:
        return "" if can_delete(session, user, ticket) else _("You may not delete tickets of this form.")
    return _why_not(session, user, ticket, action)


def may_merge(session: Session, user: User, ticket: Ticket) -> None:
    """Raises `NotAllowed` when `user` may not merge this ticket, or take it out of the one it was merged into."""
    if sentence := _why_not(session, user, ticket, "merge"):
        raise NotAllowed(sentence)


def _why_not(session: Session, user: User, ticket: Ticket, action: str) -> str:
    if not (user.active and user.is_agent) or ticket.deleted_at is not None:
        return _("You may not change this ticket.")
    if user.is_admin:
        return ""
    grants = _admitting(session, user, ticket)
    if not grants:
        return _("You may not change this ticket.")
    if not any(each.allows(action) for each in grants):
        name = str(ACTIONS.get(action, action))
        return _(
            "Your rights on this form do not include “%(action)s”. An administrator of the form can give it to you.", action=name
        )
    return _whose_alone(session, user, ticket, grants) if ticket.form.only_assignee else ""


def can_reply(session: Session, user: User, ticket: Ticket) -> bool:
    """May `user` answer the customer of this ticket?"""
    return can_run(session, user, ticket, "reply")


def can_delete(session: Session, user: User, ticket: Ticket) -> bool:
    """May `user` put this ticket into the bin, and take it out again?"""
    if not (user.active and user.is_agent):
        return False
    if user.is_admin:
        return True
    return any(_allows_deleting(user, each) for each in _admitting(session, user, ticket))


def deletes_some(session: Session, user: User) -> bool:
    """May `user` put any tickets into the bin? Then the bin is theirs to look into."""
    return user.active and user.is_agent and (user.is_admin or bool(_deleting(session, user)))


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
    return sa.and_(_seen(session, user), Ticket.deleted_at.is_(None))


def tickets_in_bin(session: Session, user: User) -> sa.ColumnElement[bool]:
    """The SQL twin of `can_delete` for tickets that are in the bin."""
    if not deletes_some(session, user):
        return sa.false()
    if user.is_admin:
        return Ticket.deleted_at.is_not(None)
    rights = rights_of(session, user)
    admitted = sa.or_(*(_admitted(rights, each, user) for each in _deleting(session, user)))
    return sa.and_(Ticket.deleted_at.is_not(None), admitted)


def visible_forms(session: Session, user: User) -> list[int] | None:
    """The ids of the forms all of whose tickets `user` may see; None means every form. See `narrowed_tickets`, too."""
    return None if user.is_admin else rights_of(session, user).whole if user.active and user.is_agent else []


def narrowed_tickets(session: Session, user: User) -> sa.ColumnElement[bool] | None:
    """Which tickets `user` may see on the forms of which they see a part only; None when there is no such form."""
    if user.is_admin or not (user.active and user.is_agent):
        return None
    rights = rights_of(session, user)
    return sa.or_(*(_admitted(rights, each, user) for each in rights.narrow)) if rights.narrow else None


def _whose_alone(session: Session, user: User, ticket: Ticket, grants: Sequence[Grant]) -> str:
    """On a form where only the assignee acts: whose the ticket is, when it is not for `user` to act on; else ""."""
    holder = ticket.assignee or ticket.group
    if holder is None or ticket.assignee_id == user.id or any(each.is_admin for each in grants):
        return ""
    if ticket.group is not None and (ticket.group_id in rights_of(session, user).groups or ticket.group.supervisor_id == user.id):
        return ""
    return _("This ticket is assigned to %(name)s. On this form nobody else may act on it.", name=holder.name)


def _seen(session: Session, user: User) -> sa.ColumnElement[bool]:
    if not user.active:
        return sa.false()
    if user.is_admin:
        return sa.true()
    if not user.is_agent:
        return Ticket.customer_id == user.id
    whole = Ticket.form_id.in_(rights_of(session, user).whole)
    narrowed = narrowed_tickets(session, user)
    return whole if narrowed is None else sa.or_(whole, narrowed)


def _deleting(session: Session, user: User) -> list[Grant]:
    return [each for grants in rights_of(session, user).by_form.values() for each in grants if _allows_deleting(user, each)]


def _allows_deleting(user: User, grant: Grant) -> bool:
    return grant.allows(DELETE) or (user.can_delete and grant.actions is None)


def _admitting(session: Session, user: User, ticket: Ticket) -> list[Grant]:
    """The grants of `user` that admit the ticket."""
    rights = rights_of(session, user)
    return [each for each in rights.by_form.get(ticket.form_id, ()) if _admits(rights, each, user, ticket)]


def _admits(rights: Rights, grant: Grant, user: User, ticket: Ticket) -> bool:
    if grant.is_whole:
        return True
    if grant.statuses is not None and ticket.form.status_by_id(ticket.status_id).code not in grant.statuses:
        return False
    if grant.sees is Sees.ALL or ticket.assignee_id == user.id:
        return True
    return grant.sees is Sees.GROUP and ticket.group_id in rights.own_groups(grant)


def _admitted(rights: Rights, grant: Grant, user: User) -> sa.ColumnElement[bool]:
    """The SQL twin of `_admits`."""
    conditions = [Ticket.form_id == grant.form_id]
    if grant.is_whole:
        return conditions[0]
    if grant.statuses is not None:
        named = sa.select(Status.id).where(Status.form_id == grant.form_id, Status.code.in_(sorted(grant.statuses)))
        conditions.append(Ticket.status_id.in_(named.correlate(None)))
    if grant.sees is Sees.OWN:
        conditions.append(Ticket.assignee_id == user.id)
    elif grant.sees is Sees.GROUP:
        conditions.append(sa.or_(Ticket.assignee_id == user.id, Ticket.group_id.in_(sorted(rights.own_groups(grant)))))
    return sa.and_(*conditions)


def _columns(right: type[FormAgent] | type[FormGroup]) -> list[Any]:
    return [right.is_admin, right.sees, right.statuses, right.actions, right.can_delete]


# Built once: every page asks. A group without a form comes along, so that membership needs no question of its own.
_ME = sa.bindparam("user_id", type_=sa.BigInteger)
_GRANTS = sa.union_all(
    sa.select(FormAgent.form_id, sa.cast(sa.null(), sa.BigInteger), *_columns(FormAgent)).where(FormAgent.user_id == _ME),
    sa.select(FormGroup.form_id, GroupMember.group_id, *_columns(FormGroup))
    .select_from(GroupMember)
    .outerjoin(FormGroup, FormGroup.group_id == GroupMember.group_id)
    .where(GroupMember.user_id == _ME),
    # A group one supervises: no form, and `is_admin`.
    sa.select(sa.null(), Group.id, sa.true(), sa.null(), sa.null(), sa.null(), sa.false()).where(Group.supervisor_id == _ME),
)
