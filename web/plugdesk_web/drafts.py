"""Drafts: what an agent has typed on a ticket and not sent yet, on every device."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugdesk.database import Base, Json
from plugdesk.html import text_of_html
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import User

EMPTY = {"mode": "", "text": "", "html": "", "cc": "", "bcc": ""}
LONGEST = 200_000
KEPT = timedelta(days=90)


class Draft(Base):
    """One agent's unsent words on one ticket: `said` holds mode, text, html, cc and bcc as the composer has them."""

    __tablename__ = "web_draft"

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)
    said: Mapped[dict[str, Any]] = mapped_column(Json)
    kept_at: Mapped[datetime]


def draft_of(session: Session, ticket: Ticket, agent: User) -> Mapping[str, str]:
    """What `agent` left unsent on the ticket; empty texts if nothing."""
    return draft_said(session.scalar(sa.select(said_on(ticket.id, agent.id))))


def said_on(ticket_id: Any, user_id: Any) -> sa.ScalarSelect[Any]:
    """What a person left unsent on a ticket, as part of a query."""
    draft = Draft.__table__.c
    return sa.select(draft.said).where(draft.ticket_id == ticket_id, draft.user_id == user_id).scalar_subquery()


def draft_said(said: dict[str, str] | None) -> Mapping[str, str]:
    """A draft as the composer takes it; empty texts if there is none."""
    return EMPTY | said if said else EMPTY


def keep_draft(session: Session, ticket: Ticket, agent: User, said: Mapping[str, str]) -> bool:
    """Keep `said`; with nothing in it the draft is forgotten. Returns whether one is kept."""
    cut = {name: said.get(name, "")[:LONGEST] for name in EMPTY}
    if not (cut["text"].strip() or text_of_html(cut["html"]).strip() or "<img" in cut["html"]):
        forget_draft(session, ticket, agent)
        return False
    session.merge(Draft(ticket_id=ticket.id, user_id=agent.id, said=cut, kept_at=runtime_of(session).clock.now()))
    return True


def forget_draft(session: Session, ticket: Ticket, agent: User) -> None:
    """The words were sent, or deleted."""
    session.execute(sa.delete(Draft).where(Draft.ticket_id == ticket.id, Draft.user_id == agent.id))


def take_drafts(session: Session, ticket: Ticket, into: Ticket) -> None:
    """What was begun on a ticket that has been merged goes on there, where its writer has not begun something already."""
    begun = sa.select(Draft.user_id).where(Draft.ticket_id == into.id)
    moved = sa.update(Draft).where(Draft.ticket_id == ticket.id, Draft.user_id.not_in(begun.scalar_subquery()))
    session.execute(moved.values(ticket_id=into.id), execution_options={"synchronize_session": False})


def forget_old_drafts(session: Session) -> None:
    """Drop what nobody has touched for `KEPT`. Recurring work."""
    session.execute(sa.delete(Draft).where(Draft.kept_at < runtime_of(session).clock.now() - KEPT))
