"""Workflow passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "workflow"


def fill(ctx, ticket, text):
    from plugdesk_workflow.models import Action
    from plugdesk_workflow.rights import actions_of

    everywhere = [each.code for each in ctx.form.statuses]
    code = f"hostile_{len(actions_of(ctx))}"
    ctx.db.add(Action(form_id=ctx.form.id, code=code, position=0, name=text, statuses=everywhere))
