"""What visitors leave behind: whether it helped, that it was read, what was not found. Commands: they never commit.

Nothing says who it was. What may be done so often is counted by a fingerprint of connection and browser that is kept for a day.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta
from functools import lru_cache

import sqlalchemy as sa

from plugdesk.api import Context, Invalid, Limit, count_done, network_of, storable
from plugdesk.api import gettext as _
from plugdesk_faq.site_models import Missed, Tally, Vote

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONGEST_WHY, LONGEST_WORDS, MOST_MISSED = 1_000, 120, 5_000


def token_of(ctx: Context, *, ago: int = 0) -> str:
    """What lies in the forms of a page instead of a cookie: made anew each day, the same for all."""
    return day_token(ctx.signing_key("pages"), (ctx.now - ago * DAY).date())


@lru_cache(maxsize=64)
def day_token(key: bytes, day: date) -> str:
    """The token of a day."""
    return hmac.new(key, str(day).encode(), hashlib.sha256).hexdigest()[:32]


def refuse_stranger(ctx: Context, token: str) -> None:
    """Raise `Invalid` for what no page of the last days has sent."""
    given = token.encode()
    if not any(hmac.compare_digest(given, token_of(ctx, ago=days).encode()) for days in range(3)):
        raise Invalid(_("This page was open for too long. Load it once more."))


def visitor_of(ctx: Context, address: str | None, browser: str) -> str:
    """What a visitor is counted as."""
    return _fingerprint(ctx, f"visitor {network_of(address)} {browser[:300]}")


def connection_of(ctx: Context, address: str | None) -> str:
    return _fingerprint(ctx, f"network {network_of(address)}")


def vote(ctx: Context, answer_id: int, *, helpful: bool, comment: str, visitor: str, connection: str) -> Vote:
    """Store whether it helped: once a day from a visitor, thirty an hour from a connection. Raises `TooMany`."""
    count_done(ctx.db, {f"faq:vote:{answer_id}:{visitor}": Limit(1, DAY), f"faq:votes:{connection}": Limit(30, HOUR)})
    said = storable(" ".join(comment.split()))[:LONGEST_WHY]
    row = Vote(answer_id=answer_id, helpful=helpful, comment=said, at=ctx.now)
    ctx.db.add(row)
    _count(ctx, answer_id, "helped" if helpful else "failed", right=helpful)
    return row


def note_reading(ctx: Context, answer_id: int, *, searched: bool, visitor: str, connection: str) -> None:
    """It was read: once an hour by a visitor; with `searched` a search ended here. Raises `TooMany`."""
    count_done(ctx.db, {f"faq:read:{answer_id}:{visitor}": Limit(1, HOUR), f"faq:reads:{connection}": Limit(300, HOUR)})
    _count(ctx, answer_id, "read")
    if searched:
        _count(ctx, answer_id, "found", right=True)


def note_asked(ctx: Context, answer_id: int, *, visitor: str) -> None:
    """Somebody went on from the article to ask: it did not stop a request. Raises `TooMany`."""
    count_done(ctx.db, {f"faq:asked:{answer_id}:{visitor}": Limit(1, DAY)})
    _count(ctx, answer_id, "asked")


def note_missed(ctx: Context, words: str, *, connection: str) -> None:
    """A search found nothing. What looks like an address or a number of somebody is not kept. Raises `TooMany`."""
    words = storable(" ".join(words.lower().split()))[:LONGEST_WORDS]
    if not words or "@" in words or sum(letter.isdigit() for letter in words) > 5:
        return
    count_done(ctx.db, {f"faq:missed:{connection}": Limit(60, HOUR)})
    counted = sa.update(Missed).where(Missed.words == words).values(times=Missed.times + 1, last_at=ctx.now)
    if ctx.db.execute(counted).rowcount:  # type: ignore[attr-defined]
        return
    if (ctx.db.scalar(sa.select(sa.func.count(Missed.id))) or 0) < MOST_MISSED:
        try:
            with ctx.transaction():
                ctx.db.add(Missed(words=words, times=1, last_at=ctx.now))
                ctx.db.flush()  # so that another's row of the same moment is met here
        except sa.exc.IntegrityError:
            ctx.db.execute(counted)


def _count(ctx: Context, answer_id: int, what: str, *, right: bool = False) -> None:
    column = getattr(Tally, what)
    values = {what: column + 1, **({"right_at": ctx.now} if right else {})}
    if ctx.db.execute(sa.update(Tally).where(Tally.answer_id == answer_id).values(values)).rowcount:  # type: ignore[attr-defined]
        return
    try:
        with ctx.transaction():
            ctx.db.add(Tally(answer_id=answer_id, **{what: 1}, right_at=ctx.now if right else None))
            ctx.db.flush()  # so that another's row of the same moment is met here
    except sa.exc.IntegrityError:
        ctx.db.execute(sa.update(Tally).where(Tally.answer_id == answer_id).values(values))


def _fingerprint(ctx: Context, what: str) -> str:
    return hmac.new(ctx.signing_key("counting"), what.encode(), hashlib.sha256).hexdigest()[:32]
