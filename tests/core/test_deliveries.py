"""News: told once to every plugin that listens, in order, each plugin for itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.contributions import JobKind
from plugdesk.deliveries import delivery_counts, parked_deliveries, tell_again
from plugdesk.events import Delivery, Event, record
from plugdesk.runtime import Runtime
from plugdesk.tickets.models import Ticket
from plugdesk.worker import Worker
from tests.factories import make_form
from tests.support.work import MONDAY, form, happen, later, make_runtime, set_up, switch, trial_plugin

Desk = Callable[..., Runtime]


def number(event: Event) -> int:
    return int(event.data["number"])


def test_news_reaches_the_plugin_once_and_in_order(desk: Desk) -> None:
    told: list[tuple[int, int]] = []
    runtime = desk(note_added=lambda ctx, ticket, event: told.append((ticket.id, number(event))))
    happen(runtime, times=120)
    Worker(runtime).run_due()
    Worker(runtime).run_due()
    assert told == [(1, each) for each in range(120)]


def test_a_plugin_hears_only_of_forms_where_it_is_on(desk: Desk) -> None:
    told: list[int] = []
    runtime = desk(forms=2, note_added=lambda ctx, ticket, event: told.append(ctx.form.id))
    switch(runtime, on=False, number=1)
    happen(runtime, ticket=1)
    happen(runtime, ticket=2)
    Worker(runtime).run_due()
    assert told == [2]


def test_news_whose_plugin_is_off_when_its_turn_comes_is_dropped_and_journalled(desk: Desk) -> None:
    told: list[int] = []
    runtime = desk(note_added=lambda ctx, event: told.append(number(event)))
    happen(runtime)
    switch(runtime, on=False)
    Worker(runtime).run_due()
    switch(runtime, on=True)
    Worker(runtime).run_due()
    assert told == []
    with runtime.database.read() as session:
        dropped = session.scalars(sa.select(Event).where(Event.kind == "delivery_dropped")).one()
        assert (dropped.plugin, dropped.data["told"], dropped.form_id) == ("trial", "note_added", 1)


def test_what_a_plugin_asks_for_is_stored_with_its_delivery(desk: Desk) -> None:
    ran: list[int] = []

    def note_added(ctx: Any, event: Event) -> None:
        ctx.enqueue("work", n=number(event))
        if number(event) == 1:
            raise ValueError("after asking")

    runtime = desk(jobs=[JobKind("work", lambda ctx, n: ran.append(n))], note_added=note_added)
    happen(runtime, times=3)
    Worker(runtime).run_due()
    assert ran == [0]


def test_later_news_of_a_ticket_waits_for_an_earlier_one_that_failed(desk: Desk) -> None:
    told: list[tuple[int, int]] = []
    broken = True

    def note_added(ctx: Any, ticket: Any, event: Event) -> None:
        if broken and ticket.id == 1 and number(event) == 0:
            raise ConnectionError("refused")
        told.append((ticket.id, number(event)))

    runtime = desk(forms=2, note_added=note_added)
    happen(runtime, ticket=1, times=3)
    happen(runtime, ticket=2, times=2)
    Worker(runtime).run_due()
    assert told == [(2, 0), (2, 1)]
    happen(runtime, ticket=1)
    Worker(runtime).run_due()
    assert told == [(2, 0), (2, 1)]
    broken = False
    later(runtime, minutes=1)
    Worker(runtime).run_due()
    assert told[2:] == [(1, 0), (1, 1), (1, 2), (1, 0)]


def test_after_the_last_try_news_is_parked_and_the_later_go_on(desk: Desk) -> None:
    told: list[int] = []

    def note_added(ctx: Any, event: Event) -> None:
        if number(event) == 0:
            raise ValueError("never this one")
        told.append(number(event))

    runtime = desk(note_added=note_added)
    happen(runtime, times=2)
    for _ in range(8):
        assert told == []
        Worker(runtime).run_due()
        later(runtime, days=1)
    Worker(runtime).run_due()
    assert told == [1]
    with runtime.database.write() as session:
        (parked,) = parked_deliveries(session)
        assert (parked.error, parked.event.kind) == ("ValueError: never this one", "note_added")
        tell_again(session, parked)
    with runtime.database.read() as session:
        assert delivery_counts(session)["waiting"] == 1


def test_a_plugin_that_fails_does_not_delay_another(database_url: str, tmp_path: Any) -> None:
    told: list[str] = []

    def fails(ctx: Any, event: Event) -> None:
        raise ValueError("always")

    plugins = [
        trial_plugin(id="bad", note_added=fails),
        trial_plugin(id="good", note_added=lambda ctx, event: told.append("good")),
    ]
    runtime = make_runtime(database_url, tmp_path, *plugins)
    set_up(runtime, on=("bad", "good"))
    happen(runtime, times=2)
    Worker(runtime).run_due()
    runtime.database.close()
    assert told == ["good", "good"]


def test_news_for_a_suspended_plugin_waits_for_its_next_try(desk: Desk) -> None:
    told: list[int] = []
    runtime = desk(note_added=lambda ctx, event: told.append(number(event)))
    happen(runtime, times=2)
    with runtime.database.write() as session:
        until = MONDAY + timedelta(minutes=10)
        form(session).suspended = {"trial": {"since": MONDAY.isoformat(), "until": until.isoformat(), "tries": 1}}
    Worker(runtime).run_due()
    assert told == []
    later(runtime, minutes=10)
    Worker(runtime).run_due()
    assert told == [0, 1]


def test_news_for_a_plugin_that_is_not_loaded_waits(desk: Desk, database_url: str, tmp_path: Any) -> None:
    told: list[int] = []
    runtime = desk(note_added=lambda ctx, event: told.append(number(event)))
    happen(runtime)
    safe = make_runtime(database_url, tmp_path, clock=runtime.clock)
    Worker(safe).run_due()
    safe.database.close()
    later(runtime, minutes=2)
    Worker(runtime).run_due()
    assert told == [0]


def test_a_commit_that_fails_blames_only_the_delivery_to_blame(desk: Desk) -> None:
    told: list[int] = []

    def fail_outside_savepoints(session: Any) -> None:
        if not session.in_nested_transaction():
            raise ValueError("at the commit")

    def note_added(ctx: Any, event: Event) -> None:
        if number(event) == 1:
            sa.event.listen(ctx._session, "before_commit", fail_outside_savepoints)
        told.append(number(event))

    runtime = desk(forms=3, note_added=note_added)
    with runtime.database.write() as session:
        for each in (0, 1, 2):
            record(session, "note_added", ticket=session.get_one(Ticket, each + 1), number=each)
    Worker(runtime).run_due()
    later(runtime, minutes=1)
    Worker(runtime).run_due()
    assert set(told) >= {0, 2}
    with runtime.database.read() as session:
        left = session.scalars(sa.select(Delivery)).all()
        assert [number(each.event) for each in left] == [1]


def test_an_event_that_was_undone_leaves_its_number_to_the_next(session: Session) -> None:
    make_form(session)
    session.execute(sa.delete(Event))
    savepoint = session.begin_nested()
    undone = record(session, "first")
    savepoint.rollback()
    assert record(session, "second") is not undone
    assert session.scalars(sa.select(Event.kind)).all() == ["second"]


def test_whoever_looks_at_tickets_as_they_are_is_told_once_of_all_that_waited(desk: Desk) -> None:
    told: list[Any] = []
    runtime = desk(
        forms=2,
        note_added=lambda ctx, ticket: told.append(ticket.id),
        tickets_changed=lambda ctx, tickets: told.append((ctx.form.id, [each.id for each in tickets])),
    )
    happen(runtime, ticket=1, times=3)
    happen(runtime, ticket=2, times=2)
    Worker(runtime).run_due()
    Worker(runtime).run_due()
    assert told == [1, 1, 1, 2, 2, (1, [1]), (2, [2])]


def test_it_is_told_of_every_announcement_about_a_ticket_and_of_no_other(desk: Desk) -> None:
    told: list[int] = []
    runtime = desk(tickets_changed=lambda ctx, tickets: told.extend(each.id for each in tickets))
    with runtime.database.write() as session:
        record(session, "terms_changed", form=form(session))
    Worker(runtime).run_due()
    assert told == []
    for kind in ("ticket_opened", "status_changed", "fields_changed"):
        with runtime.database.write() as session:
            record(session, kind, ticket=session.get_one(Ticket, 1))
        Worker(runtime).run_due()
    assert told == [1, 1, 1]


def test_if_it_fails_nothing_that_was_told_with_it_is_kept_and_each_is_told_by_itself(desk: Desk) -> None:
    ran: list[int] = []
    together: list[list[int]] = []

    def tickets_changed(ctx: Any, tickets: Any) -> None:
        together.append([each.id for each in tickets])
        if any(each.id == 2 for each in tickets):
            raise ValueError("not this one")

    runtime = desk(
        forms=3,
        jobs=[JobKind("work", lambda ctx, n: ran.append(n))],
        note_added=lambda ctx, ticket: ctx.enqueue("work", n=ticket.id),
        tickets_changed=tickets_changed,
    )
    with runtime.database.write() as session:
        for each in (1, 2, 3):
            record(session, "note_added", ticket=session.get_one(Ticket, each))
    Worker(runtime).run_due()
    assert (ran, together) == ([], [[1], [2]])
    for _ in range(3):
        later(runtime, minutes=1)
        Worker(runtime).run_due()
    assert sorted(ran) == [1, 3]
    with runtime.database.read() as session:
        left = session.scalars(sa.select(Delivery)).all()
        assert [(each.ticket_id, each.error) for each in left] == [(2, "ValueError: not this one")]
