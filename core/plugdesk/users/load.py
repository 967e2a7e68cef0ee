"""How much everybody has to do, for supervisors: open tickets by kind of status, who waits for us, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.errors import NotAllowed
from plugdesk.forms.models import FormAgent, FormGroup, StatusKind
from plugdesk.i18n import gettext as _
from plugdesk.permissions import forms_of, rights_of, sees_load, visible_tickets
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, User
from plugdesk.users.queries import all_groups, staff
from plugdesk.users.shifts import Presence, presence_of


@dataclass
class Load:
    """The open tickets of an agent, or those of a group that nobody in it has: how many of each kind, how many customers wait
    for a word of ours, and since when the first of them does."""

    kinds: dict[StatusKind, int] = field(default_factory=dict)
    waits: int = 0
    oldest: datetime | None = None

    @property
    def all(self) -> int:
        return sum(self.kinds.values())


@dataclass(frozen=True)
class LoadView:
    """What a supervisor sees: the people by name, the groups by name, and the load of each by id."""

    people: Sequence[User]
    groups: Sequence[Group]
    of_people: Mapping[int, Load]
    of_groups: Mapping[int, Load]
    presence: Mapping[int, Presence]


def load_for(session: Session, reader: User) -> LoadView:
    """The load of everybody `reader` answers for: members of the groups they supervise, agents of the forms they administer.

    Tickets they may not see are not counted. Raises `NotAllowed` for who supervises nobody.
    """
    if not sees_load(session, reader):
        raise NotAllowed(_("Only supervisors of groups and administrators of forms see this."))
    groups, people = _whose(session, reader)
    of_people: dict[int, Load] = {user.id: Load() for user in people}
    of_groups: dict[int, Load] = {group.id: Load() for group in groups}
    waiting = sa.case((Ticket.customer_waits, Ticket.spoken_at))
    # Of a group's tickets those nobody has are counted with the group, the others with who has them.
    free = sa.case((Ticket.assignee_id.is_(None), Ticket.group_id))
    query = (
        sa.select(Ticket.assignee_id, free, Ticket.status_kind, sa.func.count(), sa.func.count(waiting), sa.func.min(waiting))
        .where(
            Ticket.closed_at.is_(None),
            Ticket.merged_into_id.is_(None),
            Ticket.parent_id.is_(None),
            visible_tickets(session, reader),
        )
        .group_by(Ticket.assignee_id, free, Ticket.status_kind)
    )
    for assignee_id, group_id, kind, number, waits, oldest in session.execute(query):
        load = of_people.get(assignee_id) if assignee_id is not None else of_groups.get(group_id)
        if load is not None:
            load.kinds[kind] = load.kinds.get(kind, 0) + number
            load.waits += waits
            load.oldest = min(filter(None, (load.oldest, oldest)), default=None)
    return LoadView(people, groups, of_people, of_groups, presence_of(session, people))


def _whose(session: Session, reader: User) -> tuple[list[Group], list[User]]:
    everybody, groups = staff(session, active=True), all_groups(session)
    if reader.is_admin:
        return list(groups), list(everybody)
    administered = [form_id for form_id, is_admin in forms_of(session, reader).items() if is_admin]
    at_work = set(session.scalars(sa.select(FormGroup.group_id).where(FormGroup.form_id.in_(administered))))
    seen = [each for each in groups if each.id in at_work | rights_of(session, reader).supervises]
    ids = {member.id for group in seen for member in group.members}
    ids |= set(session.scalars(sa.select(FormAgent.user_id).where(FormAgent.form_id.in_(administered))))
    return seen, [user for user in everybody if user.id in ids]
