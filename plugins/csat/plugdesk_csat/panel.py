"""The mark beside the ticket and in the list, for those who may see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plugdesk.api import Context, Ticket, User
from plugdesk_csat.letters import names
from plugdesk_csat.queries import last_ratings, ratings_of, was_asked
from plugdesk_web.api import Cell

TONES = {5: "green", 4: "green", 3: "amber", 2: "orange", 1: "red"}


def show(ctx: Context, ticket: Ticket, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The panel: every mark with its comment; nothing on a ticket whose customer was never asked."""
    ratings = ratings_of(ctx, ticket)
    if not ratings and not was_asked(ctx, ticket):
        return None
    return "csat:panel.html", {"ratings": ratings, "names": names()}


def cells(ctx: Context, tickets: Sequence[Ticket]) -> Mapping[int, Cell]:
    """The column: the last mark of each ticket, its comment on hover."""
    return {
        number: Cell(str(rating.mark), TONES[rating.mark], "smile", rating.comment or names()[rating.mark])
        for number, rating in last_ratings(ctx, tickets).items()
    }
