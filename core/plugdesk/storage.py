"""Bytes that rows point at: once by their hash, counted, so that the last use to go takes them along."""

from __future__ import annotations

from sqlalchemy.orm import Session

from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Content


def keep_bytes(session: Session, content: bytes) -> str:
    """Store `content` and count one use of it; returns its SHA-256."""
    stored = runtime_of(session).files.save(content)
    row = session.get(Content, stored.sha256, with_for_update=True)
    if row is None:
        session.add(Content(sha256=stored.sha256, size=stored.size, uses=1))
        session.flush()  # rows that point at it
    else:
        row.uses += 1
    return stored.sha256


def release_bytes(session: Session, sha256: str) -> None:
    """Count one use less; the sweep deletes what nobody uses any more."""
    row = session.get(Content, sha256, with_for_update=True)
    if row is not None:
        row.uses -= 1


def read_bytes(session: Session, sha256: str) -> bytes:
    """What was stored. Raises FileNotFoundError when it is missing on disk."""
    with runtime_of(session).files.open(sha256) as stream:
        return stream.read()
