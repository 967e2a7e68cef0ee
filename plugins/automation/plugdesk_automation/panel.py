"""Beside the ticket: what rules did to it, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Ticket, User, can_configure
from plugdesk_automation.models import Run
from plugdesk_automation.own.models import OwnRun
from plugdesk_automation.own.reading import why_then
from plugdesk_automation.rules import NAMES, length_words

SHOWN = 10


def concerns(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether a rule or an automation has ever acted on the ticket."""
    return sa.exists().where(Run.ticket_id == ticket.id) | sa.exists().where(OwnRun.ticket_id == ticket.id)


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel: the last runs of automations with why, and of rules with what they counted from and how long."""
    if ctx.form is None:
        return None
    query = sa.select(Run).where(Run.ticket_id == ticket.id, Run.form_id == ctx.form.id)
    runs = ctx.db.scalars(query.order_by(Run.id.desc()).limit(SHOWN)).all()
    own = own_runs(ctx, ticket)
    if not runs and not own:
        return None
    return "automation:panel.html", {
        "runs": described(runs), "own": own, "slug": ctx.form.slug, "may_configure": can_configure(ctx.db, viewer, ctx.form),
    }  # fmt: skip


def described(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs with the name of their rule and its length in words."""
    return [
        {"run": each, "name": str(NAMES[each.code]), "length": length_words(each.amount, each.unit, each.in_hours)}
        for each in runs
    ]


def own_runs(ctx: Context, ticket: Ticket) -> list[tuple[OwnRun, Any]]:
    """The last runs of automations on the ticket, each with why: its conditions with the values they met."""
    query = sa.select(OwnRun).where(OwnRun.ticket_id == ticket.id, OwnRun.form_id == ticket.form_id)
    return [(run, why_then(ctx, run)) for run in ctx.db.scalars(query.order_by(OwnRun.id.desc()).limit(SHOWN))]
