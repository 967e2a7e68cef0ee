"""The search index: stems of everything said, one document a ticket, on SQLite's FTS5 and PostgreSQL's tsvector.

Stems are made in Python on both (stems.py), so that both find the same. `body` holds what customers may read, `notes` what
only agents may.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from plugdesk.runtime import runtime_of
from plugdesk.stems import Term, fts5_query, index_text, tsquery
from plugdesk.tickets.models import Direction, Message, Ticket

SQLITE_DDL = (
    "CREATE VIRTUAL TABLE ticket_search USING fts5(subject, people, body, notes, tokenize = \"unicode61 remove_diacritics 0\", detail = 'full')",
)
POSTGRESQL_DDL = (
    "CREATE TABLE ticket_search (ticket_id BIGINT PRIMARY KEY, public TSVECTOR NOT NULL, notes TSVECTOR NOT NULL)",
    "CREATE INDEX ix_ticket_search_all ON ticket_search USING gin ((public || notes))",
)
DROP_DDL = ("DROP TABLE ticket_search",)


def ddl(dialect: str) -> tuple[str, ...]:
    """The statements that make the index on this database."""
    return SQLITE_DDL if dialect == "sqlite" else POSTGRESQL_DDL


def index_message(session: Session, ticket: Ticket, message: Message, *, first: bool = False) -> None:
    """Add what `message` says (and, with the first one, subject and customer) to the ticket's document. `first`: it has none."""
    index_messages(session, ticket, [message], first=first)


def index_messages(session: Session, ticket: Ticket, messages: Iterable[Message], *, first: bool = False) -> None:
    """`index_message` for several: the document, which grows with each, is written once.

    What the desk says by itself stands in every ticket and tells none from another: it is passed over.
    """
    said = [each for each in messages if each.author_id is not None]
    if not said:
        return
    session.flush()  # the ids of ticket and messages
    if len(said) > 1:  # their files come at once
        here = sa.select(Message).where(Message.id.in_([each.id for each in said]))
        session.scalars(here.options(selectinload(Message.attachments))).all()
    stems: dict[bool, list[str]] = {True: [], False: []}
    for each in said:
        words = index_text(each.text, *(attachment.name for attachment in each.attachments))
        stems[each.direction is Direction.NOTE].append(words)
    values = {"id": ticket.id, "body": " ".join(stems[False]), "notes": " ".join(stems[True])}
    if runtime_of(session).database.dialect == "sqlite":
        known = None if first else session.execute(_SQLITE_GET, {"id": ticket.id}).one_or_none()
        if known is None:
            session.execute(_SQLITE_NEW, values | _head(ticket))
        else:
            session.execute(
                _SQLITE_SET,
                values | {"body": f"{known.body} {values['body']}", "notes": f"{known.notes} {values['notes']}"} | _head(ticket),
            )
    else:
        session.execute(_POSTGRESQL_PUT, values | {"head": " ".join(_head(ticket).values())})


def index_again(session: Session, ticket: Ticket) -> None:
    """Write the ticket's document anew: something it holds was changed."""
    forget_ticket(session, ticket.id)
    index_messages(session, ticket, ticket.messages)


def forget_ticket(session: Session, ticket_id: int) -> None:
    """Take the ticket out of the index."""
    column = "rowid" if runtime_of(session).database.dialect == "sqlite" else "ticket_id"
    session.execute(sa.text(f"DELETE FROM ticket_search WHERE {column} = :id"), {"id": ticket_id})


def numbers_matching(session: Session, terms: Sequence[Term], *, before: int | None, limit: int) -> list[int]:
    """The numbers of the `limit` latest tickets (below `before`) whose documents hold all the words of `terms`.

    The index is walked from its end, so that a word that stands everywhere costs no more than a rare one. Terms that ask
    for a field are passed over; without words there is nothing.
    """
    sqlite = runtime_of(session).database.dialect == "sqlite"
    words = fts5_query(terms) if sqlite else tsquery(terms)
    if not words:
        return []
    found = session.scalars(
        _SQLITE_FIND if sqlite else _POSTGRESQL_FIND, {"words": words, "before": before or _LAST, "limit": limit}
    )
    return [int(number) for number in found]


_LAST = 2**62
_SQLITE_FIND = sa.text(
    "SELECT rowid FROM ticket_search WHERE ticket_search MATCH :words AND rowid < :before ORDER BY rowid DESC LIMIT :limit"
)
_POSTGRESQL_FIND = sa.text(
    "SELECT ticket_id FROM ticket_search WHERE (public || notes) @@ to_tsquery('simple', :words) AND ticket_id < :before"
    " ORDER BY ticket_id DESC LIMIT :limit"
)


def _head(ticket: Ticket) -> dict[str, str]:
    people = [ticket.customer.name, *(identity.value for identity in ticket.customer.identities)]
    if ticket.customer.organization is not None:
        people.append(ticket.customer.organization.name)
    return {"subject": index_text(str(ticket.id), ticket.subject), "people": index_text(*people)}


_SQLITE_GET = sa.text("SELECT body, notes FROM ticket_search WHERE rowid = :id")
_SQLITE_NEW = sa.text(
    "INSERT INTO ticket_search (rowid, subject, people, body, notes) VALUES (:id, :subject, :people, :body, :notes)"
)
_SQLITE_SET = sa.text(
    "UPDATE ticket_search SET subject = :subject, people = :people, body = :body, notes = :notes WHERE rowid = :id"
)
_POSTGRESQL_PUT = sa.text(
    "INSERT INTO ticket_search (ticket_id, public, notes)"
    " VALUES (:id, to_tsvector('simple', :head || ' ' || :body), to_tsvector('simple', :notes))"
    " ON CONFLICT (ticket_id) DO UPDATE SET public = ticket_search.public || to_tsvector('simple', :body),"
    " notes = ticket_search.notes || to_tsvector('simple', :notes)"
)
