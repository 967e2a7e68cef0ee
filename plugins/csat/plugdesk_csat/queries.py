"""Questions about marks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Ticket
from plugdesk_csat.models import Invitation, Rating, Withheld


def marks_of(ctx: Context, ticket: Ticket) -> Sequence[sa.Row[int, str, datetime]]:
    """Of every invitation of the ticket the `mark` it got, its `comment` and `rated_at`, None where none came; the last first."""
    return ctx.db.execute(_MARKS, {"ticket_id": ticket.id}).all()


# Every ticket page asks: plain columns, and a statement that is built once.
_MARKS = (
    sa.select(Rating.mark, Rating.comment, Rating.rated_at)
    .select_from(Invitation)
    .outerjoin(Rating, Rating.invitation_id == Invitation.id)
    .where(Invitation.ticket_id == sa.bindparam("ticket_id"))
    .order_by(Invitation.id.desc())
)


def withheld_on(ctx: Context, ticket: Ticket) -> Withheld | None:
    """Why the customer was not asked at the last closing at which they were not."""
    return ctx.db.scalar(sa.select(Withheld).where(Withheld.ticket_id == ticket.id).order_by(Withheld.id.desc()).limit(1))


def rating_of(ctx: Context, invitation: Invitation) -> Rating | None:
    """The mark given to this invitation, if any."""
    return ctx.db.scalar(sa.select(Rating).where(Rating.invitation_id == invitation.id))


def last_mark(ticket: Any) -> sa.ColumnElement[Any]:
    """The last mark of a ticket as an expression, for columns, sorting and filtering."""
    return _last(ticket, Rating.mark)


def last_comment(ticket: Any) -> sa.ColumnElement[Any]:
    """The comment given with the last mark."""
    return _last(ticket, Rating.comment)


def last_rated_at(ticket: Any) -> sa.ColumnElement[Any]:
    """When the last mark was given."""
    return _last(ticket, Rating.rated_at)


def _last(ticket: Any, column: Any) -> sa.ColumnElement[Any]:
    last = sa.select(column).where(Rating.ticket_id == ticket.id).order_by(Rating.id.desc()).limit(1)
    return last.correlate(ticket).scalar_subquery()
