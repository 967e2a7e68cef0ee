"""SLA passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "sla"


def fill(ctx, ticket, text):
    from plugdesk_sla.commands import add_policy
    from plugdesk_sla.entering import PolicyInput

    name = " ".join(text.split())[:60] or "Nothing"
    targets = [{"sort": sort, "status": "", "amount": 1, "unit": "hours"} for sort in ("first", "next", "resolution")]
    add_policy(
        ctx, PolicyInput(name, None, [*targets, {"sort": "status", "status": "new", "amount": 1, "unit": "days"}]), by=None
    )
    ctx.db.flush()
