"""The promise of a ticket, kept with whatever happens to it, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Direction, Event, Message, Ticket
from plugdesk_sla.clocks import ANSWERS, Keeper, stands_still
from plugdesk_sla.models import Clock, Promise, Sort
from plugdesk_sla.promising import Promised, calendar_of_promise, promised_for

BY_ANSWER = "reply_written"


def settle(ctx: Context, ticket: Ticket, settled: Mapping[str, Any], occasion: str) -> None:
    """Find out what is promised, when a ticket is opened or what it is changes, and have its clocks run by that."""
    if ticket.parent_id is not None or settled.get("form_id", ticket.form_id) != ticket.form_id:
        return
    promised = promised_for(ctx, [ticket], values={ticket.id: settled["values"]})[ticket.id]
    if promised is None and occasion == "opened":
        return
    promise = promise_to_keep(ctx, ticket.id)
    if promise is None and promised is not None and occasion == "opened":
        ctx.db.add(begun(ctx, ticket, promised))
        return
    keep(ctx, ticket, promise, promised)
    if occasion == "again" and promise is not None:
        _catch_up(ctx, ticket, keeper_of(ctx, promise))


def follow(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Start, pause, go on with or end the clocks of a ticket by what has happened to it."""
    if ticket.parent_id is not None:
        return
    if event.kind == "split_off":
        keep(ctx, ticket, None, promised_for(ctx, [ticket])[ticket.id])
        return
    if event.kind == "message_received" and event.data.get("kind") != "human":
        return
    promise = promise_to_keep(ctx, ticket.id)
    if promise is None or promise.form_id != ticket.form_id:
        return
    keeper = keeper_of(ctx, promise)
    if event.kind == "message_received":
        if not keeper.left(*ANSWERS):
            keeper.start(Sort.NEXT, event.at)
    elif event.kind == BY_ANSWER:
        keeper.end(*ANSWERS, at=event.at, reply_id=event.message_id)
    elif event.kind == "reply_withdrawn":
        keeper.unanswer(event.data["reply_id"])
    elif event.kind == "status_changed":
        _follow_status(keeper, ticket, event.at)
    keeper.stand(stands_still(ticket, promise.terms["pauses"]))
    keeper.sum_up()


def keep(ctx: Context, ticket: Ticket, promise: Promise | None, promised: Promised | None) -> bool:
    """Have the ticket's clocks run by what is promised now; returns whether that is something else than before."""
    if promise is None:
        if promised is None:
            return False
        ctx.db.add(begun_late(ctx, ticket, promised))
        return True
    if promised is None:
        ctx.db.delete(promise)
        return True
    state = (promised.policy.id, promised.hours.id if promised.hours else None, promised.terms, ticket.form_id)
    same = state == (promise.policy_id, promise.hours_id, promise.terms, promise.form_id)
    promise.policy_id, promise.hours_id, promise.terms, promise.form_id = state
    promise.why = promised.why
    if same:
        return False
    rework(ctx, ticket, promise)
    return True


def rework(ctx: Context, ticket: Ticket, promise: Promise) -> None:
    """Reckon the clocks that are not over by the promise as it stands: those of no target go, those that miss are started."""
    promise.at = ctx.now
    keeper = keeper_of(ctx, promise)
    for clock in keeper.left():
        seconds = keeper.seconds_for(clock.sort, clock.status)
        if seconds is None:
            promise.clocks.remove(clock)
        else:
            clock.seconds = seconds
            keeper.reckon(clock)
    known = {each.sort for each in promise.clocks}
    if not ticket.status_kind.is_final:
        if Sort.RESOLUTION not in known:
            keeper.start(Sort.RESOLUTION, ticket.created_at)
        if known.isdisjoint(ANSWERS) and first_answer(ctx, ticket) is None:
            keeper.start(Sort.FIRST, ticket.created_at)
        if Sort.STATUS not in {each.sort for each in keeper.left()}:
            keeper.start(Sort.STATUS, ctx.now, status=ticket.form.status_by_id(ticket.status_id).code)
    keeper.stand(stands_still(ticket, promise.terms["pauses"]))
    keeper.sum_up()


def promise_to_keep(ctx: Context, ticket_id: int) -> Promise | None:
    """The promise of a ticket, held against the tick and whoever else would change its clocks meanwhile."""
    return ctx.db.scalar(_HELD, {"ticket_id": ticket_id})


_HELD = sa.select(Promise).where(Promise.ticket_id == sa.bindparam("ticket_id")).with_for_update()


def keeper_of(ctx: Context, promise: Promise) -> Keeper:
    """Who keeps the clocks of this promise, as of now."""
    return Keeper(promise, lambda: calendar_of_promise(ctx, promise.hours_id), ctx.now)


def first_answer(ctx: Context, ticket: Ticket) -> datetime | None:
    """When an agent first answered."""
    written = (Message.ticket_id == ticket.id, Message.direction == Direction.OUTGOING, Message.kind == "human")
    return ctx.db.scalar(sa.select(sa.func.min(Message.created_at)).where(*written))


def begun(ctx: Context, ticket: Ticket, promised: Promised) -> Promise:
    """The promise of a ticket, with its clocks from its opening; nothing is stored yet."""
    promise = Promise(
        ticket_id=ticket.id, form_id=ticket.form_id, policy_id=promised.policy.id, hours_id=promised.hours.id if promised.hours else None,
        terms=promised.terms, why=promised.why, at=ctx.now, problem="", clocks=[],
    )  # fmt: skip
    keeper = keeper_of(ctx, promise)
    keeper.start(Sort.FIRST, ticket.created_at)
    keeper.start(Sort.RESOLUTION, ticket.created_at)
    keeper.start(Sort.STATUS, ctx.now, status=ticket.form.status_by_id(ticket.status_id).code)
    keeper.stand(stands_still(ticket, promise.terms["pauses"]))
    keeper.sum_up()
    return promise


def begun_late(ctx: Context, ticket: Ticket, promised: Promised) -> Promise:
    """`begun` for a ticket that has been here for a while. What it has missed already is marked, and nobody is told of it."""
    promise = begun(ctx, ticket, promised)
    keeper = keeper_of(ctx, promise)
    _catch_up(ctx, ticket, keeper)
    for clock in keeper.left():
        if clock.due_at is not None and clock.due_at <= ctx.now:
            clock.breached_at, clock.next_at = clock.due_at, None
    keeper.sum_up()
    return promise


def _catch_up(ctx: Context, ticket: Ticket, keeper: Keeper) -> None:
    """Bring clocks to where the ticket is that had none while it was answered or closed."""
    answered = first_answer(ctx, ticket)
    if answered is not None:
        keeper.end(Sort.FIRST, at=answered)
        if ticket.customer_waits:
            keeper.start(Sort.NEXT, ticket.spoken_at)
        else:
            keeper.end(Sort.NEXT, at=answered)
    if ticket.status_kind.is_final:
        keeper.end(at=ticket.closed_at or ctx.now)
    keeper.stand(stands_still(ticket, keeper.promise.terms["pauses"]))
    keeper.sum_up()


def _follow_status(keeper: Keeper, ticket: Ticket, at: datetime) -> None:
    keeper.end(Sort.STATUS, at=at)
    if ticket.status_kind.is_final:
        keeper.end(at=at)
        return
    solved = [each for each in keeper.promise.clocks if each.sort is Sort.RESOLUTION and each.ended_at is not None]
    if solved and not keeper.left(Sort.RESOLUTION):
        keeper.reopen(_last(solved))
    keeper.start(Sort.STATUS, at, status=ticket.form.status_by_id(ticket.status_id).code)


def _last(clocks: list[Clock]) -> Clock:
    return max(clocks, key=lambda each: each.id or 0)
