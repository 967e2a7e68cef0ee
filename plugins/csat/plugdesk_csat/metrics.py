"""Ratings as figures of the reports. As on the page of ratings, a mark is theirs who had the ticket when its customer was asked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, ReportMetric, Ticket, User, lazy_gettext
from plugdesk_csat.models import Invitation, Rating
from plugdesk_csat.seeing import seen

GOOD = 4  # and better


def marks(ctx: Context, viewer: User) -> sa.Select[Any] | None:
    """Every mark given on the form that `viewer` may see."""
    return _marks(ctx, viewer, Rating.mark)


def satisfied(ctx: Context, viewer: User) -> sa.Select[Any] | None:
    """The same, told apart by whether it is a good one."""
    return _marks(ctx, viewer, sa.case((Rating.mark >= GOOD, 1), else_=0))


def response(ctx: Context, viewer: User) -> sa.Select[Any] | None:
    """Every question put to a customer on the form, told apart by whether it was answered."""
    given = sa.case((Rating.id.is_not(None), 1), else_=0)
    rows = _rows(Invitation.id, Invitation.sent_at, given).outerjoin(Rating, Rating.invitation_id == Invitation.id)
    return _as_seen(ctx, viewer, rows, Invitation.form_id)


def _marks(ctx: Context, viewer: User, value: sa.ColumnElement[int] | Any) -> sa.Select[Any] | None:
    rows = _rows(Rating.id, Rating.rated_at, value).join(Rating, Rating.invitation_id == Invitation.id)
    return _as_seen(ctx, viewer, rows, Rating.form_id)


def _rows(number: Any, at: Any, value: Any) -> sa.Select[Any]:
    whose = (Invitation.assignee_id, Invitation.group_id)
    return sa.select(number, Invitation.ticket_id, at.label("at"), value.label("value"), *whose).select_from(Invitation)


def _as_seen(ctx: Context, viewer: User, rows: sa.Select[Any], form_id: Any) -> sa.Select[Any] | None:
    condition = seen(ctx, viewer)
    if isinstance(condition, sa.False_) or ctx.form is None:
        return None
    rows = rows.where(form_id == ctx.form.id)
    if isinstance(condition, sa.True_):
        return rows
    return rows.join(Ticket, Ticket.id == Invitation.ticket_id).where(condition)


METRICS = (
    ReportMetric(
        "rating", lazy_gettext("Average rating"), marks, "average", lazy_gettext("Marks count on the day they were given, for whoever had the ticket when its customer was asked."),
    ),
    ReportMetric("satisfied", lazy_gettext("Rated 4 or 5"), satisfied, "share"),
    ReportMetric("response", lazy_gettext("Responded"), response, "share"),
)  # fmt: skip
