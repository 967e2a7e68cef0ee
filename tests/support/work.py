"""A desk with one form or more and a plugin made of the test's own functions, to watch jobs and news at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.orm import Session

from plugdesk.clock import Clock, MovableClock
from plugdesk.contributions import JobKind, Timer
from plugdesk.events import record
from plugdesk.forms.models import Desk, Form, Status, StatusKind
from plugdesk.hooks import hookimpl
from plugdesk.plugins.loader import Plugin, State
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Role, User

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def trial_plugin(
    *,
    jobs: Sequence[JobKind] = (),
    timers: Sequence[Timer] = (),
    id: str = "trial",
    **announcements: Callable[..., Any],
) -> Plugin:
    """A loaded plugin with these jobs, timers and implementations of announcements."""
    module = ModuleType(f"plugdesk_{id}")
    for name, function in {"jobs": lambda: jobs, "timers": lambda: timers, **announcements}.items():
        setattr(module, name, hookimpl(function))
    return Plugin(id, State.OK, modules=[module])


def make_runtime(url: str, folder: Path, *plugins: Plugin, clock: Clock | None = None, redis_url: str = "") -> Runtime:
    """The runtime of a process that serves the database at `url`, with these plugins and no others.

    The core's own recurring work is left out: tests here count jobs.
    """
    runtime = Runtime(Settings(data=folder, database_url=url, redis_url=redis_url), plugins=plugins, clock=clock)
    runtime.registry.timers[:] = [(owner, timer) for owner, timer in runtime.registry.timers if owner != "core"]
    return runtime


def set_up(runtime: Runtime, *, forms: int = 1, on: Sequence[str] = ("trial",)) -> None:
    """Writes the desk's row and forms 1, 2 … with the extensions `on`, each form with a ticket of the same number."""
    with runtime.database.write() as session:
        now = runtime.clock.now()
        session.add(Desk(id=0, name="Desk", instance="i", language="en", zone="UTC", set_up_at=now))
        customer = User(role=Role.CUSTOMER, name="Ann", created_at=now)
        session.add(customer)
        for number in range(1, forms + 1):
            form = Form(slug=f"form-{number}", name=f"Form {number}", created_at=now, extensions=list(on))
            form.statuses.append(Status(code="new", kind=StatusKind.NEW, name="New"))
            session.add(form)
            session.flush()  # the ids of form, status and customer, for the ticket
            session.add(
                Ticket(
                    form_id=form.id,
                    customer_id=customer.id,
                    opened_by_id=customer.id,
                    subject="Help",
                    channel="web",
                    status_id=form.statuses[0].id,
                    status_kind=StatusKind.NEW,
                    created_at=now,
                    changed_at=now,
                    spoken_at=now,
                )
            )


def form(session: Session, number: int = 1) -> Form:
    return session.get_one(Form, number)


def happen(runtime: Runtime, kind: str = "note_added", *, ticket: int = 1, times: int = 1) -> None:
    """Records that something happened on a ticket and commits."""
    with runtime.database.write() as session:
        for number in range(times):
            record(session, kind, ticket=session.get_one(Ticket, ticket), number=number)


def switch(runtime: Runtime, *, on: bool, number: int = 1, plugin: str = "trial") -> None:
    """Switches an extension on or off as the catalog does, jobs included."""
    from plugdesk.jobs import hold_jobs, release_jobs

    with runtime.database.write() as session:
        where = form(session, number)
        where.extensions = [plugin] if on else []
        (release_jobs if on else hold_jobs)(session, plugin, where)


def later(runtime: Runtime, **duration: float) -> None:
    """Moves the desk's clock on."""
    runtime.clock.advance(timedelta(**duration))  # type: ignore[attr-defined]


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Runtime]]:
    """`desk(forms=2, jobs=[…], ticket_opened=…)`: see `trial_plugin` and `set_up`. Its clock stands still."""
    with ExitStack() as stack:

        def desk(*, forms: int = 1, on: tuple[str, ...] = ("trial",), **plugin: Any) -> Runtime:
            runtime = make_runtime(database_url, tmp_path, trial_plugin(**plugin), clock=MovableClock(MONDAY))
            stack.callback(runtime.database.close)
            set_up(runtime, forms=forms, on=on)
            return runtime

        yield desk
