"""Questions about marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from plugdesk.api import Context, Ticket
from plugdesk_csat.models import Invitation, Rating, Withheld


class Given(NamedTuple):
    """What came of an invitation: None where nothing came."""

    mark: int | None
    comment: str | None
    rated_at: datetime | None


class Reason(NamedTuple):
    """Why a customer was not asked: a code of `conditions.REASONS`, and what is to be said of it."""

    why: str
    about: Mapping[str, Any]


def asked_on(ctx: Context, ticket: Ticket) -> tuple[Sequence[Given], Reason | None]:
    """What came of every invitation of the ticket, the last first; and why none was sent at the last closing without one. One query."""
    rows = ctx.db.execute(_ASKED, {"ticket_id": ticket.id}).all()
    _invitation, *_given, why, about = rows[0]
    given = [
        Given(mark, comment, rated_at) for invitation, mark, comment, rated_at, _why, _about in rows if invitation is not None
    ]
    return given, Reason(why, about) if why is not None else None


# Every ticket page asks: plain columns, and a statement that is built once.
_last_withheld = sa.select(sa.func.max(Withheld.closing_id)).where(Withheld.ticket_id == Ticket.id).correlate(Ticket)
_ASKED = (
    sa.select(Invitation.id, Rating.mark, Rating.comment, Rating.rated_at, Withheld.why, Withheld.about)
    .select_from(Ticket)
    .outerjoin(Invitation, Invitation.ticket_id == Ticket.id)
    .outerjoin(Rating, Rating.invitation_id == Invitation.id)
    .outerjoin(Withheld, sa.and_(Withheld.ticket_id == Ticket.id, Withheld.closing_id == _last_withheld.scalar_subquery()))
    .where(Ticket.id == sa.bindparam("ticket_id"))
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


def last_rated_at(ticket: Any) -> sa.ColumnElement[Any]:
    """When the last mark was given."""
    return _last(ticket, Rating.rated_at)


def _last(ticket: Any, column: Any) -> sa.ColumnElement[Any]:
    last = sa.select(column).where(Rating.ticket_id == ticket.id).order_by(Rating.id.desc()).limit(1)
    return last.correlate(ticket).scalar_subquery()
