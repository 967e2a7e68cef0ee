"""The rating passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "csat"
also_on = ("email",)  # it asks in e-mail's closing notice


def fill(ctx, ticket, text):
    from plugdesk_csat.commands import invite, rate

    invitation, _token = invite(ctx, ticket, closing_id=1)
    ctx.db.flush()
    rate(ctx, invitation, mark=1, comment=text)
