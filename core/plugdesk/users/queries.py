"""Questions about people. Whoever asks is an argument where the answer depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from plugdesk.errors import NotFound
from plugdesk.forms.models import OPEN_KINDS, Form, FormAgent, FormGroup
from plugdesk.i18n import gettext as _
from plugdesk.permissions import visible_tickets
from plugdesk.tags.models import CustomerTag, Tag
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, GroupMember, Identity, Organization, Role, User
from plugdesk.users.words import end_of, who_has, words_wanted

STAFF = (Role.AGENT, Role.ADMIN)


def user_for_sign_in(session: Session, email: str) -> User | None:
    """The active agent or admin with this sign-in address, however it is written."""
    address = email.strip().lower()
    return session.scalar(sa.select(User).where(User.email == address, User.role.in_(STAFF), User.active))


def customer_for_sign_in(session: Session, email: str) -> User | None:
    """The active customer one of whose addresses this is, and proved to be theirs."""
    proved = (Identity.channel == "email", Identity.value == email.strip().lower(), Identity.verified_at.is_not(None))
    return session.scalar(sa.select(User).join(Identity).where(*proved, User.role == Role.CUSTOMER, User.active))


def staff(session: Session, *, active: bool | None = None) -> Sequence[User]:
    """All agents and admins by name; `active` narrows to those who may (or may not) sign in."""
    query = sa.select(User).where(User.role.in_(STAFF)).order_by(User.name, User.id)
    return session.scalars(query if active is None else query.where(User.active.is_(active))).all()


def member_of_staff(session: Session, user_id: int) -> User:
    """The agent or admin with this id. Raises `NotFound`."""
    user = session.get(User, user_id)
    if user is None or not user.is_agent:
        raise NotFound(_("There is no such person."))
    return user


def agents_of_form(session: Session, form: Form) -> Sequence[User]:
    """Whom a ticket of `form` can be assigned to: active agents who work on it, and every active admin. By name."""
    works = sa.or_(
        sa.exists().where(FormAgent.form_id == form.id, FormAgent.user_id == User.id),
        sa.exists().where(
            FormGroup.form_id == form.id, FormGroup.group_id == GroupMember.group_id, GroupMember.user_id == User.id
        ),
    )
    query = sa.select(User).where(User.active, sa.or_(User.role == Role.ADMIN, sa.and_(User.role == Role.AGENT, works)))
    return session.scalars(query.order_by(User.name, User.id)).all()


def rights_on_form(session: Session, form: Form) -> list[tuple[User | Group, FormAgent | FormGroup]]:
    """Who was given `form` to work on and their right: groups, then people, by name."""
    groups = sa.select(Group, FormGroup).join(FormGroup, FormGroup.group_id == Group.id).where(FormGroup.form_id == form.id)
    people = sa.select(User, FormAgent).join(FormAgent, FormAgent.user_id == User.id).where(FormAgent.form_id == form.id)
    found: list[tuple[User | Group, FormAgent | FormGroup]] = [
        (group, right) for group, right in session.execute(groups.order_by(Group.name, Group.id))
    ]
    return found + [(user, right) for user, right in session.execute(people.order_by(User.name, User.id))]


def all_groups(session: Session) -> Sequence[Group]:
    """Every group by name, with its members and supervisor."""
    return session.scalars(
        sa.select(Group).options(selectinload(Group.members), selectinload(Group.supervisor)).order_by(Group.name)
    ).all()


def groups_of(session: Session, user: User) -> Sequence[Group]:
    """The groups `user` is a member of, by name."""
    return session.scalars(sa.select(Group).join(GroupMember).where(GroupMember.user_id == user.id).order_by(Group.name)).all()


def can_see_customer(session: Session, user: User, customer: User) -> bool:
    """May `user` see this customer? Agents those with a ticket they may see, admins all, a customer themselves."""
    if not user.active or customer.role is not Role.CUSTOMER:
        return False
    if user.id == customer.id or user.is_admin:
        return True
    return bool(session.scalar(sa.select(User.id).where(User.id == customer.id, visible_customers(session, user))))


def visible_customers(session: Session, user: User) -> sa.ColumnElement[bool]:
    """The SQL twin of `can_see_customer`, for lists."""
    if not user.active:
        return sa.false()
    if not user.is_agent:
        return User.id == user.id
    customers = User.role == Role.CUSTOMER
    if user.is_admin:
        return customers
    return sa.and_(customers, sa.exists().where(Ticket.customer_id == User.id, visible_tickets(session, user)))


def customer_for(session: Session, user: User, customer_id: int) -> User:
    """The customer with this id if `user` may see them, else `NotFound`."""
    found = session.get(User, customer_id, options=[selectinload(User.identities), selectinload(User.organization)])
    if found is None or not can_see_customer(session, user, found):
        raise NotFound(_("There is no such customer."))
    return found


@dataclass(frozen=True)
class CustomersAfter:
    """Where the next page of customers begins: after this name and id."""

    name: str
    id: int


def find_customers(
    session: Session,
    user: User,
    *,
    words: str = "",
    after: CustomersAfter | None = None,
    limit: int = 50,
    tag: str = "",
    organization: Organization | None = None,
) -> tuple[Sequence[User], CustomersAfter | None]:
    """A page of the customers `user` may see, by name, with their identities; and the key of the next page, if any.

    Each of `words` begins a word of the name or of a contact; words without a letter or digit find nobody. `tag` is the code of a
    tag that all of them hold, `organization` the one they all belong to.
    """
    wanted = words_wanted(words)
    if words.strip() and not wanted:
        return [], None
    query = _customers_with(len(wanted)).where(visible_customers(session, user))
    if tag:
        query = query.where(sa.exists().where(CustomerTag.user_id == User.id, CustomerTag.tag_id == Tag.id, Tag.code == tag))
    if organization is not None:
        query = query.where(User.organization_id == organization.id)
    if after is not None:
        query = query.where(sa.or_(User.name > after.name, sa.and_(User.name == after.name, User.id > after.id)))
    asked = {f"word_{n}": word for n, word in enumerate(wanted)} | {f"end_{n}": end_of(word) for n, word in enumerate(wanted)}
    found = session.scalars(query, {"most": limit + 1, **asked}).all()
    more = len(found) > limit
    return found[:limit], CustomersAfter(found[limit - 1].name, found[limit - 1].id) if more else None


@cache
def _customers_with(words: int) -> sa.Select[User]:
    """The `most` first people who have words from each `word_0` to `end_0`, `word_1` …; made once for so many words."""
    query = sa.select(User).options(selectinload(User.identities))
    for n in range(words):
        query = query.where(User.id.in_(who_has(sa.bindparam(f"word_{n}"), sa.bindparam(f"end_{n}"))))
    return query.order_by(User.name, User.id).limit(sa.bindparam("most", type_=sa.Integer))


def find_organizations(session: Session, user: User, words: str, limit: int = 10) -> Sequence[Organization]:
    """Organizations whose name contains `words`, of customers `user` may see, by name."""
    pattern = "%" + words.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    seen = sa.select(User.id).where(User.organization_id == Organization.id, visible_customers(session, user))
    query = sa.select(Organization).where(sa.func.lower(Organization.name).like(pattern, escape="\\"), seen.exists())
    return session.scalars(query.order_by(Organization.name, Organization.id).limit(limit)).all()


def organization_named(session: Session, name: str) -> Organization | None:
    """The organization with this name, however it is capitalized."""
    query = sa.select(Organization).where(sa.func.lower(Organization.name) == name.strip().lower())
    return session.scalars(query.order_by(Organization.id).limit(1)).first()


def organization_seen(session: Session, user: User, name: str) -> Organization | None:
    """The organization with this name, if `user` works with anybody of it; an administrator with all."""
    found = organization_named(session, name) if name.strip() else None
    return found if found is not None and can_see_organization(session, user, found) else None


def can_see_organization(session: Session, user: User, organization: Organization) -> bool:
    """May `user` see this organization? Agents those of whose people they see anybody, administrators all."""
    if not (user.active and user.is_agent):
        return False
    seen = sa.select(User.id).where(User.organization_id == organization.id, visible_customers(session, user)).limit(1)
    return user.is_admin or session.scalar(seen) is not None


def organization_for(session: Session, user: User, organization_id: int) -> Organization:
    """The organization with this id if `user` may see it, else `NotFound`."""
    found = session.get(Organization, organization_id)
    if found is None or not can_see_organization(session, user, found):
        raise NotFound(_("There is no such organization."))
    return found


@dataclass(frozen=True)
class CustomerFigures:
    """What the card says in numbers: tickets the reader may see, in all and open; the first, and the last word."""

    tickets: int
    open: int
    first_at: datetime | None
    last_at: datetime | None


def customer_figures(session: Session, user: User, customer: User) -> CustomerFigures:
    """The figures of `customer` as far as `user` may see their tickets."""
    open_ones = sa.func.sum(sa.case((Ticket.status_kind.in_(OPEN_KINDS), 1), else_=0))
    query = sa.select(sa.func.count(), open_ones, sa.func.min(Ticket.created_at), sa.func.max(Ticket.spoken_at))
    tickets, still_open, first_at, last_at = session.execute(
        query.where(Ticket.customer_id == customer.id, visible_tickets(session, user), Ticket.merged_into_id.is_(None))
    ).one()
    return CustomerFigures(int(tickets), int(still_open or 0), first_at, last_at)
