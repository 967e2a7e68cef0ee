"""The tables of the core and of plugins: up, down, up again, by several at once, and killed on the way."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from plugdesk.database import Database
from plugdesk.migrations import (
    CORE_UNIT,
    Unit,
    WrongSchema,
    downgrade,
    drift,
    migrate,
    migrate_apart,
    owner_of,
    require_current,
    revisions_in,
)
from plugdesk.plugins.loader import Plugin, State
from plugdesk.plugins.manifest import Manifest

pytestmark = pytest.mark.both_databases

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


@pytest.fixture
def database(empty_database_url):
    database = Database(empty_database_url)
    yield database
    database.close()


@pytest.fixture
def notes(tmp_path):
    folder = Folder(tmp_path / "notes")
    folder.script(1, NOTES, NOTES_DOWN)
    return folder


def tables(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_the_models_are_what_the_migrations_make(database):
    from tools.new_migration import import_models

    import_models()
    migrate(database, [])
    assert drift(database, CORE_UNIT, []) == []


def test_up_down_and_up_again_leaves_the_same_tables(database):
    migrate(database, [])
    first = tables(database)
    downgrade(database, CORE_UNIT)
    between = tables(database)
    migrate(database, [])
    assert between == set()
    assert tables(database) == first


def test_migrating_twice_changes_nothing(database, notes):
    first = migrate(database, [notes.plugin])
    second = migrate(database, [notes.plugin])
    assert [(each.unit, each.state) for each in first] == [("core", "migrated"), ("notes", "migrated")]
    assert [(each.unit, each.state) for each in second] == [("core", "current"), ("notes", "current")]


def test_while_all_is_current_nothing_is_asked_of_alembic(database, notes, monkeypatch):
    migrate(database, [notes.plugin])
    monkeypatch.setattr("plugdesk.migrations._run", None)
    assert [each.state for each in migrate(database, [notes.plugin])] == ["current", "current"]


def test_each_plugin_has_a_version_of_its_own(database, notes, tmp_path):
    other = Folder(tmp_path / "other", "other")
    other.script(1, '\n    op.create_table("other_page", sa.Column("id", sa.Integer, primary_key=True))')
    migrate(database, [notes.plugin, other.plugin])
    notes.script(2, WIDER)
    migrate(database, [notes.plugin])  # the package of the other one is gone, which stands in nobody's way
    assert revisions_in(database) == {"core": CORE_UNIT.revisions[-1], "notes": "0002", "other": "0001"}


def test_a_plugin_whose_migration_fails_is_left_out_with_its_reason_and_nothing_of_it_stays(database, notes, tmp_path):
    broken = Folder(tmp_path / "broken", "broken")
    broken.script(1, '\n    op.create_table("broken_page", sa.Column("id", sa.Integer))\n    raise OSError("no room")')
    needing = Folder(tmp_path / "needing", "needing", requires=("broken",))
    outcomes = {each.unit: each for each in migrate(database, [broken.plugin, needing.plugin, notes.plugin])}
    assert (outcomes["broken"].state, outcomes["notes"].state) == ("failed", "migrated")
    assert broken.plugin.state is State.FAILED
    assert "OSError: no room" in str(broken.plugin.reason)
    assert needing.plugin.state is State.BLOCKED
    assert "broken_page" not in tables(database)
    assert "broken" not in revisions_in(database)


def test_with_strict_the_error_of_a_plugin_is_raised(database, notes):
    notes.script(2, '\n    raise OSError("no room")')
    with pytest.raises(OSError, match="no room"):
        migrate(database, [notes.plugin], strict=True)


def test_an_older_plugin_over_newer_tables_says_so_and_stays_off(database, notes, tmp_path):
    older = notes.copy(tmp_path / "older")
    older.script(1, NOTES, NOTES_DOWN)
    notes.script(2, WIDER)
    migrate(database, [notes.plugin])
    outcome = migrate(database, [older.plugin])[-1]
    assert outcome.state == "newer"
    assert "from a newer version (0002; this one knows 0001)" in str(older.plugin.reason)
    assert older.plugin.state is State.FAILED


def test_an_older_core_over_newer_tables_does_not_start(database):
    migrate(database, [])
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version_core SET version_num = '9999'"))
    for act in (migrate, require_current):
        with pytest.raises(WrongSchema, match="newer version"):
            act(database, [])


def test_code_over_older_tables_does_not_start_without_migrating(database, notes):
    with pytest.raises(WrongSchema, match="plugdesk migrate"):
        require_current(database, [])
    migrate(database, [])
    require_current(database, [notes.plugin])
    assert "plugdesk migrate" in str(notes.plugin.reason)


def test_a_plugin_that_makes_tables_of_others_is_undone(database, tmp_path):
    thief = Folder(tmp_path / "thief", "thief")
    thief.script(1, '\n    op.create_table("notes_page", sa.Column("id", sa.Integer, primary_key=True))')
    outcome = migrate(database, [thief.plugin])[-1]
    assert "touches tables that are not its own: notes_page" in outcome.reason
    assert "notes_page" not in tables(database)


def test_a_plugin_that_drops_tables_of_the_core_is_undone(database, tmp_path):
    thief = Folder(tmp_path / "thief", "thief")
    thief.script(1, '\n    op.drop_table("plugin_error")')
    outcome = migrate(database, [thief.plugin])[-1]
    assert "plugin_error" in outcome.reason
    assert "plugin_error" in tables(database)


def test_two_scripts_with_one_number_are_refused(database, notes):
    (notes.folder / "migrations/0001_again.py").write_text("")
    assert "Two migrations have the number 0001" in migrate(database, [notes.plugin])[-1].reason


@pytest.mark.parametrize(
    ("table", "owner"),
    [
        ("csat_rating", "csat"),
        ("csat", "csat"),
        ("csatx", "core"),
        ("mail_box", "mail"),
        ("mail_in_box", "mail_in"),
        ("ticket", "core"),
    ],
)
def test_a_table_belongs_to_the_longest_id_that_fits(table, owner):
    assert owner_of(table, ["csat", "mail", "mail_in"]) == owner
    assert owner_of(f"alembic_version_{table}", ["csat", "mail", "mail_in"]) == owner


def test_changing_a_table_deletes_no_rows_that_point_at_it(database, notes):
    migrate(database, [notes.plugin])
    notes.script(2, WIDER)
    migrate(database, [notes.plugin])
    assert rows(database, "SELECT id, page_id FROM notes_mark ORDER BY id") == [(1, 1), (2, 2)]
    assert rows(database, "SELECT id, text, colour FROM notes_page ORDER BY id") == [(1, "one", "red"), (2, "two", "red")]


def test_foreign_keys_are_watched_again_after_a_migration(database, notes):
    migrate(database, [notes.plugin])
    with pytest.raises(sa.exc.IntegrityError), database.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO notes_mark VALUES (3, 99)"))


def test_rows_that_would_point_at_nothing_stop_the_migration(database, notes):
    migrate(database, [notes.plugin])
    notes.script(
        2, '\n    op.execute("DELETE FROM notes_page WHERE id = 1")\n    op.execute("INSERT INTO notes_mark VALUES (3, 99)")'
    )
    assert not migrate(database, [notes.plugin])[-1].ok
    assert rows(database, "SELECT count(*) FROM notes_page") == [(2,)]
    assert rows(database, "SELECT count(*) FROM notes_mark") == [(2,)]


def test_taking_a_plugin_down_leaves_no_table_of_it(database, notes):
    migrate(database, [notes.plugin])
    assert downgrade(database, notes.unit) == ["alembic_version_notes", "notes_mark", "notes_page"]
    assert not any(name.startswith("notes") for name in tables(database))
    assert "notes" not in revisions_in(database)


def test_a_table_the_way_down_forgets_is_noticed_and_everything_stays(database, notes):
    notes.script(1, NOTES, '\n    op.drop_table("notes_mark")')
    migrate(database, [notes.plugin])
    with pytest.raises(WrongSchema, match="notes_page"):
        downgrade(database, notes.unit)
    assert rows(database, "SELECT count(*) FROM notes_mark") == [(2,)]


def test_two_processes_migrate_at_once_and_one_does_it(empty_database_url, notes):
    def work(answer) -> None:
        database = Database(empty_database_url)
        answer.put([each.state for each in migrate(database, [notes.plugin])])
        database.close()

    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    processes = [fork.Process(target=work, args=(answers,)) for _each in range(3)]
    for process in processes:
        process.start()
    states = [answers.get(timeout=30) for _each in processes]
    for process in processes:
        process.join(30)
    assert sorted(state for found in zip(*states, strict=True) for state in found) == ["current"] * 4 + ["migrated"] * 2


def test_a_process_that_ends_does_the_work_and_tells(database, notes, tmp_path):
    broken = Folder(tmp_path / "broken", "broken")
    broken.script(1, '\n    raise OSError("no room")')
    outcomes = migrate_apart(database, [notes.plugin, broken.plugin])
    assert [(each.unit, each.state) for each in outcomes] == [("core", "migrated"), ("notes", "migrated"), ("broken", "failed")]
    assert "no room" in str(broken.plugin.reason)
    assert "OSError" in broken.plugin.trace
    assert [each.state for each in migrate_apart(database, [notes.plugin])] == ["current", "current"]


def test_a_process_that_ends_tells_why_the_core_cannot_start(database):
    migrate(database, [])
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version_core SET version_num = '9999'"))
    with pytest.raises(WrongSchema, match="newer version"):
        migrate_apart(database, [])


class Killed:
    """Counts the statements of a migration and kills its process before one of them."""

    def __init__(self, url: str, plugins: list[Plugin]) -> None:
        self.url, self.plugins = url, plugins

    def before_statement(self, number: int) -> bool:
        """Whether the process was killed; else it did all there was to do."""
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                self._migrate(number)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    def _migrate(self, number: int) -> None:
        database = Database(self.url)
        left = [number]

        def count(*_about: object) -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sa.event.listen(database.engine, "before_cursor_execute", count)
        sa.event.listen(database.engine, "commit", count)
        migrate(database, self.plugins)


def test_killed_before_any_statement_the_tables_are_old_or_new_and_never_between(database, empty_database_url, notes):
    migrate(database, [notes.plugin])
    notes.script(2, WIDER)
    notes.script(3, '\n    op.create_table("notes_word", sa.Column("id", sa.Integer, primary_key=True))')
    database.close()
    killed, number = Killed(empty_database_url, [notes.plugin]), 0
    while killed.before_statement(number):
        number += 1
        columns = {column["name"] for column in sa.inspect(database.engine).get_columns("notes_page")}
        state = (revisions_in(database)["notes"], "colour" in columns, "notes_word" in tables(database))
        database.close()
        assert state in [("0001", False, False), ("0003", True, True)], number
    assert number > 10
    assert revisions_in(database)["notes"] == "0003"
    assert rows(database, "SELECT count(*) FROM notes_mark") == [(2,)]


def test_the_cores_first_tables_are_all_there_or_none_wherever_it_is_killed(database, empty_database_url):
    killed, number, seen = Killed(empty_database_url, []), 0, set()
    while killed.before_statement(number):
        number += 7
        seen.add(len(tables(database)))
        database.close()
    assert len(seen | {len(tables(database))}) == 2
    assert 0 in seen


def test_before_the_core_changes_a_database_with_data_it_is_copied(tmp_path, monkeypatch):
    folder = Folder(tmp_path / "core", "core")
    folder.script(1, '\n    op.create_table("ticket", sa.Column("id", sa.Integer, primary_key=True))')
    monkeypatch.setattr("plugdesk.migrations.CORE_UNIT", folder.unit)
    file = tmp_path / "desk.db"
    database = Database(f"sqlite:///{file}")
    migrate(database, [])
    with database.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO ticket VALUES (1)"))
    first = sorted(path.name for path in tmp_path.glob("desk.before*"))
    folder.script(2, '\n    op.execute("DELETE FROM ticket")')
    migrate(database, [])
    database.close()
    assert first == []
    copy = tmp_path / "desk.before-0002.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as saved:
        assert saved.execute("SELECT count(*) FROM ticket").fetchall() == [(1,)]
        assert saved.execute("SELECT version_num FROM alembic_version_core").fetchall() == [("0001",)]


def test_a_disk_without_room_for_the_copy_stops_the_migration_in_words(tmp_path, monkeypatch):
    folder = Folder(tmp_path / "core", "core")
    folder.script(1, '\n    op.create_table("ticket", sa.Column("id", sa.Integer, primary_key=True))')
    monkeypatch.setattr("plugdesk.migrations.CORE_UNIT", folder.unit)
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    migrate(database, [])
    folder.script(2, '\n    op.drop_table("ticket")')

    def no_room(*_about: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("plugdesk.migrations._back_up", no_room)
    with pytest.raises(WrongSchema, match="No space left"):
        migrate(database, [])
    assert "ticket" in tables(database)
    database.close()


def test_a_migration_written_from_the_models_makes_them(database, tmp_path, monkeypatch):
    from tools import new_migration

    unit = Unit("core", tmp_path / "migrations")
    for module in ("plugdesk.migrations", "tools.new_migration"):
        monkeypatch.setattr(f"{module}.CORE_UNIT", unit)
    file = new_migration.write_migration("core", "initial", initial=True)
    migrate(database, [])
    assert file == unit.folder / "0001_initial.py"
    assert drift(database, unit, []) == []
    assert new_migration.write_migration("core", "nothing_to_do") is None
