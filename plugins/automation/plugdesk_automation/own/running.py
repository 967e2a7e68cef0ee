"""Automations at work: asked when something happens to a ticket, when a time is over, or by the clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Event, PlugdeskError, Ticket, current_language, use_language
from plugdesk.api import gettext as _
from plugdesk_automation.own.acting import Acting
from plugdesk_automation.own.asking import types_of, values_of, zone_of
from plugdesk_automation.own.deeds import Known, deed_of
from plugdesk_automation.own.models import Automation, OwnRun, OwnSet
from plugdesk_automation.own.reading import Asked, at_work, kept, own_set, read_condition
from plugdesk_automation.own.starting import Kind

AN_HOUR = timedelta(hours=1)
KEPT = timedelta(days=180)


def at_event(ctx: Context, ticket: Ticket, event: Event) -> None:
    """Something happened to the ticket: ask the automations that run then, in their order.

    What an automation did sets off others, each of them once for what began it all: two that feed each other end by that.
    """
    wanted = [row for row, start in at_work(ctx, Kind.EVENT) if event.kind in start.events] if can_run(ctx, ticket) else []
    cause = _cause_of(ctx, ticket, event) if wanted else None
    occasion, depth = (cause.occasion, cause.depth + 1) if cause is not None else (f"event:{event.id}", 0)
    for row in wanted:
        if ask(ctx, row, ticket, occasion, depth=depth) and row.stops:
            break


def can_run(ctx: Context, ticket: Ticket) -> bool:
    """Whether automations of the form look at the ticket: subtasks, merged ones and those in the bin are left alone."""
    here = ctx.form is not None and ticket.form_id == ctx.form.id
    return here and ticket.parent_id is None and ticket.merged_into_id is None and ticket.deleted_at is None


def ask(
    ctx: Context, row: Automation, ticket: Ticket, occasion: str, *, depth: int = 0, values: Mapping[str, Any] | None = None
) -> bool:
    """Run the automation on the ticket if its condition holds, once for each `occasion`. Whether it held, now or before.

    `values` are those of the facts it asks for, where somebody has looked for many tickets at once.
    """
    if _has_run(ctx, row, ticket, occasion):
        return True
    asked = read_condition(row.condition, types_of(ctx))
    if asked.lost:
        return False
    known = values_of(ctx, [ticket], asked.facts)[ticket.id] if values is None else values
    if not asked.holds(known, ctx.now, zone_of(ctx)):
        return False
    with use_language(ticket.form.language or ctx.desk.language or current_language()):
        _run(ctx, row, ticket, occasion, depth, asked, known)
    return True


def forget(ctx: Context) -> None:
    """Timer: forget what automations did long ago, on tickets that are closed."""
    assert ctx.form is not None, "Automation is switched on for forms."
    closed = sa.exists().where(Ticket.id == OwnRun.ticket_id, Ticket.closed_at.is_not(None))
    ctx.db.execute(sa.delete(OwnRun).where(OwnRun.form_id == ctx.form.id, OwnRun.at < ctx.now - KEPT, closed))


def letters_this_hour(ctx: Context) -> int:
    """How many letters automations of the form have written within the last hour."""
    assert ctx.form is not None, "Automation is switched on for forms."
    query = sa.select(sa.func.coalesce(sa.func.sum(OwnRun.letters), 0))
    return ctx.db.scalar(query.where(OwnRun.form_id == ctx.form.id, OwnRun.at > ctx.now - AN_HOUR)) or 0


def _run(
    ctx: Context, row: Automation, ticket: Ticket, occasion: str, depth: int, asked: Asked, values: Mapping[str, Any]
) -> None:
    whole = own_set(ctx)
    condition, met = kept(asked, values)
    run = OwnRun(
        form_id=ticket.form_id, automation_id=row.id, ticket_id=ticket.id, name=row.name, occasion=occasion, at=ctx.now, depth=depth,
        condition=condition, met=met, did=[], problem="", letters=0,
    )  # fmt: skip
    if depth > whole.depth:
        run.problem = _(
            "%(number)s automations had followed from one another. Look at which sets off which, then change one.", number=depth
        )
        ctx.db.add(run)
    else:
        _do_all(ctx, row, ticket, run, whole)
    said = _("Automation “%(name)s” on ticket %(number)s", name=row.name, number=ticket.number)
    did = "; ".join(run.did) or _("nothing")
    kind = "automation_ran" if not run.problem else "automation_held_up"
    ctx.journal(
        kind, ticket=ticket, automation=row.name, did=did, why=run.problem, said=f"{said}. {run.problem}" if run.problem else said
    )


def _do_all(ctx: Context, row: Automation, ticket: Ticket, run: OwnRun, whole: OwnSet) -> None:
    act = Acting(ctx, ticket, row.name, max(whole.letters - letters_this_hour(ctx), 0), whole.letters)
    run.first_event = _last_event(ctx, ticket)
    known = Known(ctx)
    for each in row.does:
        deed = deed_of(each["kind"])
        if deed is None:
            continue
        words, written = deed.words(known, each["options"]), act.letters
        try:
            with ctx.transaction():
                deed.do(act, each["options"])
            act.did.append(words)
        except PlugdeskError as refused:
            act.letters = written
            act.problems.append(f"{words}: {refused.in_words}")
    run.last_event, run.letters = _last_event(ctx, ticket), act.letters
    run.did, run.problem = act.did, " ".join(act.problems)
    ctx.db.add(run)


def _has_run(ctx: Context, row: Automation, ticket: Ticket, occasion: str) -> bool:
    known = sa.exists().where(OwnRun.ticket_id == ticket.id, OwnRun.automation_id == row.id, OwnRun.occasion == occasion)
    return bool(ctx.db.scalar(sa.select(known)))


def _last_event(ctx: Context, ticket: Ticket) -> int:
    ctx.db.flush()  # what was done a moment ago counts
    return ctx.db.scalar(sa.select(sa.func.max(Event.id)).where(Event.ticket_id == ticket.id)) or 0


def _cause_of(ctx: Context, ticket: Ticket, event: Event) -> OwnRun | None:
    """The run of an automation that the event is part of."""
    caused = (OwnRun.ticket_id == ticket.id, OwnRun.first_event < event.id, OwnRun.last_event >= event.id)
    return ctx.db.scalar(sa.select(OwnRun).where(*caused).order_by(OwnRun.depth.desc()).limit(1))
