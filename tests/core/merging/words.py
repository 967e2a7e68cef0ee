"""What was said on a ticket, and which tickets are found by words."""

from __future__ import annotations

from sqlalchemy.orm import Session

from plugdesk.search import numbers_matching
from plugdesk.stems import query_terms
from plugdesk.tickets.models import Ticket


def texts(ticket: Ticket) -> list[str]:
    return [message.text for message in ticket.messages if message.kind == "human"]


def found(session: Session, words: str) -> list[int]:
    return numbers_matching(session, query_terms(words, set()), before=None, limit=10)
