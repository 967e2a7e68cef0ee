"""Beside the ticket: which rule gave it to whom, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Ticket, User, can_configure
from plugdesk_routing.models import Outcome
from plugdesk_routing.settling import outcome_of
from plugdesk_routing.why import told


def concerns(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether the rules ever looked at the ticket."""
    return sa.exists().where(Outcome.ticket_id == ticket.id)


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel; nothing on a ticket the rules never looked at."""
    outcome = outcome_of(ctx, ticket)
    if outcome is None or ctx.form is None:
        return None
    return "routing:panel.html", {
        "outcome": outcome, "rules": told(ctx, outcome), "slug": ctx.form.slug, "number": ticket.number,
        "may_configure": can_configure(ctx.db, viewer, ctx.form),
    }  # fmt: skip
