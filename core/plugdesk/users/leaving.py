"""What names an agent who is to be switched off, and what becomes of it. Nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.forms.models import Field, FieldKind, Form
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Absence, Group, GroupMember, User
from plugdesk.users.shifts import let_go, today_of


@dataclass(frozen=True)
class Places:
    """Where somebody is named: open tickets by the name of their group (None: of no group), forms, groups, days, fields."""

    tickets: Mapping[str | None, int]
    responsible_for: Sequence[Form]
    supervises: Sequence[Group]
    member_of: Sequence[Group]
    stands_in_for: Sequence[User]
    fields: Sequence[tuple[Form, Field]]
    has_shifts: bool

    @property
    def open_tickets(self) -> int:
        return sum(self.tickets.values())

    @property
    def are_none(self) -> bool:
        return not (
            self.tickets or self.responsible_for or self.supervises or self.member_of or self.stands_in_for or self.fields
            or self.has_shifts
        )  # fmt: skip


def places_of(session: Session, user: User) -> Places:
    """Every place of the desk's own that names `user`."""
    own = Ticket.assignee_id == user.id
    is_open = (Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None), Ticket.merged_into_id.is_(None))
    tickets = sa.select(Group.name, sa.func.count()).select_from(Ticket).outerjoin(Group, Group.id == Ticket.group_id)
    counted = session.execute(tickets.where(own, *is_open).group_by(Group.name))
    member = sa.select(Group).join(GroupMember, GroupMember.group_id == Group.id).where(GroupMember.user_id == user.id)
    absent = sa.select(User).join(Absence, Absence.user_id == User.id)
    absent = absent.where(Absence.substitute_id == user.id, Absence.last_day >= today_of(session, user)).distinct()
    persons = sa.select(Form, Field).join(Field, Field.form_id == Form.id).where(Field.kind == FieldKind.PERSON)
    return Places(
        tickets={name: int(n) for name, n in counted},
        responsible_for=session.scalars(sa.select(Form).where(Form.responsible_user_id == user.id).order_by(Form.name)).all(),
        supervises=session.scalars(sa.select(Group).where(Group.supervisor_id == user.id).order_by(Group.name)).all(),
        member_of=session.scalars(member.order_by(Group.name)).all(),
        stands_in_for=session.scalars(absent.order_by(User.name)).all(),
        fields=[(form, field) for form, field in session.execute(persons) if field.default == user.id],
        has_shifts=user.shifts is not None,
    )


def leave(session: Session, user: User, *, by: User | None, tickets_to: Group | None = None) -> dict[str, Any]:
    """Take `user` out of every place but their groups: open tickets go to their group, those of none to `tickets_to`.

    Where that is None, to the group responsible for the form, else to nobody. Fields keep their defaults, which are checked
    when a ticket is opened. Returns what there was, for the journal.
    """
    from plugdesk.tickets.commands import assign

    tickets = session.scalars(sa.select(Ticket).where(Ticket.assignee_id == user.id, Ticket.closed_at.is_(None))).all()
    for ticket in tickets:
        group_id = ticket.group_id or (tickets_to.id if tickets_to else ticket.form.responsible_group_id)
        group = session.get(Group, group_id) if group_id else None
        assign(session, ticket, by if ticket.deleted_at is None and ticket.merged_into_id is None else None, group=group)
    forms = session.scalars(sa.select(Form).where(Form.responsible_user_id == user.id)).all()
    for form in forms:
        form.responsible_user_id = None
    groups = session.scalars(sa.select(Group).where(Group.supervisor_id == user.id)).all()
    for group in groups:
        group.supervisor = None
    return {
        "tickets": len(tickets), "was_responsible_for": [form.slug for form in forms], "supervised": [each.name for each in groups],
        **let_go(session, user),
    }  # fmt: skip
