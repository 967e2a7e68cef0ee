"""The tables of the core and of every built-in plugin, made by their migrations."""

from __future__ import annotations

from plugdesk.database import Database


def migrate_all(url: str) -> None:
    """Brings an empty database to the newest state of everything installed."""
    from plugdesk.migrations import migrate

    database = Database(url)
    migrate(database)
    database.close()
