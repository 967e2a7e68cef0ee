"""The tables of the core and of every built-in plugin, made by their migrations."""

from __future__ import annotations

from plugdesk.database import Database
from tests.support.parts import IN_CI


def migrate_all(url: str) -> None:
    """Brings an empty database to the newest state of everything installed.

    A plugin that is broken, say half-written, fails its own tests and leaves the others alone; in CI it fails all.
    """
    # Here and not above: a run that needs no database need not load Alembic.
    from plugdesk.migrations import migrate

    database = Database(url)
    try:
        migrate(database, strict=IN_CI)
    finally:
        database.close()
