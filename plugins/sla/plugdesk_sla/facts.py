"""The deadline of a ticket as facts, and what the search box understands of it: `sla:breached`, `срок:скоро`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Fact, Ticket, User, lazy_gettext, lazy_pgettext
from plugdesk_sla.clocks import DONE, PAUSED, RUNNING, SOON
from plugdesk_sla.models import Clock, Promise
from plugdesk_sla.targets import TITLES

LATE_WORDS, SOON_WORDS = ("breached", "late", "нарушен", "просрочен"), ("soon", "скоро")
PAUSED_WORDS, MET_WORDS = ("paused", "пауза"), ("met", "соблюдён", "соблюден")
NONE, ANY = ("none", "нет"), ("any", "есть")


def _of(column: sa.ColumnElement[Any] | Any) -> Any:
    def found(ticket: Any) -> sa.ColumnElement[Any]:
        return sa.select(column).where(Promise.ticket_id == ticket.id).correlate(ticket).scalar_subquery()

    return found


def _sorts() -> Sequence[tuple[str, str]]:
    return [(str(sort), str(title)) for sort, title in TITLES.items()]


def _states() -> Sequence[tuple[str, str]]:
    return [
        (RUNNING, lazy_pgettext("clock", "running")), (PAUSED, lazy_pgettext("clock", "paused")), (DONE, lazy_pgettext("clock", "done")),
    ]  # fmt: skip


FACTS = (
    Fact("deadline", lazy_gettext("Deadline"), "moment", _of(Promise.due_at)),
    Fact("deadline_of", lazy_gettext("What the deadline is of"), "choice", _of(Promise.due_sort), choices=_sorts),
    Fact("sla_state", lazy_gettext("State of the clocks"), "choice", _of(Promise.state), choices=_states),
    Fact("breached", lazy_gettext("Missed a deadline"), "check", _of(Promise.breached)),
)


def search(ctx: Context, viewer: User, value: str) -> sa.ColumnElement[bool] | None:
    """A word of `sla:…`: tickets that missed a deadline and are not over, whose deadline is close, and so on."""
    said = value.lower()
    promised = sa.exists().where(Promise.ticket_id == Ticket.id)
    left = Promise.state != DONE
    missed = sa.or_(Promise.breached, Promise.due_at <= ctx.now)
    meanings: Sequence[tuple[Sequence[str], sa.ColumnElement[bool]]] = (
        (LATE_WORDS, promised.where(left, missed)),
        (SOON_WORDS, promised.where(left, Promise.due_at > ctx.now, Promise.due_at <= ctx.now + SOON)),
        (PAUSED_WORDS, promised.where(Promise.state == PAUSED)),
        (MET_WORDS, sa.and_(promised.where(Promise.state == DONE), ~_ever_missed())),
        (ANY, promised),
        (NONE, ~promised),
    )
    return next((condition for words, condition in meanings if said in words), None)


def _ever_missed() -> sa.ColumnElement[bool]:
    return sa.exists().where(Clock.ticket_id == Ticket.id, Clock.breached_at.is_not(None))
