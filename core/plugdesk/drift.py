"""How the models differ from the tables: for whoever writes a migration, and for the tests that none was forgotten."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from plugdesk.database import Base, Database, silent_about_expressions
from plugdesk.migrations import VERSION_TABLE, Unit, owner_of

WITHOUT_MODEL = ("ticket_search",)  # made by SQL of their own, with whatever tables the database adds to them


def drift(database: Database, unit: Unit, ids: Collection[str]) -> list[Any]:
    """How the models in memory differ from the tables of `unit`, as Alembic's differences; empty when they agree."""
    with database.engine.connect().execution_options(readonly=True) as connection:
        with silent_about_expressions():
            return list(compare_metadata(comparison(connection, unit, ids), Base.metadata))


def comparison(connection: sa.Connection, unit: Unit, ids: Collection[str]) -> MigrationContext:
    """Alembic's context for comparing the models with the tables of `unit` only."""

    def is_ours(name: str | None, kind: str, _parents: Any = None) -> bool:
        if kind != "table" or name is None:
            return True
        apart = any(name == each or name.startswith(f"{each}_") for each in WITHOUT_MODEL)
        return not apart and not name.startswith(VERSION_TABLE) and owner_of(name, ids) == unit.name

    alike: set[str | None] = set()
    if connection.dialect.name == "sqlite":  # it does not tell what an index over expressions is made of: being there is enough
        alike = _over_expressions().intersection(connection.scalars(sa.text("SELECT name FROM sqlite_master")))

    def counts(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return is_ours(name, kind) and not (kind == "index" and name in alike)

    options = {"include_name": is_ours, "include_object": counts, "version_table": unit.version_table, "render_as_batch": True}
    context = MigrationContext.configure(connection, opts=options)
    context.impl._skip_functional_indexes = lambda *_: None  # type: ignore[method-assign]
    return context


def _over_expressions() -> set[str | None]:
    indexes = [index for table in Base.metadata.tables.values() for index in table.indexes]
    return {str(each.name) for each in indexes if any(not isinstance(part, sa.Column) for part in each.expressions)}
