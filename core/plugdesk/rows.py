"""Rows stored and changed one at a time by plain statements: a flush, which sorts and groups many, costs several times that."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

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


def change(session: Session, row: Base, **values: Any) -> None:
    """Write `values` to `row`, a stored one with an `id`, as a flush would: after what waits in the session, and by version.

    Not for columns that somebody listens to (`tickets/tally.py`). Raises StaleDataError when the row is gone, or of
    another version.
    """
    session.flush()
    version = sa.inspect(type(row)).version_id_col
    this = {"this_id": cast(Any, row).id}
    if version is not None:
        this["this_version"] = getattr(row, version.name)
        values[version.name] = this["this_version"] + 1
    if session.connection().execute(_change(type(row), tuple(values)), values | this).rowcount != 1:
        raise StaleDataError(f"{type(row).__name__} {this['this_id']} is gone, or another has changed it.")
    session._register_altered([sa.inspect(row)])  # a SAVEPOINT that is rolled back takes what is set here along
    for name, value in values.items():
        set_committed_value(row, name, value)


@cache
def _insertion(kind: type[Base]) -> tuple[Any, list[tuple[str, Callable[[], Any] | None]]]:
    """The statement that stores a row of `kind`, and what its columns hold where nothing was said."""
    table = cast(sa.Table, kind.__table__)
    columns = [(each.name, _default(each.default)) for each in table.columns if each.name != "id"]
    return sa.insert(table).returning(table.c.id), columns


@cache
def _change(kind: type[Base], names: tuple[str, ...]) -> sa.Update:
    """The statement that changes these columns of a row of `kind`."""
    table = cast(sa.Table, kind.__table__)
    this = [table.c.id == sa.bindparam("this_id")]
    if (version := sa.inspect(kind).version_id_col) is not None:
        this.append(version == sa.bindparam("this_version"))
    return sa.update(table).where(*this).values({name: sa.bindparam(name) for name in names})


def _default(default: Any) -> Callable[[], Any] | None:
    if default is None:
        return None
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)
