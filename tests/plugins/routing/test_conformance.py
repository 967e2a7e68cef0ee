"""Routing passes what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "routing"


def fill(ctx, ticket, text):
    from plugdesk_routing.commands import RuleInput, add_rule
    from plugdesk_routing.settling import settle

    by = ticket.customer
    add_rule(ctx, RuleInput(text, None, {"values": {"priority": "high"}}), by=by)
    settle(ctx, ticket, {"values": {}, "assignee_id": None, "group_id": None, "form_id": ticket.form_id, "rank": 0}, "opened")
