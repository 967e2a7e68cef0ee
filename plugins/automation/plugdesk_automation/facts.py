"""What is known of tickets to lists and conditions: since when they have waited for longer than a rule allows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from plugdesk.api import Context, Event, Fact, StatusKind, Ticket, User, lazy_gettext
from plugdesk_automation.models import Code, Run

ANY = ("any", "yes", "да", "любая", "любой")
NONE = ("none", "no", "нет")


def search(ctx: Context, viewer: User, value: str) -> sa.ColumnElement[bool] | None:
    """A word of `escalated:…`: tickets that still stand as a rule told somebody, or all the others."""
    said = value.lower()
    escalated = Ticket.id.in_(_standing(Ticket).with_only_columns(Run.ticket_id).correlate(Ticket))
    return escalated if said in ANY else ~escalated if said in NONE else None


def _since(ticket: Any) -> sa.ColumnElement[Any]:
    return _standing(ticket).with_only_columns(sa.func.min(Run.began_at)).correlate(ticket).scalar_subquery()


def _standing(ticket: Any) -> sa.Select[Any]:
    """The runs that told somebody of a ticket which has stood so ever since: accepted by nobody, or in one status at work."""
    since = sa.exists().where(Event.ticket_id == ticket.id, Event.id > Run.occasion).correlate(ticket, Run)
    nobodys = sa.or_(
        ticket.status_kind == StatusKind.NEW, sa.and_(ticket.status_kind == StatusKind.OPEN, ticket.assignee_id.is_(None))
    )
    unaccepted = sa.and_(Run.code == Code.UNACCEPTED, nobodys, ~since.where(Event.kind == "ticket_accepted"))
    at_work = sa.and_(
        Run.code.in_((Code.IN_PROGRESS, Code.TOO_LONG)),
        ticket.status_kind == StatusKind.OPEN,
        ticket.assignee_id.is_not(None),
        ~since.where(Event.kind == "status_changed"),
    )
    return sa.select(Run).where(Run.ticket_id == ticket.id, Run.form_id == ticket.form_id, sa.or_(unaccepted, at_work))


FACTS = (Fact("escalated_since", lazy_gettext("Has waited for too long since"), "moment", _since),)
