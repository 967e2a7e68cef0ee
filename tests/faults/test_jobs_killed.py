"""Processes killed at any step of a job or of telling the news: nothing is lost, and nothing is doubled that counts."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.contributions import JobKind
from plugdesk.events import Delivery
from plugdesk.forms.models import Form
from plugdesk.jobs import Job, JobState, enqueue
from plugdesk.runtime import Runtime
from plugdesk.worker import Worker
from tests.support.processes import let_time_pass
from tests.support.work import form, happen, later, make_runtime, trial_plugin

Desk = Callable[..., Runtime]
pytestmark = pytest.mark.both_databases


class Sender:
    """A job that sends one letter: marks it as being sent, sends, marks it as sent; `die_at` kills the process there.

    The form's name is the mark on the letter, the file is the customer's mailbox.
    """

    def __init__(self, mailbox: Path, die_at: str = "") -> None:
        self.mailbox = mailbox
        self.die_at = die_at

    def send(self, ctx: Any) -> None:
        self._step("begun")
        if ctx.form.name in ("sent", "maybe sent"):
            return
        if ctx.form.name == "sending":
            ctx.form.name = "maybe sent"
            return
        ctx.form.name = "sending"
        ctx.db.flush()
        self._step("marked")
        ctx.checkpoint()
        self._step("before sending")
        with self.mailbox.open("a") as letters:
            letters.write("letter\n")
        self._step("after sending")
        ctx.form.name = "sent"
        ctx.db.flush()
        self._step("before the commit")

    def _step(self, name: str) -> None:
        if self.die_at == name:
            os.kill(os.getpid(), signal.SIGKILL)


def in_another_process(url: str, folder: Path, work: Callable[[Runtime], Any], *plugins: Any, clock: Any) -> int:
    """Runs `work` in a fork with a runtime of its own; returns the signal that ended it, or 0."""
    pid = os.fork()
    if pid == 0:
        try:
            work(make_runtime(url, folder, *plugins, clock=clock))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) * -1


def run_seen(runtime: Runtime) -> None:
    """Runs what is due as a worker that the others can see, and so can miss."""
    worker = Worker(runtime)
    worker.heartbeat()
    worker.run_due()
    worker.forget()


@pytest.mark.parametrize(
    ("step", "letters", "mark"),
    [
        ("begun", 1, "sent"),
        ("marked", 1, "sent"),
        ("before sending", 0, "maybe sent"),
        ("after sending", 1, "maybe sent"),
        ("before the commit", 1, "maybe sent"),
    ],
)
def test_a_worker_killed_at_any_step_of_a_letter_sends_it_once_or_says_maybe(
    desk: Desk, database_url: str, tmp_path: Path, step: str, letters: int, mark: str
) -> None:
    mailbox = tmp_path / "mailbox"
    mailbox.touch()
    runtime = desk(jobs=[JobKind("send", Sender(mailbox).send)])
    with runtime.database.write() as session:
        enqueue(session, "trial:send", form=form(session))
    runtime.database.close()
    doomed = trial_plugin(jobs=[JobKind("send", Sender(mailbox, die_at=step).send)])
    assert in_another_process(database_url, tmp_path, run_seen, doomed, clock=runtime.clock) == signal.SIGKILL
    Worker(runtime).run_due()  # takes the job back at once, to be tried a little later
    later(runtime, minutes=1)
    Worker(runtime).run_due()
    with runtime.database.read() as session:
        assert session.scalars(sa.select(Job)).all() == []
        assert form(session).name == mark
    assert len(mailbox.read_text().splitlines()) == letters


def test_a_job_that_always_kills_its_process_is_parked_and_takes_nobody_along(
    desk: Desk, database_url: str, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"

    def work(ctx: Any, n: int) -> None:
        if n == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        with ran.open("a") as file:
            file.write(f"{n}\n")

    kinds = [JobKind("work", work, max_tries=3)]
    runtime = desk(jobs=kinds)
    with runtime.database.write() as session:
        for n in range(6):
            enqueue(session, "trial:work", form=form(session), n=n)
    runtime.database.close()
    for _ in range(8):
        in_another_process(database_url, tmp_path, run_seen, trial_plugin(jobs=kinds), clock=runtime.clock)
        later(runtime, minutes=5)
    with runtime.database.read() as session:
        job = session.scalars(sa.select(Job)).one()
        assert (job.state, job.failures, job.args) == (JobState.PARKED, 3, {"n": 2})
    assert sorted(ran.read_text().split()) == ["0", "1", "3", "4", "5"]


def test_news_that_always_kills_the_process_is_parked_and_the_rest_is_told_once(
    desk: Desk, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note_added(ctx: Any, ticket: Any, event: Any) -> None:
        if ticket.id == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        ctx.form.name = f"{ctx.form.name}."

    monkeypatch.setattr("plugdesk.deliveries.LEASE", timedelta(seconds=0.05))
    monkeypatch.setattr("plugdesk.deliveries.MAX_TRIES", 3)
    runtime = desk(forms=3, note_added=note_added)
    for ticket in (1, 2, 3):
        happen(runtime, ticket=ticket, times=2)
    runtime.database.close()
    for _ in range(12):
        in_another_process(database_url, tmp_path, run_seen, trial_plugin(note_added=note_added), clock=runtime.clock)
        let_time_pass(0.06, because="each process is killed at another moment")
        later(runtime, days=1)
    with runtime.database.read() as session:
        assert set(session.scalars(sa.select(Delivery.state))) == {"parked"}
        assert list(session.scalars(sa.select(Form.name).order_by(Form.id))) == ["Form 1..", "Form 2", "Form 3.."]


def test_killing_workers_at_random_loses_and_doubles_nothing(desk: Desk, database_url: str, tmp_path: Path) -> None:
    """Each job adds one to its form, in the database alone: whatever is killed when, every form ends at its count."""

    def add(ctx: Any) -> None:
        ctx.form.position += 1

    def note_added(ctx: Any) -> None:
        ctx.enqueue("add")

    kinds = [JobKind("add", add, max_tries=1000)]
    runtime = desk(forms=4, jobs=kinds, note_added=note_added)
    for ticket in (1, 2, 3, 4):
        happen(runtime, ticket=ticket, times=10)
    runtime.database.close()
    for number in range(6):
        pid = os.fork()
        if pid == 0:
            run_seen(make_runtime(database_url, tmp_path, trial_plugin(jobs=kinds, note_added=note_added), clock=runtime.clock))
            os._exit(0)
        let_time_pass(0.05 + 0.04 * number, because="each process is killed at another moment")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    with runtime.database.write() as session:
        # The lease of news is half a minute of the machine's time, which no test waits for.
        session.execute(sa.update(Delivery).values(lease_until=None, state="waiting", tries=0))
    for _ in range(4):
        later(runtime, hours=1)
        Worker(runtime).run_due()
    with runtime.database.read() as session:
        assert session.scalars(sa.select(Job)).all() == []
        assert list(session.scalars(sa.select(Form.position))) == [10, 10, 10, 10]
