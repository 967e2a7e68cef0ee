"""Questions about marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Ticket
from plugdesk_csat.models import Invitation, Rating


def asked_and_given(ctx: Context, ticket: Ticket) -> Sequence[tuple[Invitation, Rating | None]]:
    """Every invitation of the ticket with the mark it got, if any; the last one first."""
    return [(invitation, rating) for invitation, rating in ctx.db.execute(_ASKED_AND_GIVEN, {"ticket_id": ticket.id})]


_ASKED_AND_GIVEN = (
    sa.select(Invitation, Rating)
    .outerjoin(Rating, Rating.invitation_id == Invitation.id)
    .where(Invitation.ticket_id == sa.bindparam("ticket_id"))
    .order_by(Invitation.id.desc())
)


def rating_of(ctx: Context, invitation: Invitation) -> Rating | None:
    """The mark given to this invitation, if any."""
    return ctx.db.scalar(sa.select(Rating).where(Rating.invitation_id == invitation.id))


def last_mark(ticket: Any) -> sa.ColumnElement[Any]:
    """The last mark of a ticket as an expression, for columns, sorting and filtering."""
    return _last(ticket, Rating.mark)


def last_comment(ticket: Any) -> sa.ColumnElement[Any]:
    """The comment given with the last mark."""
    return _last(ticket, Rating.comment)


def _last(ticket: Any, column: Any) -> sa.ColumnElement[Any]:
    last = sa.select(column).where(Rating.ticket_id == ticket.id).order_by(Rating.id.desc()).limit(1)
    return last.correlate(ticket).scalar_subquery()
