"""How far the story has been played, for the bar above the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Context, User

from .models import Play, PlayedTicket


@dataclass(frozen=True)
class Progress:
    """Of `steps` so many are `done`; `tickets` of the story are on the desk."""

    done: int
    steps: int
    tickets: int
    finished: bool


def progress_of(session: Session) -> Progress | None:
    """How far the story is; None on a desk that is no demo."""
    play = session.get(Play, 0)
    if play is None:
        return None
    tickets = session.scalar(sa.select(sa.func.count()).select_from(PlayedTicket)) or 0
    return Progress(play.done, play.steps, tickets, play.finished_at is not None)


def show(ctx: Context, viewer: User) -> tuple[str, Mapping[str, Any]] | None:
    """The bar above every page while the story is played."""
    progress = progress_of(ctx.db)
    return ("demo:_progress.html", {"progress": progress}) if progress and not progress.finished else None
