"""The rank of tickets follows the rating of their contract: also of those that are closed, which stand in lists and are opened again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Ticket, enqueue
from plugdesk_contracts.models import Contract, TicketContract

BATCH = 1_000  # tickets in one statement, and in a job between two commits


def follow_rating(ctx: Context, contract: Contract | None) -> None:
    """Give the contract's tickets its rating for their rank, or 0 to those of contracts that are gone: a batch now, others by a job."""
    if _batch(ctx, contract, None) is not None:
        enqueue(ctx.db, f"{ctx.plugin}:rank", key=str(contract.id if contract else 0), contract_id=contract.id if contract else 0)


def go_on(ctx: Context, contract_id: int = 0, **_given: Any) -> None:
    """Job: batch after batch by the rating of that moment, so that it may be run again."""
    before = None
    while True:
        contract = ctx.db.get(Contract, contract_id, populate_existing=True) if contract_id else None
        if contract_id and contract is None:
            return  # deleted meanwhile: that has asked for a job of its own
        before = _batch(ctx, contract, before)
        if before is None:
            return
        ctx.checkpoint()


def _batch(ctx: Context, contract: Contract | None, before: int | None) -> int | None:
    """The latest tickets before the ticket `before`; returns the number of the last one, None when there are no others.

    Their versions stay: nobody who edits one of them is disturbed.
    """
    under = TicketContract.contract_id == contract.id if contract else TicketContract.contract_id.is_(None)
    found = sa.select(TicketContract.ticket_id).where(under).order_by(TicketContract.ticket_id.desc()).limit(BATCH)
    if before is not None:
        found = found.where(TicketContract.ticket_id < before)
    numbers, rating = ctx.db.scalars(found).all(), contract.rating if contract else 0
    change = sa.update(Ticket).where(Ticket.id.in_(numbers), Ticket.rank != rating).values(rank=rating)
    ctx.db.execute(change.execution_options(synchronize_session="fetch"))
    return numbers[-1] if len(numbers) == BATCH else None
