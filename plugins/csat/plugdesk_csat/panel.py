"""The mark beside the ticket and in the list, for those who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Ticket, User
from plugdesk_csat.letters import names
from plugdesk_csat.models import Invitation
from plugdesk_csat.queries import marks_of
from plugdesk_web.api import Cell

TONES = {5: "green", 4: "green", 3: "amber", 2: "orange", 1: "red"}


def concerns(ticket: Any) -> sa.ColumnElement[bool]:
    """Whether the ticket's customer was ever asked."""
    return sa.exists().where(Invitation.ticket_id == ticket.id)


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel: every mark with its comment; nothing on a ticket whose customer was never asked."""
    found = marks_of(ctx, ticket)
    return ("csat:panel.html", {"ratings": [each for each in found if each.mark]}) if found else None


def cell(values: Mapping[str, Any]) -> Cell | None:
    """The column: the last mark of a ticket, its comment on hover."""
    mark = values.get("rating")
    return Cell(str(mark), TONES[mark], "smile", values.get("rating_comment") or names()[mark]) if mark else None
