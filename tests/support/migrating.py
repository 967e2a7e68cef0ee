"""A plugin whose migrations a test writes, and looking at what they made."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from plugdesk.database import Database
from plugdesk.migrations import Unit
from plugdesk.plugins.loader import Plugin, State
from plugdesk.plugins.manifest import Manifest

NOTES = """
    op.create_table("notes_page", sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text))
    op.create_table("notes_mark", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("page_id", sa.Integer, sa.ForeignKey("notes_page.id", ondelete="CASCADE"), nullable=False))
    op.execute("INSERT INTO notes_page VALUES (1, 'one'), (2, 'two')")
    op.execute("INSERT INTO notes_mark VALUES (1, 1), (2, 2)")
"""
NOTES_DOWN = """
    op.drop_table("notes_mark")
    op.drop_table("notes_page")
"""
WIDER = """
    with op.batch_alter_table("notes_page", recreate="auto") as page:
        page.alter_column("text", nullable=False, existing_type=sa.Text)
        page.add_column(sa.Column("colour", sa.Text))
    op.execute("UPDATE notes_page SET colour = 'red'")
"""


class Folder:
    """A plugin `notes` with migrations that a test writes."""

    def __init__(self, folder: Path, name: str = "notes", **more: Any) -> None:
        self.folder = folder
        (folder / "migrations").mkdir(parents=True)
        about: dict[str, Any] = {
            "id": name,
            "name": name,
            "summary": name,
            "category": "other",
            "scope": "form",
            "api": ">=1.0,<2",
        }
        manifest = Manifest(**about, folder=folder, **more)
        self.plugin = Plugin(name, State.OK, manifest=manifest)
        self.unit = Unit(name, folder / "migrations")

    def script(self, number: int, up: str, down: str = "\n    pass") -> None:
        before = f'"{number - 1:04}"' if number > 1 else "None"
        text = f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "{number:04}"\ndown_revision = {before}\n'
        text += f"def upgrade():{up}\ndef downgrade():{down}\n"
        (self.folder / "migrations" / f"{number:04}_step.py").write_text(text)

    def copy(self, folder: Path) -> Folder:
        shutil.copytree(self.folder, folder)
        shutil.rmtree(folder / "migrations")
        return Folder(folder, self.plugin.id)


def tables(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]
