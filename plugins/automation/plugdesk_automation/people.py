"""Whom a rule tells."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import Context, FormAgent, Group, GroupMember, Ticket, User, works_on
from plugdesk_automation.models import Code, Rule


def whom(ctx: Context, ticket: Ticket, rule: Rule) -> list[User]:
    """Who is told of the ticket by the rule; nobody for those that do something with it instead."""
    if rule.code is Code.IN_PROGRESS:
        return [ticket.assignee] if ticket.assignee is not None and ticket.assignee.active else []
    if rule.code is Code.UNACCEPTED and works_on(ctx.db, rule.person_id, ticket.form):
        return [ctx.db.get_one(User, rule.person_id)]
    return supervisors_of(ctx, ticket) if rule.code in (Code.UNACCEPTED, Code.TOO_LONG) else []


def supervisors_of(ctx: Context, ticket: Ticket) -> list[User]:
    """The supervisor of the ticket's group, or else of its assignee's, or of the form's. Where there is none, the form's admins."""
    group = ticket.group or _group_of(ctx, ticket.assignee_id)
    if group is None and ticket.form.responsible_group_id is not None:
        group = ctx.db.get(Group, ticket.form.responsible_group_id)
    if group is not None and group.supervisor is not None and group.supervisor.active:
        return [group.supervisor]
    admins = sa.select(User).join(FormAgent, FormAgent.user_id == User.id)
    admins = admins.where(FormAgent.form_id == ticket.form_id, FormAgent.is_admin, User.active)
    return list(ctx.db.scalars(admins.order_by(User.id)))


def _group_of(ctx: Context, user_id: int | None) -> Group | None:
    """The first group of somebody, by name, that has a supervisor."""
    if user_id is None:
        return None
    query = sa.select(Group).join(GroupMember, GroupMember.group_id == Group.id)
    query = query.where(GroupMember.user_id == user_id, Group.supervisor_id.is_not(None))
    return ctx.db.scalar(query.order_by(Group.name, Group.id).limit(1))
