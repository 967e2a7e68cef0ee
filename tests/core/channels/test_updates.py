"""Updates of vendors: kept before they are acknowledged, known again, read in the order of their chat."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.channels.updates import (
    EARLY_KEPT,
    TooEarly,
    Update,
    UpdateState,
    early_updates,
    keep_update,
    read_again,
    take_jobs,
    updates_aside,
)
from plugdesk.contributions import Channel
from plugdesk.jobs import RetryLater
from plugdesk.runtime import Runtime
from plugdesk.tickets.housekeeping import read_early, sweep
from plugdesk.worker import Worker
from tests.support.work import form, later, switch

Desk = Callable[..., Runtime]


def messenger(take: Callable[..., int], **options: Any) -> Callable[[], Sequence[Channel]]:
    """What a plugin with one channel contributes, whose updates `take` reads."""
    return lambda: [
        Channel(
            "trial", "Trial", "chat", deliver=lambda ctx, message: None, reaches=lambda ctx, customer: True, take=take, **options
        )
    ]


def keep(runtime: Runtime, number: int, *, chat: str = "ann", account: int = 1) -> bool:
    with runtime.database.write() as session:
        ctx = runtime.context("trial", form(session), session)
        return keep_update(ctx, "trial", account=account, external_id=str(number), chat=chat, raw=f"update {number}")


def noting(read: list[str]) -> Callable[..., int]:
    def take(ctx: Any, waiting: Sequence[Update]) -> int:
        read.append(waiting[0].raw)
        return 1

    return take


def test_an_update_is_read_once_however_often_it_is_sent(desk: Desk) -> None:
    read: list[str] = []
    runtime = desk(channels=messenger(noting(read)))
    assert [keep(runtime, number) for number in (1, 2, 1)] == [True, True, False]
    Worker(runtime).run_due()
    assert keep(runtime, 2) is False
    Worker(runtime).run_due()
    assert read == ["update 1", "update 2"]


@pytest.mark.both_databases
@pytest.mark.parametrize(("numbered", "order"), [(True, [9, 10, 100]), (False, [100, 9, 10])])
def test_what_overtook_on_its_way_is_read_in_the_order_of_a_vendor_that_counts(
    desk: Desk, numbered: bool, order: list[int]
) -> None:
    read: list[str] = []
    runtime = desk(channels=messenger(noting(read), numbered=numbered))
    for number in (100, 9, 10):
        keep(runtime, number)
    Worker(runtime).run_due()
    assert read == [f"update {number}" for number in order]


def changing(said: dict[str, str]) -> Callable[..., int]:
    """Reads `update N`, and `update N` as the change of what an even N-1 said: it waits for it for an hour."""

    def take(ctx: Any, waiting: Sequence[Update]) -> int:
        first = waiting[0]
        if int(first.external_id) % 2:
            about = str(int(first.external_id) - 1)
            if about not in said and ctx.now - first.at < EARLY_KEPT:
                raise TooEarly
            said[about] = f"changed by {first.external_id}" if about in said else "never came"
            return 1
        said[first.external_id] = first.raw
        for early in early_updates(ctx, "trial", account=first.account, chat=first.chat):
            if int(early.external_id) == int(first.external_id) + 1:
                said[first.external_id], early.state = f"changed by {early.external_id}", UpdateState.TAKEN
        return 1

    return take


def an_hour_or_more(runtime: Runtime, **duration: float) -> None:
    """Time passes, and what the desk does now and then is done."""
    later(runtime, **duration)
    with runtime.database.write() as session:
        read_early(runtime.context("core", runtime.desk(session), session, "job"))
    Worker(runtime).run_due()


@pytest.mark.both_databases
def test_what_comes_too_early_holds_up_nothing_and_waits_for_what_it_speaks_of(desk: Desk) -> None:
    said: dict[str, str] = {}
    runtime = desk(channels=messenger(changing(said)))
    for number in (5, 8, 2):
        keep(runtime, number)
    Worker(runtime).run_due()
    assert said == {"8": "update 8", "2": "update 2"}
    keep(runtime, 4)
    Worker(runtime).run_due()
    assert said["4"] == "changed by 5"
    an_hour_or_more(runtime, hours=3)
    assert keep(runtime, 5) is False
    assert said["4"] == "changed by 5"


def test_what_waited_an_hour_in_vain_is_read_without_what_it_speaks_of_once(desk: Desk) -> None:
    said: dict[str, str] = {}
    runtime = desk(channels=messenger(changing(said)))
    keep(runtime, 5)
    Worker(runtime).run_due()
    assert said == {}
    an_hour_or_more(runtime, minutes=90)
    assert said == {"4": "never came"}
    with runtime.database.read() as session:
        assert session.scalars(sa.select(Update.state)).all() == [UpdateState.TAKEN]


def test_the_same_number_of_another_account_is_another_update(desk: Desk) -> None:
    read: list[str] = []
    runtime = desk(channels=messenger(noting(read)))
    assert keep(runtime, 1, account=1)
    assert keep(runtime, 1, account=2)
    Worker(runtime).run_due()
    assert len(read) == 2


@pytest.mark.both_databases
def test_the_order_of_a_chat_is_kept_under_eight_workers(desk: Desk) -> None:
    read: dict[str, list[int]] = {}
    lock = threading.Lock()

    def take(ctx: Any, waiting: Sequence[Update]) -> int:
        with lock:
            read.setdefault(waiting[0].chat, []).append(int(waiting[0].external_id))
        return 1

    runtime = desk(channels=messenger(take))
    for number in range(120):
        keep(runtime, number, chat=f"chat {number % 6}")

    def work(name: str) -> None:
        worker = Worker(runtime, name)
        while worker.run_due():
            pass

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    Worker(runtime).run_due()
    assert {chat: numbers == sorted(numbers) for chat, numbers in read.items()} == {f"chat {n}": True for n in range(6)}
    assert sorted(number for numbers in read.values() for number in numbers) == list(range(120))


def test_several_updates_can_be_read_as_one(desk: Desk) -> None:
    read: list[list[str]] = []

    def take(ctx: Any, waiting: Sequence[Update]) -> int:
        album = [each.raw for each in waiting[:3]]
        read.append(album)
        return len(album)

    runtime = desk(channels=messenger(take))
    for number in range(4):
        keep(runtime, number)
    Worker(runtime).run_due()
    assert read == [["update 0", "update 1", "update 2"], ["update 3"]]


def test_who_knows_when_to_try_again_holds_up_its_own_chat_only(desk: Desk) -> None:
    read: list[str] = []

    def take(ctx: Any, waiting: Sequence[Update]) -> int:
        if waiting[0].chat == "slow" and len(waiting) < 2:
            raise RetryLater(2)
        read.append(waiting[0].raw)
        return 1

    runtime = desk(channels=messenger(take))
    keep(runtime, 1, chat="slow")
    keep(runtime, 2, chat="quick")
    Worker(runtime).run_due()
    assert read == ["update 2"]
    keep(runtime, 3, chat="slow")
    later(runtime, seconds=3)
    Worker(runtime).run_due()
    assert read == ["update 2", "update 1"]


def test_what_cannot_be_read_is_put_aside_after_its_tries_and_the_next_go_on(desk: Desk) -> None:
    read: list[str] = []
    broken = True

    def take(ctx: Any, waiting: Sequence[Update]) -> int:
        if broken and waiting[0].raw == "update 1":
            raise ValueError("never seen such a thing")
        return noting(read)(ctx, waiting)

    runtime = desk(channels=messenger(take))
    keep(runtime, 1)
    keep(runtime, 2)
    for _try in range(5):
        assert read == []
        Worker(runtime).run_due()
        later(runtime, hours=7)
    Worker(runtime).run_due()
    assert read == ["update 2"]
    with runtime.database.write() as session:
        (aside,) = updates_aside(session, "trial", 1)
        assert aside.problem == "ValueError: never seen such a thing"
        broken = False
        read_again(runtime.context("trial", form(session), session), aside)
    Worker(runtime).run_due()
    assert read == ["update 2", "update 1"]


def test_what_an_update_changed_before_it_failed_is_undone(desk: Desk) -> None:
    def take(ctx: Any, waiting: Sequence[Update]) -> int:
        ctx.form.name = "Half done"
        ctx.db.flush()
        raise ValueError("then it broke")

    runtime = desk(channels=messenger(take))
    keep(runtime, 1)
    Worker(runtime).run_due()
    with runtime.database.read() as session:
        assert form(session).name == "Form 1"


def test_where_the_extension_is_off_updates_wait_until_it_is_on_again(desk: Desk) -> None:
    read: list[str] = []
    runtime = desk(channels=messenger(noting(read)))
    keep(runtime, 1)
    switch(runtime, on=False)
    Worker(runtime).run_due()
    assert read == []
    switch(runtime, on=True)
    Worker(runtime).run_due()
    assert read == ["update 1"]


def test_what_was_read_is_forgotten_after_days_and_what_waits_never(desk: Desk) -> None:
    read: list[str] = []
    runtime = desk(channels=messenger(noting(read)))
    keep(runtime, 1)
    Worker(runtime).run_due()
    keep(runtime, 2)
    later(runtime, days=4)
    with runtime.database.write() as session:
        session.info["checkpoint"] = lambda: None
        sweep(runtime.context("core", runtime.desk(session), session, "job"))
    with runtime.database.read() as session:
        assert session.scalars(sa.select(Update.state)).all() == [UpdateState.WAITING]


def test_a_plugin_has_one_channel_that_takes_updates_at_most(desk: Desk) -> None:
    two = [*messenger(noting([]))(), *messenger(noting([]))()]
    with pytest.raises(ValueError, match="at most one channel"):
        take_jobs(two)


def test_an_update_that_is_kept_was_not_acknowledged_before(desk: Desk) -> None:
    runtime = desk(channels=messenger(noting([])))
    session = runtime.database.session(write=True)
    keep_update(runtime.context("trial", form(session), session), "trial", account=1, external_id="1", chat="a", raw="x")
    session.rollback()  # the process dies before its commit
    session.close()
    assert keep(runtime, 1), "the vendor sends it again, and then it is new"
