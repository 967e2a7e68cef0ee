"""What is done to the people of a desk: agents and admins, their rights and groups. Customers: `customers.py`.

`by` is who does it, None the desk itself (set-up, the command line, the demo). Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.changes import apply, lock
from plugdesk.errors import Conflict, Invalid, NotAllowed
from plugdesk.events import record
from plugdesk.forms.models import Form
from plugdesk.i18n import gettext as _
from plugdesk.inputs import Problems, needed_line, only_known, read_language, read_zone
from plugdesk.permissions import forget_rights, only_admins
from plugdesk.runtime import runtime_of
from plugdesk.sessions import end_all_sessions
from plugdesk.tickets.models import Tally, Ticket
from plugdesk.tickets.tally import free_heap, group_heap
from plugdesk.users.contacts import read_address
from plugdesk.users.customers import add_customer as add_customer
from plugdesk.users.customers import add_identity as add_identity
from plugdesk.users.customers import add_organization as add_organization
from plugdesk.users.customers import change_customer as change_customer
from plugdesk.users.customers import find_or_create_customer as find_or_create_customer
from plugdesk.users.customers import remove_identity as remove_identity
from plugdesk.users.leaving import leave
from plugdesk.users.models import Group, Role, User
from plugdesk.users.passwords import check_password_rules, hash_password
from plugdesk.users.rights import remove_form_agent as remove_form_agent
from plugdesk.users.rights import set_form_agent as set_form_agent

THEMES = ("light", "dark")
OWN_CHANGES = frozenset({"name", "language", "zone", "theme"})
CHANGES = OWN_CHANGES | {"email", "role", "can_delete"}


def add_user(
    session: Session,
    *,
    role: Role,
    name: str,
    email: str,
    password: str | None,
    language: str | None = None,
    zone: str | None = None,
    by: User | None = None,
) -> User:
    """Add an agent or an admin. Without a password nobody can sign in as them until one is set.

    Raises `Invalid` naming each field that cannot be taken, `NotAllowed` unless `by` is an admin.
    """
    only_admins(by)
    if role is Role.CUSTOMER:
        raise Invalid(_("Customers do not sign in with a password."))
    problems = Problems()
    with problems.at("name"):
        name = needed_line(name, _("Write the name."))
    with problems.at("email"):
        email = free_address(session, email)
    with problems.at("language"):
        language = read_language(language)
    with problems.at("zone"):
        zone = read_zone(zone)
    with problems.at("password"):
        if password is not None:
            check_password_rules(password, about=[name, email])
    problems.raise_any()
    user = User(
        role=role, name=name, email=email, password_hash=hash_password(password) if password else None, language=language,
        zone=zone, can_delete=False, active=True, created_at=runtime_of(session).clock.now(),
    )  # fmt: skip
    session.add(user)
    _flush_address(session, email)
    record(session, "user_added", actor=by, user_id=user.id, name=name, email=email, role=str(role))
    return user


def change_user(session: Session, user: User, changes: Mapping[str, Any], *, by: User | None, version: int | None = None) -> User:
    """Change an agent or an admin: of oneself `OWN_CHANGES`, of anybody, as an admin, `CHANGES`.

    `version` is what the page was made from. Raises `NotAllowed`, `Invalid`, or `Conflict` when somebody else was faster.
    """
    of_oneself = by is not None and by.id == user.id and not by.is_admin
    if not of_oneself:
        only_admins(by)
    only_known(changes, OWN_CHANGES if of_oneself else CHANGES)
    _only_staff(user)
    lock(session, user, version)
    problems, read = Problems(), dict[str, Any]()
    for field, raw in changes.items():
        with problems.at(field):
            read[field] = _read(session, user, field, raw)
    problems.raise_any()
    if read.get("role") is Role.AGENT:
        _keep_an_admin(session, user)
    changed = apply(user, read)
    if changed:
        _flush_address(session, user.email or "")
        record(session, "user_changed", actor=by, user_id=user.id, changes=changed)
    return user


def set_password(session: Session, user: User, password: str, *, by: User | None) -> None:
    """Give `user` another password: one's own, or anybody's as an admin. Every session of theirs ends."""
    if by is None or by.id != user.id:
        only_admins(by)
    _only_staff(user)
    try:
        check_password_rules(password, about=[user.name, user.email or "", runtime_of(session).desk(session).name])
    except Invalid as problem:
        raise Invalid(problems={"password": str(problem)}) from None
    user.password_hash = hash_password(password)
    end_all_sessions(session, user)
    record(session, "password_changed", actor=by, user_id=user.id)


def deactivate_user(
    session: Session, user: User, *, by: User | None, version: int | None = None, tickets_to: Group | None = None
) -> None:
    """`user` may no longer do anything; signed-in sessions end. What becomes of what names them: see `leaving.leave`."""
    only_admins(by)
    if by is not None and by.id == user.id:
        raise Invalid(_("You cannot deactivate your own account."))
    lock(session, user, version)
    if not user.active:
        return
    if user.is_admin:
        _keep_an_admin(session, user)
    left = leave(session, user, by=by, tickets_to=tickets_to)
    user.active = False
    end_all_sessions(session, user)
    record(session, "user_deactivated", actor=by, user_id=user.id, name=user.name, **left)


def activate_user(session: Session, user: User, *, by: User | None, version: int | None = None) -> None:
    """Let `user` in again, with the rights they had."""
    only_admins(by)
    lock(session, user, version)
    if not user.active:
        user.active = True
        record(session, "user_activated", actor=by, user_id=user.id, name=user.name)


def add_group(
    session: Session, *, name: str, by: User | None, supervisor: User | None = None, members: Iterable[User] = ()
) -> Group:
    """Add a group of agents."""
    only_admins(by)
    group = Group(name=_group_name(session, name), supervisor=supervisor, created_at=runtime_of(session).clock.now())
    group.members = _staff(members)
    session.add(group)
    session.flush()  # the group's id
    forget_rights(session)
    record(session, "group_added", actor=by, group_id=group.id, name=group.name, members=[each.id for each in group.members])
    return group


def change_group(session: Session, group: Group, *, by: User | None, name: str, supervisor: User | None) -> Group:
    """Give a group another name or supervisor."""
    only_admins(by)
    if supervisor is not None:
        _only_staff(supervisor)
    read = {"name": _group_name(session, name, besides=group), "supervisor_id": supervisor.id if supervisor else None}
    changed = apply(group, read)
    if changed:
        session.flush()  # a name somebody else took meanwhile is refused here
        session.expire(group, ["supervisor"])
        record(session, "group_changed", actor=by, group_id=group.id, changes=changed)
    return group


def set_members(session: Session, group: Group, members: Iterable[User], *, by: User | None) -> None:
    """The group consists of exactly `members`. Their tickets stay the group's."""
    only_admins(by)
    before, after = {each.id for each in group.members}, _staff(members)
    if before != {each.id for each in after}:
        group.members = after
        forget_rights(session)
        record(
            session,
            "group_changed",
            actor=by,
            group_id=group.id,
            changes={"members": [sorted(before), sorted(each.id for each in after)]},
        )


def delete_group(session: Session, group: Group, *, by: User | None, move_to: Group | None = None) -> int:
    """Delete a group; its tickets go to `move_to`, or stay with their assignee alone. Returns how many there were."""
    only_admins(by)
    if move_to is not None and move_to.id == group.id:
        raise Invalid(_("Choose another group for the tickets."))
    heir = move_to.id if move_to else None
    session.flush()  # tickets changed in this session move along
    moving = sa.update(Ticket).where(Ticket.group_id == group.id).values(group_id=heir, version=Ticket.version + 1)
    moved = int(session.execute(moving, execution_options={"synchronize_session": "fetch"}).rowcount)  # type: ignore[attr-defined]
    for heap_of in (group_heap, free_heap):
        heap = Tally.heap == heap_of(group.id)
        session.execute(sa.update(Tally).where(heap).values(heap=heap_of(heir)) if heir else sa.delete(Tally).where(heap))
    for form in session.scalars(sa.select(Form).where(Form.responsible_group_id == group.id)):
        form.responsible_group_id = heir
    record(session, "group_deleted", actor=by, group_id=group.id, name=group.name, tickets=moved, moved_to=heir)
    session.delete(group)
    session.flush()  # the tickets' foreign keys are checked while the words are still at hand
    forget_rights(session)
    return moved


def free_address(session: Session, raw: str, *, besides: User | None = None) -> str:
    """`raw` as somebody's sign-in address. Raises `Invalid` when it is another's, or when an extension objects."""
    address = read_address(raw)
    taken = session.scalar(sa.select(User).where(User.email == address))
    if taken is not None and taken is not besides:
        raise Invalid(_("%(address)s is already the address of %(name)s.", address=address, name=taken.name))
    runtime = runtime_of(session)
    runtime.executor.ask_everyone("check_sign_in_address", runtime.desk(session), session, address=address)
    return address


def _read(session: Session, user: User, field: str, raw: Any) -> Any:
    if field == "name":
        return needed_line(raw, _("Write the name."))
    if field == "email":
        return free_address(session, raw, besides=user)
    if field == "language":
        return read_language(raw)
    if field == "zone":
        return read_zone(raw)
    if field == "theme":
        if raw and raw not in THEMES:
            raise Invalid(_("Choose light or dark, or leave it to your device."))
        return raw or None
    if field == "role":
        if raw not in (Role.AGENT, Role.ADMIN):
            raise Invalid(_("Choose agent or administrator."))
        return Role(raw)
    return bool(raw)


def _keep_an_admin(session: Session, leaving: User) -> None:
    """Raises `Invalid` if there would be none. The rows are locked: two admins cannot remove each other at once."""
    query = sa.select(User.id).where(User.role == Role.ADMIN, User.active).order_by(User.id).with_for_update()
    if set(session.scalars(query)) <= {leaving.id}:
        raise Invalid(_("A desk needs an administrator. Make somebody else one first."))


def _only_staff(user: User) -> None:
    if not user.is_agent:
        raise NotAllowed(_("%(name)s is a customer.", name=user.name))


def _staff(users: Iterable[User]) -> list[User]:
    members = {user.id: user for user in users}
    for user in members.values():
        _only_staff(user)
    return list(members.values())


def _group_name(session: Session, raw: str, *, besides: Group | None = None) -> str:
    try:
        name = needed_line(raw, _("Give the group a name."))
        taken = session.scalar(sa.select(Group).where(sa.func.lower(Group.name) == name.lower()))
        if taken is not None and taken is not besides:
            raise Invalid(_("There is already a group “%(name)s”.", name=taken.name))
    except Invalid as problem:
        raise Invalid(problems={"name": str(problem)}) from None
    return name


def _flush_address(session: Session, address: str) -> None:
    try:
        session.flush()  # the user's id; and an address somebody else took at this moment is refused here
    except IntegrityError:
        raise Conflict(_("%(address)s was given to somebody else at this moment.", address=address)) from None
