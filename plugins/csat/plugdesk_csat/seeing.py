"""Who sees marks and comments: one question, and its SQL twin."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from plugdesk.api import Context, GroupMember, Ticket, User, can_configure, can_work_on, rights_of
from plugdesk_csat.models import Invitation
from plugdesk_csat.settings import AGENTS, ASSIGNEE, SUPERVISORS

_Asked = aliased(Invitation)  # a page of figures asks about invitations already


def may_see(ctx: Context, viewer: User, ticket: Ticket) -> bool:
    """May `viewer`, who may see the ticket, see how its customer rated it?"""
    condition = seen(ctx, viewer)
    if isinstance(condition, sa.True_ | sa.False_):
        return isinstance(condition, sa.True_)
    return ctx.db.scalar(sa.select(Ticket.id).where(Ticket.id == ticket.id, condition)) is not None


def seen(ctx: Context, viewer: User) -> sa.ColumnElement[bool]:
    """The SQL twin of `may_see`, for tickets of this form that `viewer` may see.

    Whose a ticket is says who has it, and who had it when its customer was asked: a bad mark may have taken it to somebody else.
    """
    if sees_all(ctx, viewer):
        return sa.true()
    if not sees_some(ctx, viewer):
        return sa.false()
    found, asked = list[sa.ColumnElement[bool]](), sa.exists().where(_Asked.ticket_id == Ticket.id)
    if ctx.settings.seen_by == ASSIGNEE:
        found += [Ticket.assignee_id == viewer.id, asked.where(_Asked.assignee_id == viewer.id)]
    if groups := sorted(rights_of(ctx.db, viewer).supervises):
        members = sa.select(GroupMember.user_id).where(GroupMember.group_id.in_(groups))
        found += [Ticket.group_id.in_(groups), Ticket.assignee_id.in_(members)]
        found.append(asked.where(sa.or_(_Asked.group_id.in_(groups), _Asked.assignee_id.in_(members))))
    return sa.or_(*found)


def sees_all(ctx: Context, viewer: User) -> bool:
    """Whether every mark on the form is theirs to see, as far as the tickets are."""
    if ctx.form is None:
        return False
    return can_configure(ctx.db, viewer, ctx.form) or (
        ctx.settings.seen_by == AGENTS and can_work_on(ctx.db, viewer, ctx.form.id)
    )


def sees_some(ctx: Context, viewer: User) -> bool:
    """Whether there may be marks on the form that are theirs to see."""
    if sees_all(ctx, viewer):
        return True
    if ctx.form is None or not can_work_on(ctx.db, viewer, ctx.form.id) or ctx.settings.seen_by not in (SUPERVISORS, ASSIGNEE):
        return False
    return ctx.settings.seen_by == ASSIGNEE or bool(rights_of(ctx.db, viewer).supervises)
