"""Going through the open tickets of a form: to reckon their clocks anew, or to see beforehand what edited policies would do.

A hundred tickets are looked at while a page waits, more by a job, in batches, each committed by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from plugdesk.api import Context, NotFound, Ticket, User
from plugdesk.api import gettext as _
from plugdesk_sla.entering import PolicyInput
from plugdesk_sla.following import begun_late, keep, rework
from plugdesk_sla.models import Clock, Promise, Run, RunState
from plugdesk_sla.promising import Promised, ReadPolicy, plain_policy, policies_of, promised_for, read_policies, read_policy

AT_ONCE = 100  # a page waits for no more
BATCH = 200  # tickets between two reports of a job
SHOWN = 200  # changes kept to be looked at
KEPT = timedelta(days=2)
GOES_ON = (RunState.WAITING, RunState.RUNNING)


def reckon_anew(ctx: Context) -> None:
    """Reckon every clock of the form by what is promised now. One that is on its way begins again."""
    assert ctx.form is not None, "SLA is switched on for forms."
    known = (Run.form_id == ctx.form.id, Run.is_preview.is_(False), Run.state.in_(GOES_ON))
    ctx.db.execute(sa.update(Run).where(*known).values(state=RunState.STOPPED, finished_at=ctx.now))
    _begin(ctx, is_preview=False, draft={})


def preview(ctx: Context, policy: PolicyInput, *, policy_id: int | None, version: int | None) -> Run:
    """See what would become of the open tickets if `policy` stood in the place of that with `policy_id`, or at the end."""
    return _begin(ctx, is_preview=True, draft={"policy_id": policy_id, "version": version, "policy": policy.__dict__})


def run(ctx: Context, run_id: int = 0, **_given: Any) -> None:
    """Job: go through the tickets, batch by batch; stops when told to."""
    while (found := ctx.db.get(Run, run_id, populate_existing=True)) is not None and found.state in GOES_ON:
        go_on(ctx, found, BATCH)
        ctx.checkpoint()


def go_on(ctx: Context, run: Run, most: int) -> None:
    """Look at the next `most` tickets."""
    below = sa.true() if run.next_id is None else Ticket.id < run.next_id
    tickets = ctx.db.scalars(_open(ctx).where(below).limit(most).options(*_WITH)).all()
    if tickets:
        promises = _promises_of(ctx, tickets, hold=not run.is_preview)
        promised = promised_for(ctx, tickets, policies=_policies(ctx, run))
        change = _compare if run.is_preview else _keep
        change(ctx, run, tickets, promises, promised)
        run.next_id = tickets[-1].id
    run.done += len(tickets)
    is_over = len(tickets) < most
    run.state, run.finished_at = (RunState.DONE, ctx.now) if is_over else (RunState.RUNNING, None)


def stop(ctx: Context, run: Run) -> None:
    """End a preview that still goes on; what it has found so far stays."""
    if run.state in GOES_ON:
        run.state, run.finished_at = RunState.STOPPED, ctx.now


def preview_here(ctx: Context, run_id: int) -> Run:
    """The form's preview with this id; `NotFound` for another form's, and when it is over and cleared away."""
    found = ctx.db.get(Run, run_id)
    if found is None or ctx.form is None or found.form_id != ctx.form.id or not found.is_preview:
        raise NotFound(_("This preview is not kept any more. Start it again from the policy."))
    return found


def drafted(run: Run) -> PolicyInput:
    """The edited policy that a preview is about."""
    return PolicyInput(**run.draft["policy"])


def reckoning(ctx: Context) -> Run | None:
    """The reckoning that goes on for the form just now."""
    assert ctx.form is not None
    known = (Run.form_id == ctx.form.id, Run.is_preview.is_(False), Run.state.in_(GOES_ON))
    return ctx.db.scalar(sa.select(Run).where(*known).order_by(Run.id.desc()).limit(1))


def clear(ctx: Context) -> None:
    """Timer: forget what was gone through some days ago."""
    assert ctx.form is not None
    ctx.db.execute(sa.delete(Run).where(Run.form_id == ctx.form.id, Run.created_at < ctx.now - KEPT))


# What of tickets is looked at is loaded with them; their customers' contacts in one go.
_WITH = (joinedload(Ticket.customer).selectinload(User.identities), joinedload(Ticket.customer).joinedload(User.organization))


def _begin(ctx: Context, *, is_preview: bool, draft: dict[str, Any]) -> Run:
    assert ctx.form is not None
    total = ctx.db.scalar(sa.select(sa.func.count()).select_from(_open(ctx).order_by(None).subquery())) or 0
    run = Run(form_id=ctx.form.id, is_preview=is_preview, draft=draft, state=RunState.WAITING, total=total, created_at=ctx.now)
    ctx.db.add(run)
    ctx.db.flush()  # its id
    if total <= AT_ONCE:
        go_on(ctx, run, AT_ONCE + 1)
    else:
        ctx.enqueue("run", key=f"run:{run.id}", run_id=run.id)
    return run


def _open(ctx: Context) -> sa.Select[Any]:
    """The open tickets of the form, the latest first: along the table, which is gone through once and not sorted."""
    assert ctx.form is not None
    known = (Ticket.form_id == ctx.form.id, Ticket.closed_at.is_(None), Ticket.deleted_at.is_(None))
    return sa.select(Ticket).where(*known, Ticket.parent_id.is_(None), Ticket.merged_into_id.is_(None)).order_by(Ticket.id.desc())


def _policies(ctx: Context, run: Run) -> list[ReadPolicy]:
    """The form's policies, with the edited one of a preview among them."""
    if not run.is_preview:
        return read_policies(ctx)
    assert ctx.form is not None
    number = run.draft["policy_id"]
    edited = {**run.draft["policy"], "id": number or 0}
    plain = [edited if row.id == number else plain_policy(row) for row in policies_of(ctx)]
    return [read_policy(ctx, ctx.form, each) for each in (plain if number else [*plain, edited])]


def _promises_of(ctx: Context, tickets: Sequence[Ticket], *, hold: bool) -> dict[int, Promise]:
    query = sa.select(Promise).where(Promise.ticket_id.in_([each.id for each in tickets])).order_by(Promise.ticket_id)
    query = query.options(selectinload(Promise.clocks))
    return {each.ticket_id: each for each in ctx.db.scalars(query.with_for_update() if hold else query)}


def _keep(
    ctx: Context, run: Run, tickets: Sequence[Ticket], promises: Mapping[int, Promise], promised: Mapping[int, Promised | None]
) -> None:
    for ticket in tickets:
        run.moved += keep(ctx, ticket, promises.get(ticket.id), promised[ticket.id])


def _compare(
    ctx: Context, run: Run, tickets: Sequence[Ticket], promises: Mapping[int, Promise], promised: Mapping[int, Promised | None]
) -> None:
    found = list(run.found)
    for ticket in tickets:
        promise, wanted = promises.get(ticket.id), promised[ticket.id]
        before = _deadlines(promise.clocks) if promise is not None else {}
        after = _deadlines(_after(ctx, ticket, promise, wanted))
        for key in sorted({*before, *after}):
            was, now = before.get(key), after.get(key)
            if was == now:
                continue
            run.moved += 1
            late = key in after and now is not None and now <= ctx.now and (was is None or was > ctx.now)
            run.late += late
            if len(found) < SHOWN:
                found.append({
                    "number": ticket.number, "subject": ticket.subject, "sort": key[0], "status": key[1],
                    "before": _plain(was), "after": _plain(now), "late": late,
                })  # fmt: skip
    run.found = found


def _after(ctx: Context, ticket: Ticket, promise: Promise | None, wanted: Promised | None) -> list[Clock]:
    """The clocks of a ticket as they would be; nothing of it is stored."""
    if wanted is None:
        return []
    if promise is None:
        return begun_late(ctx, ticket, wanted).clocks
    copy = Promise(
        ticket_id=promise.ticket_id, form_id=promise.form_id, policy_id=wanted.policy.id, terms=wanted.terms, problem="",
        hours_id=wanted.hours.id if wanted.hours else None, clocks=[_copy(each) for each in promise.clocks],
    )  # fmt: skip
    rework(ctx, ticket, copy)
    return copy.clocks


def _copy(clock: Clock) -> Clock:
    names = ("sort", "status", "seconds", "started_at", "pauses", "ended_at", "warned_at", "breached_at", "due_at")
    return Clock(**{name: getattr(clock, name) for name in names})


def _deadlines(clocks: Iterable[Clock]) -> dict[tuple[str, str], datetime | None]:
    return {(str(each.sort), each.status): each.due_at for each in clocks if each.ended_at is None}


def _plain(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
