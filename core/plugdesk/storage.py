"""Bytes that rows point at: once by their hash, counted, so that the last use to go takes them along.

What is small stands in the database: a commit brings it to the disk with everything else, where a file would have to
be waited for twice, once for itself and once for its folder.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any, BinaryIO, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from plugdesk.jobs import execute
from plugdesk.runtime import runtime_of
from plugdesk.tickets.models import Content

SMALL = 32 * 1024
"""Bytes up to which content is kept in the database."""


def keep_bytes(session: Session, content: bytes) -> str:
    """Store `content` and count one use of it; returns its SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()
    small = len(content) <= SMALL
    row = {"sha256": sha256, "size": len(content), "uses": 1, "data": content if small else None}
    session.connection().execute(_KEEP[runtime_of(session).database.dialect], row)
    if not small:
        runtime_of(session).files.save(content)  # after the row has kept the sweep away, and before the commit
    return sha256


def release_bytes(session: Session, sha256: str) -> None:
    """Count one use less; the sweep deletes what nobody uses any more."""
    execute(session, sa.update(Content).where(Content.sha256 == sha256).values(uses=Content.uses - 1))


def read_bytes(session: Session, sha256: str) -> bytes:
    """What was stored. Raises NotFound when it is missing."""
    with open_bytes(session, sha256) as stream:
        return stream.read()


def open_bytes(session: Session, sha256: str) -> BinaryIO:
    """What was stored, to be read and closed. Raises NotFound when it is missing."""
    data: bytes | None = session.scalar(_DATA, {"sha256": sha256})
    return BytesIO(data) if data is not None else runtime_of(session).files.open(sha256)


# Built once: every letter is kept and read by them, and building a statement costs more than running one of these.
_content = cast(sa.Table, Content.__table__)
_DATA = sa.select(_content.c.data).where(_content.c.sha256 == sa.bindparam("sha256"))


def _keep(insert: Any) -> Any:
    return insert(_content).on_conflict_do_update(index_elements=["sha256"], set_={"uses": _content.c.uses + 1})


_KEEP: dict[str, Any] = {"sqlite": _keep(sqlite.insert), "postgresql": _keep(postgresql.insert)}
