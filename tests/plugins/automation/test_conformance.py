"""Automation passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "automation"


def fill(ctx, ticket, text):
    from plugdesk_automation.commands import begin
    from plugdesk_automation.models import Code, News, Run, Unit

    begin(ctx, ctx.now)
    for number, code in enumerate(Code):
        run = Run(
            form_id=ctx.form.id, ticket_id=ticket.id, code=code, occasion=number, began_at=ctx.now, due_at=ctx.now, ran_at=ctx.now, amount=30,
            unit=Unit.MINUTES, in_hours=True, told=text if number % 2 else "", problem="" if number % 2 else text,
        )  # fmt: skip
        ctx.db.add(run)
        ctx.db.flush()
        if ticket.assignee_id is not None:
            ctx.db.add(News(form_id=ctx.form.id, user_id=ticket.assignee_id, run_id=run.id))
    ctx.db.flush()
