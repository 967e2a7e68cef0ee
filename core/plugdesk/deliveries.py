"""Deliveries: the news of what happened, told to each plugin after the commit.

A worker takes a plugin's due deliveries in batches: one transaction to claim them, one to tell them all, each in its
own SAVEPOINT, and then once about all their tickets. One that fails is put aside alone. News of one ticket reaches one plugin in the order it happened: what
comes later waits while something earlier is told or waits for its next try; after that is parked, the later go on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from plugdesk.claims import machine_now
from plugdesk.events import Delivery, record
from plugdesk.forms.models import Form
from plugdesk.jobs import ERROR_LENGTH, delay_after, execute, in_words, is_on, resumes_at
from plugdesk.plugins.registry import GATHERED
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User

if TYPE_CHECKING:
    from plugdesk.runtime import Runtime

log = logging.getLogger(__name__)
BATCH = 50
BATCH_SECONDS = 0.25  # on SQLite nobody else can write while a batch is told
LEASE = timedelta(seconds=30)
MAX_TRIES = 8
NOT_LOADED = timedelta(minutes=1)


@dataclass
class DeliveryClaim:
    """Deliveries of one plugin that a worker holds until `lease_until`, which is also their fence."""

    plugin: str
    ids: list[int]
    lease_until: datetime
    telling: Sequence[int] = ()  # the deliveries whose plugin is at work, for whoever has to end it

    def __str__(self) -> str:
        return f"news for {self.plugin}"

    @property
    def lease(self) -> timedelta:
        return LEASE


def plugins_with_news(session: Session, now: datetime) -> list[str]:
    """The plugins with deliveries that are due at `now`, found by skipping through the index, a step a plugin."""
    found: list[str] = []
    while True:
        after = (Delivery.plugin > found[-1],) if found else ()
        plugin = session.scalar(sa.select(sa.func.min(Delivery.plugin)).where(Delivery.state == "waiting", *after))
        if plugin is None:
            break
        found.append(plugin)
    return [plugin for plugin in found if session.scalar(sa.select(Delivery.id).where(*_due(plugin, now)).limit(1))]


def claim_deliveries(session: Session, runtime: Runtime, plugin: str) -> DeliveryClaim | None:
    """Take the next batch of a plugin's due deliveries; commits nothing.

    One that has failed is taken alone, so that if it takes the process along, no other's try is lost with it.
    """
    if runtime.database.dialect == "postgresql":
        # Two workers claiming at once could each see the other's as still waiting, and break the order.
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"plugdesk news {plugin}"))))
    now = runtime.clock.now()
    earlier = aliased(Delivery)
    in_the_way = (
        sa.select(earlier.id)
        .where(earlier.plugin == plugin, earlier.ticket_id == Delivery.ticket_id, earlier.id < Delivery.id)
        .where(sa.or_(earlier.state == "running", sa.and_(earlier.state == "waiting", earlier.due_at > now)))
    )
    due = sa.select(Delivery.id, Delivery.tries, Delivery.ticket_id).where(*_due(plugin, now), ~in_the_way.exists())
    rows = session.execute(due.order_by(Delivery.id).limit(BATCH)).all()
    if not rows:
        return None
    chosen = [rows[0].id] if rows[0].tries else _never_failed(rows)
    claim = DeliveryClaim(plugin, chosen, machine_now() + LEASE)
    taken = {"state": "running", "tries": Delivery.tries + 1, "lease_until": claim.lease_until}
    execute(session, sa.update(Delivery).where(Delivery.id.in_(chosen)).values(**taken))
    return claim


def tell(session: Session, runtime: Runtime, claim: DeliveryClaim) -> int:
    """Tell the plugin what it has claimed; commits nothing. Returns how many deliveries are done with."""
    plugin, now = claim.plugin, runtime.clock.now()
    if not runtime.registry.is_loaded(plugin):
        _postpone(session, claim, claim.ids, now + NOT_LOADED, "The extension is not loaded.")
        return 0
    told, blocked, changed = list[int](), set[int | None](), dict[int, set[int]]()
    stop_at = monotonic() + BATCH_SECONDS
    for number, delivery in enumerate(_claimed(session, runtime, claim)):
        if number and monotonic() > stop_at:
            break
        if delivery.ticket_id is not None and delivery.ticket_id in blocked:
            continue
        scope = runtime.scope(session, delivery.form_id)
        if not is_on(session, plugin, scope):
            _drop(session, delivery)
        elif not runtime.executor.allows(plugin, scope):
            _postpone(session, claim, [delivery.id], resumes_at(scope, plugin), "The extension is suspended.")
            blocked.add(delivery.ticket_id)
            continue
        elif not _is_gone(session, delivery):
            claim.telling = (delivery.id,)
            error = _announce(session, runtime, delivery)
            claim.telling = ()
            if error is not None:
                if not put_aside(session, runtime, claim, delivery.id, delivery.tries, in_words(error)):
                    blocked.add(delivery.ticket_id)
                continue
            if delivery.ticket_id is not None:
                changed.setdefault(delivery.form_id, set()).add(delivery.ticket_id)
        told.append(delivery.id)
    claim.telling = told
    _announce_gathered(session, runtime, plugin, changed)
    claim.telling = ()
    if told:
        execute(session, sa.delete(Delivery).where(Delivery.id.in_(told)))
    return_untold(session, claim)
    return len(told)


def put_aside(session: Session, runtime: Runtime, claim: DeliveryClaim, id: int, tries: int, reason: str) -> bool:
    """One delivery failed: it waits, longer each time, or is parked after its last try. Returns whether it was parked."""
    parked = tries >= MAX_TRIES
    due = runtime.clock.now() + delay_after(tries)
    values = {"state": "parked" if parked else "waiting", "due_at": due, "error": reason[:ERROR_LENGTH], "lease_until": None}
    execute(session, sa.update(Delivery).where(*_held(claim), Delivery.id == id).values(**values))
    return parked


def put_all_aside(session: Session, runtime: Runtime, claim: DeliveryClaim, ids: Sequence[int], reason: str) -> None:
    """What was told together failed: every one of these deliveries waits for its next try, alone."""
    for id, tries in session.execute(sa.select(Delivery.id, Delivery.tries).where(*_held(claim), Delivery.id.in_(ids))).all():
        put_aside(session, runtime, claim, id, tries, reason)


def return_untold(session: Session, claim: DeliveryClaim) -> None:
    """What the batch did not come to waits as before, its try unused."""
    untouched = {"state": "waiting", "tries": Delivery.tries - 1, "lease_until": None}
    execute(session, sa.update(Delivery).where(*_held(claim), Delivery.id.in_(claim.ids)).values(**untouched))


def take_back_deliveries(session: Session, runtime: Runtime) -> int:
    """Take deliveries from workers that died or hang; their try is used up. Returns how many."""
    lost = session.scalars(
        sa.select(Delivery)
        .where(Delivery.state == "running", Delivery.lease_until < machine_now())
        .with_for_update(skip_locked=True)
        .limit(500)
    ).all()
    for delivery in lost:
        claim = DeliveryClaim(delivery.plugin, [delivery.id], delivery.lease_until or machine_now())
        put_aside(session, runtime, claim, delivery.id, delivery.tries, "The worker ended before the extension had been told.")
    return len(lost)


def parked_deliveries(session: Session, *, limit: int = 50, before: int | None = None) -> Sequence[Delivery]:
    """What plugins could not be told, newest first; `before` is the id the last page ended with."""
    found = sa.select(Delivery).where(Delivery.state == "parked", Delivery.id < before if before else sa.true())
    return session.scalars(found.options(joinedload(Delivery.event)).order_by(Delivery.id.desc()).limit(limit)).all()


def tell_again(session: Session, delivery: Delivery) -> None:
    """Give a parked delivery all its tries once more, at once."""
    from plugdesk.runtime import runtime_of

    runtime = runtime_of(session)
    delivery.state, delivery.tries, delivery.due_at = "waiting", 0, runtime.clock.now()
    runtime.nudge(session)


def delivery_counts(session: Session) -> dict[str, int]:
    """How many deliveries wait, run or are parked."""
    found = {
        state: number for state, number in session.execute(sa.select(Delivery.state, sa.func.count()).group_by(Delivery.state))
    }
    return {"waiting": 0, "running": 0, "parked": 0} | found


def _due(plugin: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return Delivery.state == "waiting", Delivery.plugin == plugin, Delivery.due_at <= now


def _never_failed(rows: Sequence[Any]) -> list[int]:
    chosen, waits = [], set[int]()
    for row in rows:
        if row.tries and row.ticket_id is not None:
            waits.add(row.ticket_id)
        elif not row.tries and row.ticket_id not in waits:
            chosen.append(row.id)
    return chosen


def _held(claim: DeliveryClaim) -> tuple[sa.ColumnElement[bool], ...]:
    return Delivery.state == "running", Delivery.plugin == claim.plugin, Delivery.lease_until == claim.lease_until


def _claimed(session: Session, runtime: Runtime, claim: DeliveryClaim) -> Sequence[Delivery]:
    held = sa.select(Delivery).where(Delivery.id.in_(claim.ids), *_held(claim)).order_by(Delivery.id)
    found = session.scalars(held.options(joinedload(Delivery.event)).with_for_update(of=Delivery)).all()
    tickets = {delivery.ticket_id for delivery in found} - {None}
    # Kept alive by the lists, so that the loop above and the plugins find each in the session instead of asking for it.
    heard = [each for each in found if runtime.registry.implementation(each.event.kind, claim.plugin) is not None]
    messages = {delivery.event.message_id for delivery in heard} - {None}
    if tickets:
        wanted = sa.select(Ticket).where(Ticket.id.in_(tickets))
        people = (joinedload(Ticket.customer).selectinload(User.identities),) if heard else ()
        session.info["told_tickets"] = session.scalars(wanted.options(*people)).all()
    if messages:
        session.info["told_messages"] = session.scalars(sa.select(Message).where(Message.id.in_(messages))).all()
    return found


def _announce(session: Session, runtime: Runtime, delivery: Delivery) -> BaseException | None:
    scope = runtime.scope(session, delivery.form_id)
    ticket = session.get(Ticket, delivery.ticket_id) if delivery.ticket_id is not None else None
    given: dict[str, Any] = {"event": delivery.event, "ticket": ticket, "form": scope if isinstance(scope, Form) else None}
    try:
        runtime.executor.announce(delivery.plugin, delivery.event.kind, scope, session, **given)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        return error
    return None


def _announce_gathered(session: Session, runtime: Runtime, plugin: str, changed: Mapping[int, set[int]]) -> None:
    """What was told one by one is told once more for all tickets of each form; if that fails, nothing was told."""
    for form_id, ids in changed.items():
        scope = runtime.scope(session, form_id)
        # All of them are in the session: none is asked for again.
        tickets = [ticket for id in sorted(ids) if (ticket := session.get(Ticket, id)) is not None]
        runtime.executor.announce(
            plugin, GATHERED, scope, session, tickets=tickets, form=scope if isinstance(scope, Form) else None
        )


def _is_gone(session: Session, delivery: Delivery) -> bool:
    """Whether the ticket has been deleted for good meanwhile, so that there is nothing left to tell."""
    return delivery.ticket_id is not None and session.get(Ticket, delivery.ticket_id) is None


def _drop(session: Session, delivery: Delivery) -> None:
    form = session.get(Form, delivery.form_id)
    # Not in the ticket's history: it tells of the extension, not of the ticket.
    told = delivery.event.kind
    record(
        session,
        "delivery_dropped",
        form=form,
        plugin=delivery.plugin,
        told=told,
        event_id=delivery.event_id,
        ticket_id=delivery.ticket_id,
    )


def _postpone(session: Session, claim: DeliveryClaim, ids: list[int], until: datetime, reason: str) -> None:
    waiting = {"state": "waiting", "tries": Delivery.tries - 1, "due_at": until, "error": reason, "lease_until": None}
    execute(session, sa.update(Delivery).where(*_held(claim), Delivery.id.in_(ids)).values(**waiting))
