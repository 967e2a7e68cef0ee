"""Whom a rule tells."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import Context, FormAgent, Group, Ticket, User, can_work_on, supervisors_of, works_on
from plugdesk_automation.models import Code, Rule


def whom(ctx: Context, ticket: Ticket, rule: Rule) -> list[User]:
    """Who is told of the ticket by the rule; nobody for those that do something with it instead."""
    if rule.code is Code.IN_PROGRESS:
        return [ticket.assignee] if ticket.assignee is not None and ticket.assignee.active else []
    if rule.code is Code.UNACCEPTED and works_on(ctx.db, rule.person_id, ticket.form):
        return [ctx.db.get_one(User, rule.person_id)]
    return those_above(ctx, ticket) if rule.code in (Code.UNACCEPTED, Code.TOO_LONG) else []


def those_above(ctx: Context, ticket: Ticket) -> list[User]:
    """The ticket's supervisor, or else that of the group that is responsible for its form. Where there is none, the form's admins."""
    group = ctx.db.get(Group, ticket.form.responsible_group_id or 0)
    of_form = group.supervisor if group is not None else None
    if of_form is not None and not can_work_on(ctx.db, of_form, ticket.form_id):
        of_form = None
    if (supervisor := supervisors_of(ctx.db, [ticket]).get(ticket.id) or of_form) is not None:
        return [supervisor]
    admins = sa.select(User).join(FormAgent, FormAgent.user_id == User.id)
    admins = admins.where(FormAgent.form_id == ticket.form_id, FormAgent.is_admin, User.active)
    return list(ctx.db.scalars(admins.order_by(User.id)))
