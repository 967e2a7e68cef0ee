"""Whose supervisor stands above a ticket: asked by whatever tells them of one, or gives it to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.permissions import can_work_on
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Group, GroupMember, User


def supervisors_of(session: Session, tickets: Iterable[Ticket]) -> dict[int, User]:
    """The supervisor of each ticket by its id: that of its group, else of a group of its assignee, the first by name.

    Only who works on the ticket's form is one; a ticket that has none is left out. Two questions to the database, however many
    tickets there are, and one for the rights of each supervisor.
    """
    tickets = list(tickets)
    of_groups, of_people = defaultdict[int, list[User]](list), defaultdict[int, list[User]](list)
    groups = {each.group_id for each in tickets if each.group_id is not None}
    people = {each.assignee_id for each in tickets if each.assignee_id is not None}
    above = sa.select(User).join(Group, Group.supervisor_id == User.id).order_by(Group.name, Group.id)
    if groups:
        for supervisor, group_id in session.execute(above.add_columns(Group.id).where(Group.id.in_(groups))):
            of_groups[group_id].append(supervisor)
    if people:
        own = above.add_columns(GroupMember.user_id).join(GroupMember, GroupMember.group_id == Group.id)
        for supervisor, user_id in session.execute(own.where(GroupMember.user_id.in_(people))):
            of_people[user_id].append(supervisor)
    found = {}
    for ticket in tickets:
        ahead = [*of_groups.get(ticket.group_id or 0, ()), *of_people.get(ticket.assignee_id or 0, ())]
        able = (each for each in ahead if each.is_agent and can_work_on(session, each, ticket.form_id))
        if (supervisor := next(able, None)) is not None:
            found[ticket.id] = supervisor
    return found
