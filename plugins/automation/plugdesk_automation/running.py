"""Rules at work: whoever is woken by a timer looks at what is due then, does it, and sets the timer to the next."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from plugdesk.api import (
    Context,
    PlugdeskError,
    StatusKind,
    Ticket,
    User,
    assign,
    become,
    current_language,
    format_list,
    use_language,
)
from plugdesk.api import gettext as _
from plugdesk_automation.models import Code, News, Run
from plugdesk_automation.people import whom
from plugdesk_automation.rules import NAMES, rule_set
from plugdesk_automation.timing import Waiting, arm, waiting_for

BATCH = 200
KEPT = timedelta(days=180)
TOGETHER = timedelta(minutes=1)
"""What comes up for somebody within this time goes in one letter."""


def run_due(ctx: Context, ticket_id: int = 0, **_given: object) -> None:
    """Job: do what is due on a ticket, one thing after the other, for one may end what another waited for."""
    ticket = ctx.db.get(Ticket, ticket_id)
    if ticket is None:
        return
    for _each in Code:
        waiting = next((each for _ticket, found in waiting_for(ctx, [ticket]) for each in found), None)
        if waiting is None or waiting.due > ctx.now:
            break
        _run(ctx, ticket, waiting)
    arm(ctx, [ticket])


def arm_all(ctx: Context, **_given: object) -> None:
    """Job: the rules have changed, or the working time: set the timers of all tickets that can wait for something."""
    form, last = ctx.form, 0
    assert form is not None, "Automation is switched on for forms."
    if rule_set(ctx) is None:
        return
    kinds = (StatusKind.NEW, StatusKind.OPEN, StatusKind.RESOLVED)
    wanted = sa.select(Ticket).where(Ticket.form_id == form.id, Ticket.status_kind.in_(kinds), Ticket.parent_id.is_(None))
    while found := ctx.db.scalars(wanted.where(Ticket.id > last).order_by(Ticket.id).limit(BATCH)).all():
        last = found[-1].id
        arm(ctx, found)
        ctx.checkpoint()


def forget(ctx: Context) -> None:
    """Timer: forget what was done long ago, on tickets that are closed: on an open one it must not happen twice."""
    assert ctx.form is not None
    closed = sa.exists().where(Ticket.id == Run.ticket_id, Ticket.status_kind == StatusKind.CLOSED)
    ctx.db.execute(sa.delete(Run).where(Run.form_id == ctx.form.id, Run.ran_at < ctx.now - KEPT, closed))


def _run(ctx: Context, ticket: Ticket, waiting: Waiting) -> None:
    rule = waiting.rule
    row = Run(
        form_id=ticket.form_id, ticket_id=ticket.id, code=rule.code, occasion=waiting.occasion.event_id,
        began_at=waiting.occasion.at, due_at=waiting.due, ran_at=ctx.now, amount=rule.amount, unit=rule.unit,
        in_hours=rule.in_hours,
    )  # fmt: skip
    ctx.db.add(row)
    ctx.db.flush()  # its id, for those who are to be told
    with use_language(ticket.form.language or ctx.desk.language or current_language()):
        try:
            with ctx.transaction():
                people = whom(ctx, ticket, rule)
                _act(ctx, ticket, rule.code, people, row)
                row.told = format_list([each.name for each in people])
        except PlugdeskError as refused:
            row.problem = refused.in_words
        _journal(ctx, ticket, row)


def _act(ctx: Context, ticket: Ticket, code: Code, people: list[User], row: Run) -> None:
    if code is Code.UNANSWERED:
        assign(ctx.db, ticket, None, assignee=None, group=ticket.group)
    elif code is Code.FORGOTTEN:
        become(ctx.db, ticket, StatusKind.CLOSED, by=None)
    elif not people:
        row.problem = _("There is nobody to be told.")
    for each in people:
        ctx.db.add(News(form_id=ticket.form_id, user_id=each.id, run_id=row.id))
        ctx.enqueue("tell", key=str(each.id), due_at=ctx.now + TOGETHER, user_id=each.id)


def _journal(ctx: Context, ticket: Ticket, row: Run) -> None:
    name = str(NAMES[row.code])
    if row.problem:
        said = _("“%(rule)s” came to nothing on ticket %(number)s. %(why)s", rule=name, number=ticket.number, why=row.problem)
        ctx.journal("automation_failed", ticket=ticket, code=str(row.code), why=row.problem, said=said)
        return
    said = _("“%(rule)s” on ticket %(number)s", rule=name, number=ticket.number)
    ctx.journal(f"automation_{row.code}", ticket=ticket, code=str(row.code), people=row.told, said=said)
