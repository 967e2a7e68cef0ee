"""Writes a migration from how the models differ from the tables: `python tools/new_migration.py add_colour --plugin csat`.

`--initial` writes the core's (or a plugin's) first migration anew, which is right only until the first release. Read what it
wrote before you commit it: a renamed column looks like one dropped and one added.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code

from plugdesk.database import Base, Database
from plugdesk.drift import comparison
from plugdesk.migrations import CORE, CORE_UNIT, Unit, migrate
from plugdesk.plugins.loader import GROUP, Plugin, State, load_plugins


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="initial", help="what it does, as in 0007_NAME.py")
    parser.add_argument("--plugin", default=CORE, help="the id of a plugin; without it, the core")
    parser.add_argument("--initial", action="store_true", help="write 0001_initial.py anew")
    given = parser.parse_args()
    file = write_migration(given.plugin, "initial" if given.initial else given.name, initial=given.initial)
    print(file or "The tables are as the models say: nothing to do.")
    return 0


def write_migration(plugin_id: str, name: str, *, initial: bool = False) -> Path | None:
    """Write the next migration of a plugin or the core; returns its file, or None when there is no difference."""
    import_models()
    ids = [point.name for point in entry_points(group=GROUP)]
    unit, mine = _unit(plugin_id)
    unit.folder.mkdir(exist_ok=True)
    if initial:
        for old in unit.folder.glob("[0-9]*_*.py"):
            old.unlink()
    revisions = unit.revisions
    number, before = f"{len(revisions) + 1:04}", revisions[-1] if revisions else None
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/desk.db")
        if revisions:
            migrate(database, [mine] if mine else [], strict=True)
        up, down = _difference(database, unit, ids)
        database.close()
    if _body(up) == "pass":
        return None
    if unit == CORE_UNIT and before is None:
        up, down = _with_search(up, down)
    file = unit.folder / f"{number}_{name}.py"
    file.write_text(_text(name, number, before, up, down), "utf-8")
    subprocess.run([shutil.which("ruff", path=str(Path(sys.executable).parent)) or "ruff", "format", "--quiet", file], check=True)
    return file


def import_models() -> None:
    """Import every module of the core that has a table."""
    import plugdesk

    core = Path(plugdesk.__file__).parent
    for file in sorted(core.rglob("*.py")):
        if "__tablename__" in file.read_text("utf-8"):
            importlib.import_module(".".join(file.relative_to(core.parent).with_suffix("").parts))


def _unit(plugin_id: str) -> tuple[Unit, Plugin | None]:
    if plugin_id == CORE:
        return CORE_UNIT, None
    plugin = next((each for each in load_plugins() if each.id == plugin_id and each.state is State.OK), None)
    if plugin is None or plugin.manifest is None:
        sys.exit(f"There is no plugin “{plugin_id}” that loads.")
    return Unit(plugin_id, plugin.manifest.folder / "migrations"), plugin


def _difference(database: Database, unit: Unit, ids: list[str]) -> tuple[str, str]:
    with database.engine.connect() as connection:
        script = produce_migrations(comparison(connection, unit, ids), Base.metadata)
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    up = render_python_code(script.upgrade_ops, render_as_batch=True, render_item=_render)
    down = render_python_code(script.downgrade_ops, render_as_batch=True, render_item=_render)
    return up, down


def _render(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """Our own types as the plain ones below them: a migration must not change when a class of ours does."""
    from alembic.autogenerate import render

    if kind == "type" and isinstance(item, sa.TypeDecorator):
        return render._repr_type(item.impl_instance, context)
    if kind == "type" and isinstance(item, sa.JSON):
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def _with_search(up: str, down: str) -> tuple[str, str]:
    from plugdesk import search

    lines = ["", "dialect = op.get_context().dialect.name"]
    for dialect in ("sqlite", "postgresql"):
        lines.append(f'if dialect == "{dialect}":')
        lines += [f"    op.execute({statement!r})" for statement in search.ddl(dialect)]
    drops = [f"op.execute({statement!r})" for statement in search.DROP_DDL]
    return up + _indented(lines), _indented(drops)[1:] + "\n" + down.lstrip("\n")


def _indented(lines: list[str]) -> str:
    return "\n" + "\n".join(f"    {line}" if line else "" for line in lines)


def _text(name: str, number: str, before: str | None, up: str, down: str) -> str:
    extra = "from sqlalchemy.dialects import postgresql\n" if "postgresql." in up + down else ""
    return f'''"""{name.replace("_", " ").capitalize()}."""

import sqlalchemy as sa
from alembic import op
{extra}
revision = "{number}"
down_revision = {f'"{before}"' if before else None}


def upgrade() -> None:
    {_body(up)}


def downgrade() -> None:
    {_body(down)}
'''


def _body(code: str) -> str:
    lines = [line for line in code.splitlines() if not line.strip().startswith("#")]
    return "\n".join(lines).strip()


if __name__ == "__main__":
    sys.exit(main())
