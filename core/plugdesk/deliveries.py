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
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

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
    connection, found = session.connection(), list[str]()
    while (plugin := connection.scalar(_NEXT_PLUGIN, {"after": found[-1] if found else ""})) is not None:
        found.append(plugin)
    return [plugin for plugin in found if connection.scalar(_ANY_DUE, {"plugin": plugin, "now": now}) is not None]


def claim_deliveries(session: Session, runtime: Runtime, plugin: str) -> DeliveryClaim | None:
    """Take the next batch of a plugin's due deliveries; commits nothing.

    One that has failed is taken alone, so that if it takes the process along, no other's try is lost with it.
    """
    if runtime.database.dialect == "postgresql":
        # Two workers claiming at once could each see the other's as still waiting, and break the order.
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"plugdesk news {plugin}"))))
    connection = session.connection()
    rows = connection.execute(_NEXT, {"plugin": plugin, "now": runtime.clock.now(), "most": BATCH}).all()
    if not rows:
        return None
    chosen = [rows[0].id] if rows[0].tries else _never_failed(rows)
    claim = DeliveryClaim(plugin, chosen, machine_now() + LEASE)
    connection.execute(_TAKE, {"ids": chosen, "until": claim.lease_until})
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
        session.flush()  # what plugins have written, before their news are gone
        session.connection().execute(_DONE, {"ids": told})
    if len(told) < len(claim.ids):
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
    held = {"ids": claim.ids, "plugin": claim.plugin, "until": claim.lease_until}
    found = session.scalars(_CLAIMED, held).all()
    tickets = {delivery.ticket_id for delivery in found} - {None}
    # Kept alive by the lists, so that the loop above and the plugins find each in the session instead of asking for it.
    heard = [each for each in found if runtime.registry.implementation(each.event.kind, claim.plugin) is not None]
    messages = {delivery.event.message_id for delivery in heard} - {None}
    if tickets:
        session.info["told_tickets"] = session.scalars(_WITH_PEOPLE if heard else _TICKETS, {"ids": tickets}).all()
    if messages:
        session.info["told_messages"] = session.scalars(_MESSAGES, {"ids": messages}).all()
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


# Built once: building such statements costs more than running them, and every change of a ticket is told by them.
_delivery = cast(sa.Table, Delivery.__table__)
_earlier = _delivery.alias()
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_OF_PLUGIN = (
    _delivery.c.state == "waiting",
    _delivery.c.plugin == sa.bindparam("plugin"),
    _delivery.c.due_at <= sa.bindparam("now"),
)
_NEXT_PLUGIN = sa.select(sa.func.min(_delivery.c.plugin)).where(
    _delivery.c.state == "waiting", _delivery.c.plugin > sa.bindparam("after")
)
_ANY_DUE = sa.select(_delivery.c.id).where(*_OF_PLUGIN).limit(1)
_IN_THE_WAY = (
    sa.select(_earlier.c.id)
    .where(
        _earlier.c.plugin == sa.bindparam("plugin"), _earlier.c.ticket_id == _delivery.c.ticket_id, _earlier.c.id < _delivery.c.id
    )
    .where(sa.or_(_earlier.c.state == "running", sa.and_(_earlier.c.state == "waiting", _earlier.c.due_at > sa.bindparam("now"))))
)
_NEXT = (
    sa.select(_delivery.c.id, _delivery.c.tries, _delivery.c.ticket_id)
    .where(*_OF_PLUGIN, ~_IN_THE_WAY.exists()).order_by(_delivery.c.id).limit(sa.bindparam("most"))
)  # fmt: skip
_TAKE = (
    sa.update(_delivery).where(_delivery.c.id.in_(_IDS))
    .values(state="running", tries=_delivery.c.tries + 1, lease_until=sa.bindparam("until", type_=_delivery.c.lease_until.type))
)  # fmt: skip
_CLAIMED = (
    sa.select(Delivery)
    .where(Delivery.id.in_(_IDS), Delivery.state == "running", Delivery.plugin == sa.bindparam("plugin"))
    .where(Delivery.lease_until == sa.bindparam("until")).order_by(Delivery.id)
    .options(joinedload(Delivery.event)).with_for_update(of=Delivery)
)  # fmt: skip
_TICKETS = sa.select(Ticket).where(Ticket.id.in_(_IDS))
_WITH_PEOPLE = _TICKETS.options(joinedload(Ticket.customer).selectinload(User.identities))
_MESSAGES = sa.select(Message).where(Message.id.in_(_IDS))
_DONE = sa.delete(_delivery).where(_delivery.c.id.in_(_IDS))
