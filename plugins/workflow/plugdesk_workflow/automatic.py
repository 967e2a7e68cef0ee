"""Actions that run by themselves: whoever is woken by a timer looks at what is due then, and runs it."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import Context, PlugdeskError, Ticket, current_language, use_language
from plugdesk.api import gettext as _
from plugdesk_workflow.models import Action, AutomaticRun
from plugdesk_workflow.running import run_by_itself
from plugdesk_workflow.timing import LOOK_AGAIN, Waiting, arm, look_again_if_merged, remind, timed_actions, waiting_for

BATCH = 200
MOST_TIMES = 5
"""How often one action runs by itself on a ticket on which no agent does anything in between: programs answer letters, too."""


def run_due(ctx: Context, ticket_id: int) -> None:
    """A timer came due: run the first of the ticket's actions that are, and set the timer to the next."""
    ticket = ctx.db.get(Ticket, ticket_id)
    if ticket is not None:
        look_again_if_merged(ctx, [ticket])
    for each, waiting in waiting_for(ctx, [ticket] if ticket is not None else []):
        if each.deleted_at is not None:
            remind(ctx, each, ctx.now + LOOK_AGAIN)  # it can be taken out of the bin
            return
        due = [one for one in waiting if one.due <= ctx.now]
        if due:
            _run(ctx, each, min(due, key=lambda one: (one.due, one.action.position, one.action.id)))
        arm(ctx, [each])


def arm_all(ctx: Context) -> None:
    """The definitions have changed, or the extension is on again: set the timers of all tickets that wait for something."""
    form, last = ctx.form, 0
    assert form is not None, "Workflow is switched on for forms."
    codes = {code for action, _automatic in timed_actions(ctx) for code in action.statuses}
    statuses = [each.id for each in form.statuses if each.code in codes]
    wanted = sa.select(Ticket).where(Ticket.form_id == form.id, Ticket.status_id.in_(statuses), Ticket.parent_id.is_(None))
    while statuses and (found := ctx.db.scalars(wanted.where(Ticket.id > last).order_by(Ticket.id).limit(BATCH)).all()):
        last = found[-1].id
        arm(ctx, found)
        ctx.checkpoint()


def _run(ctx: Context, ticket: Ticket, waiting: Waiting) -> None:
    action, past, known = waiting.action, waiting.past, waiting.known
    times = known.times + 1 if known is not None and known.acted == past.agent else 1
    row = known or AutomaticRun(ticket_id=ticket.id, action_id=action.id, form_id=ticket.form_id)
    row.occasion, row.ran_at, row.times, row.acted = waiting.occasion, ctx.now, times, past.agent
    ctx.db.add(row)
    with use_language(ticket.form.language or ctx.desk.language or current_language()):
        if times > MOST_TIMES:
            why = _("It ran %(most)s times, and no agent has done anything in between.", most=MOST_TIMES)
        else:
            why = _refused(ctx, ticket, action)
        if why:
            ctx.journal(
                "action_not_run", ticket=ticket, action=action.code, name=action.name, names=action.names, why=why,
                said=_("“%(action)s” did not run automatically on ticket %(number)s. %(why)s", action=action.name, number=ticket.number, why=why),
            )  # fmt: skip


def _refused(ctx: Context, ticket: Ticket, action: Action) -> str:
    """Run it; why the desk refused, "" when it did not. What breaks is the job's to try again."""
    try:
        run_by_itself(ctx, ticket, action)
    except PlugdeskError as refused:
        return refused.in_words
    return ""
