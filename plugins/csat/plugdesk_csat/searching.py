"""What the search box understands about ratings: `rating:1-2`, `rated:2026-03-01..2026-03-31`, `comment:slow`."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from plugdesk.api import Context, Ticket, User
from plugdesk_csat.models import Rating
from plugdesk_csat.queries import last_comment, last_mark, last_rated_at
from plugdesk_csat.seeing import seen

_MARKS = re.compile(r"([1-5])(?:-([1-5]))?")
NONE, ANY = ("none", "нет"), ("any", "есть")


def rating(ctx: Context, viewer: User, value: str) -> sa.ColumnElement[bool] | None:
    """A mark, some of them (`1-2`), any or none: of tickets whose marks `viewer` may see."""
    rated = sa.exists().where(Rating.ticket_id == Ticket.id)
    if value.lower() in ANY:
        return sa.and_(rated, seen(ctx, viewer))
    if value.lower() in NONE:
        return sa.and_(~rated, seen(ctx, viewer))
    found = _MARKS.fullmatch(value)
    if found is None:
        return None
    low, high = int(found[1]), int(found[2] or found[1])
    return sa.and_(last_mark(Ticket).between(low, high), seen(ctx, viewer))


def rated(ctx: Context, viewer: User, value: str) -> sa.ColumnElement[bool] | None:
    """The day of the last mark, or the first and the last of some days (`2026-03-01..2026-03-31`)."""
    first, _dots, last = value.partition("..")
    try:
        low, high = date.fromisoformat(first), date.fromisoformat(last or first)
        begin, end = moments(low, high, ctx.desk.zone)
    except (ValueError, OverflowError):
        return None
    return sa.and_(last_rated_at(Ticket) >= begin, last_rated_at(Ticket) < end, seen(ctx, viewer))


def comment(ctx: Context, viewer: User, value: str) -> sa.ColumnElement[bool] | None:
    """Part of the comment on the last mark."""
    said: Any = sa.func.lower(last_comment(Ticket))
    return sa.and_(said.contains(value.lower(), autoescape=True), seen(ctx, viewer))


def moments(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last one, on the clock of `zone`. Raises `OverflowError`."""
    midnight = time(tzinfo=ZoneInfo(zone))
    return datetime.combine(first, midnight), datetime.combine(last + timedelta(days=1), midnight)
