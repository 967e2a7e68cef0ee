"""How fast a channel may send: a place in the queue for each chat and each account, shared by all workers.

The generic cell rate algorithm: a row holds the moment at which the next message would be due if all came at the steady
rate; one may come earlier by as much as the burst allows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk.contributions import Rate
from plugdesk.database import Base
from plugdesk.jobs import RetryLater

if TYPE_CHECKING:
    from plugdesk.plugins.context import Context

FORGOTTEN_AFTER = timedelta(hours=1)


class Pace(Base):
    """When the next message may go by the steady rate, and until when the other side has asked us to wait."""

    __tablename__ = "channel_pace"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    closed_until: Mapped[datetime | None]


def wait_turn(ctx: Context, rates: dict[str, Rate | None]) -> None:
    """Take a place at each of `rates`, by name (`bot:7`, `chat:-100`), or raise `RetryLater` with the seconds to wait.

    Call it in a job before the message leaves, in the transaction that is committed then. Names are the plugin's own.
    """
    now, due = ctx.now, dict[str, datetime]()
    for name, rate in sorted(rates.items()):  # in one order, so that two workers never wait for each other
        if rate is None:
            continue
        row = _locked(ctx, f"{ctx.plugin}/{name}")
        step = timedelta(seconds=rate.seconds / rate.count)
        wait = max(row.due_at - step * (rate.burst - 1), row.closed_until or now) - now
        if wait > timedelta():
            raise RetryLater(wait.total_seconds())
        due[row.name] = max(row.due_at, now) + step
    for name, moment in due.items():
        ctx.db.get_one(Pace, name).due_at = moment


def hold_off(ctx: Context, name: str, seconds: float) -> None:
    """The other side asks for a pause (429 and its `retry_after`): nothing goes under `name` for so long."""
    row = _locked(ctx, f"{ctx.plugin}/{name}")
    row.closed_until = max(row.closed_until or ctx.now, ctx.now + timedelta(seconds=seconds))
    row.due_at = max(row.due_at, row.closed_until)  # so that the row is kept until then


def forget_old_paces(session: Session, now: datetime) -> None:
    """Drop the rows that hold nobody back any more."""
    session.execute(sa.delete(Pace).where(Pace.due_at < now - FORGOTTEN_AFTER))


def _locked(ctx: Context, name: str) -> Pace:
    insert = sqlite.insert(Pace) if ctx.db.get_bind().dialect.name == "sqlite" else postgresql.insert(Pace)
    ctx.db.execute(insert.values(name=name, due_at=ctx.now).on_conflict_do_nothing())
    return ctx.db.get_one(Pace, name, with_for_update=True, populate_existing=True)
