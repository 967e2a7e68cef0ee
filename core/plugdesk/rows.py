"""New rows stored one at a time by plain statements: a flush, which sorts and groups what may be many, costs several times that."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.database import Base, attach


def insert(session: Session, row: Base) -> None:
    """Store `row`, a new one with an `id` to come, and take it into `session`, as a flush would.

    Its columns must hold the keys of the rows it points at: relations are not looked at. What waits in the session is
    stored first. A row that is in the session already, because something hangs on it, is stored with that.
    """
    session.flush()
    mapper, state = sa.inspect(type(row)), sa.inspect(row)
    if state.persistent:
        return
    statement, columns = _insertion(type(row))
    known, values = state.dict, dict[str, Any]()
    for name, default in columns:
        value = known.get(name)
        values[name] = default() if value is None and default else value
    connection = session.connection()
    known.update(values, id=connection.scalar(statement, values))
    attach(session, row)
    mapper.dispatch.after_insert(mapper, connection, state)


@cache
def _insertion(kind: type[Base]) -> tuple[Any, list[tuple[str, Callable[[], Any] | None]]]:
    """The statement that stores a row of `kind`, and what its columns hold where nothing was said."""
    table = cast(sa.Table, kind.__table__)
    columns = [(each.name, _default(each.default)) for each in table.columns if each.name != "id"]
    return sa.insert(table).returning(table.c.id), columns


def _default(default: Any) -> Callable[[], Any] | None:
    if default is None:
        return None
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)
