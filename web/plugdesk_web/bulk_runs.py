"""Something done to all tickets of a list, more than a page of them: a job goes through them, and a page shows how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column
from werkzeug.datastructures import MultiDict

from plugdesk.database import Base, Json, Key, Word
from plugdesk.errors import NotFound, PlugdeskError
from plugdesk.i18n import gettext as _
from plugdesk.i18n import use_language
from plugdesk.jobs import enqueue
from plugdesk.permissions import forget_rights, visible_tickets
from plugdesk.plugins.context import Context
from plugdesk.plugins.loader import PAGES
from plugdesk.runtime import runtime_of
from plugdesk.tickets.bulk import Refusal, do_to_each
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User
from plugdesk_web.bulk import command_for

MOST = 10_000
BATCH = 20  # tickets between two reports; each batch is a transaction
SLICE = 20.0  # seconds after which others have their turn
SHOWN = 500  # refusals kept to be looked at
KEPT = timedelta(days=7)


class RunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class BulkRun(Base):
    """What `action`, called `title`, does to the tickets `numbers`, of which the first `at` are through.

    `typed` are the fields that were sent, as pairs; `refused` the first of the refusals, as number, subject and why. `back` leads to the list.
    """

    __tablename__ = "web_bulk_run"

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    action: Mapped[str] = mapped_column(sa.String(200))
    title: Mapped[str]
    typed: Mapped[list[Any]] = mapped_column(Json)
    numbers: Mapped[list[Any]] = mapped_column(Json)
    at: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    refused: Mapped[list[Any]] = mapped_column(Json, default=list)
    state: Mapped[RunState] = mapped_column(Word(RunState))
    back: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]

    @property
    def goes_on(self) -> bool:
        return self.state in (RunState.WAITING, RunState.RUNNING)

    @property
    def stayed(self) -> int:
        """How many were refused."""
        return self.at - self.done


def start_run(
    session: Session, agent: User, action: str, numbers: Sequence[int], typed: MultiDict[str, str], *, title: str, back: str
) -> BulkRun:
    """Have a job do `action` to the tickets, in the order of their numbers."""
    run = BulkRun(
        user_id=agent.id, action=action, title=title, typed=[[name, value] for name, value in typed.items(multi=True)],
        numbers=sorted(set(numbers)), state=RunState.WAITING, back=back, created_at=runtime_of(session).clock.now(),
    )  # fmt: skip
    session.add(run)
    session.flush()  # its id
    _enqueue(session, run.id)
    return run


def run_here(session: Session, agent: User, run_id: int) -> BulkRun:
    """The run with this id, if `agent` has started it."""
    found = session.get(BulkRun, run_id)
    if found is None or found.user_id != agent.id:
        raise NotFound(_("This is not kept any more. What was done stands on the tickets."))
    return found


def refusals_of(session: Session, run: BulkRun, agent: User) -> list[Refusal]:
    """What was refused; the subjects of tickets that `agent` may not see any more are empty."""
    numbers = [number for number, _subject, _why in run.refused]
    seen = set(session.scalars(sa.select(Ticket.id).where(Ticket.id.in_(numbers), visible_tickets(session, agent))))
    return [Refusal(number, subject if number in seen else "", why) for number, subject, why in run.refused]


def stop_run(session: Session, run: BulkRun) -> None:
    """Leave the rest as they are; what is done is done."""
    session.refresh(run, with_for_update=True)  # after the batch that is being done, which may be the last
    if run.goes_on:
        run.state, run.finished_at = RunState.STOPPED, runtime_of(session).clock.now()


def go_on(ctx: Context, run_id: int = 0, **_given: Any) -> None:
    """Job: batch after batch, each by the rights of that moment; stops when told to, and lets others have their turn."""
    ends = monotonic() + SLICE
    while (run := ctx.db.get(BulkRun, run_id, populate_existing=True, with_for_update=True)) is not None and run.goes_on:
        if monotonic() > ends:
            _enqueue(ctx.db, run_id)
            return
        _batch(ctx, run)
        ctx.checkpoint()


def forget_old_runs(session: Session, now: datetime) -> None:
    """Drop what nobody looks at any more."""
    session.execute(sa.delete(BulkRun).where(BulkRun.created_at < now - KEPT))


def _enqueue(session: Session, run_id: int) -> None:
    enqueue(session, f"{PAGES}:bulk", key=f"bulk:{run_id}", run_id=run_id)


def _batch(ctx: Context, run: BulkRun) -> None:
    session, numbers = ctx.db, run.numbers[run.at : run.at + BATCH]
    agent = session.get_one(User, run.user_id)
    forget_rights(session)
    with use_language(agent.language or ctx.desk.language):
        try:
            command = command_for(session, agent, run.action, MultiDict([(name, value) for name, value in run.typed]))
            outcome = do_to_each(session, agent, numbers, command)
            done, refused = len(outcome.done), [[each.number, each.subject, each.why] for each in outcome.refused]
        except PlugdeskError as refusal:  # what was chosen is gone: the person, the tag, the action
            done, refused = 0, [[number, "", refusal.in_words] for number in numbers]
    run.at, run.done = run.at + len(numbers), run.done + done
    if refused and len(run.refused) < SHOWN:
        run.refused = [*run.refused, *refused][:SHOWN]
    over = run.at >= len(run.numbers)
    run.state, run.finished_at = (RunState.DONE, ctx.now) if over else (RunState.RUNNING, None)
