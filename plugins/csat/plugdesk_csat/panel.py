"""The mark beside the ticket and in the list, for those who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, NotAllowed, Ticket, User, can_run, excerpt, format_date, format_datetime, why_not
from plugdesk.api import gettext as _
from plugdesk_csat.asking import ask_by_hand, can_be_asked
from plugdesk_csat.conditions import reason_words
from plugdesk_csat.letters import names
from plugdesk_csat.models import Invitation, Withheld
from plugdesk_csat.queries import asked_on
from plugdesk_csat.seeing import may_see
from plugdesk_web.api import Button, Cell

TONES = {5: "green", 4: "green", 3: "amber", 2: "orange", 1: "red"}


def concerns(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether the ticket's customer was ever asked, or there is a reason why not."""
    asked, withheld = sa.exists().where(Invitation.ticket_id == ticket.id), sa.exists().where(Withheld.ticket_id == ticket.id)
    return sa.or_(asked, withheld)


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel: every mark with its comment, and why the customer was not asked."""
    if not may_see(ctx, viewer, ticket):
        return None
    found, withheld = asked_on(ctx, ticket)
    if not found and withheld is None:
        return None
    why = reason_words(ctx, withheld) if withheld is not None else ""
    return "csat:panel.html", {
        "ratings": [each for each in found if each.mark], "asked": bool(found), "why": why,
    }  # fmt: skip


def actions(ctx: Context) -> list[Button]:
    """What an agent can do about the rating: for the matrix of rights."""
    return [Button("ask", _("Ask for a rating"), "smile")]


def actions_here(ctx: Context, ticket: Ticket, agent: User) -> list[Button]:
    """The button that asks, where it may."""
    assert ctx.form is not None, "The rating is switched on for forms."
    if not can_run(ctx.db, agent, ticket, f"{ctx.plugin}:ask") or not can_be_asked(ctx, ticket):
        return []
    return [Button("ask", _("Ask for a rating"), "smile", url=f"/forms/{ctx.form.slug}/x/csat/tickets/{ticket.number}/asking")]


def is_closed(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether the ticket is closed: only then can be asked."""
    closed: sa.ColumnElement[bool] = ticket.closed_at.is_not(None)
    return closed


def act(ctx: Context, ticket: Ticket, agent: User, code: str) -> str:
    """Ask, on one of several tickets or on its own page. Raises a refusal in words."""
    if sentence := why_not(ctx.db, agent, ticket, f"{ctx.plugin}:{code}"):
        raise NotAllowed(sentence)
    return ask_by_hand(ctx, ticket, agent)


def mark_cell(values: Mapping[str, Any]) -> Cell | None:
    """The last mark of a ticket."""
    mark = values.get("rating")
    return Cell(str(mark), TONES[mark], "smile", names()[mark]) if mark else None


def date_cell(values: Mapping[str, Any]) -> Cell | None:
    """The day of the last mark."""
    at = values.get("rated_at")
    return Cell(format_date(at), title=format_datetime(at)) if at else None


def comment_cell(values: Mapping[str, Any]) -> Cell | None:
    """What was said with the last mark; all of it on hover."""
    said = values.get("rating_comment")
    return Cell(excerpt(said, 80), title=said) if said else None
