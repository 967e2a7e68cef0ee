"""The tables of the core and of plugins: up, down, up again, by several at once, and killed on the way."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugdesk.database import Database
from plugdesk.migrations import (
    CORE_UNIT,
    Unit,
    WrongSchema,
    downgrade,
    migrate,
    migrate_apart,
    owner_of,
    require_current,
    revisions_in,
)
from plugdesk.plugins.loader import State
from tests.support.migrating import NOTES, NOTES_DOWN, WIDER, Folder, rows, tables

pytestmark = pytest.mark.both_databases
ROOT = Path(__file__).parents[2]


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


def in_a_fresh_process(code: str, *arguments: object) -> str:
    """What `code` prints in an interpreter of its own: this one knows the tables of whatever plugins other tests made."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_models_are_what_the_migrations_make(empty_database_url):
    code = """
import sys
from plugdesk.database import Database
from plugdesk.drift import drift
from plugdesk.migrations import CORE_UNIT, migrate
from tools.new_migration import import_models

import_models()
database = Database(sys.argv[1])
migrate(database, [])
print(drift(database, CORE_UNIT, []))
"""
    assert in_a_fresh_process(code, empty_database_url) == "[]\n"


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


def test_a_migration_written_from_the_models_makes_them(empty_database_url, tmp_path):
    code = """
import sys
from pathlib import Path
import plugdesk.migrations
from plugdesk.database import Database
from plugdesk.drift import drift
from plugdesk.migrations import Unit, migrate
from tools import new_migration

unit = Unit("core", Path(sys.argv[2]))
plugdesk.migrations.CORE_UNIT = new_migration.CORE_UNIT = unit
database = Database(sys.argv[1])
file = new_migration.write_migration("core", "initial", initial=True)
migrate(database, [])
print(file.name, drift(database, unit, []), new_migration.write_migration("core", "nothing_to_do"))
"""
    assert in_a_fresh_process(code, empty_database_url, tmp_path / "migrations") == "0001_initial.py [] None\n"


def test_forms_that_were_there_go_on_as_they_did_when_statuses_learn_to_change_by_themselves(database, tmp_path, monkeypatch):
    """The days were a setting of e-mail, of the form or else of the desk."""
    for script in CORE_UNIT.folder.glob("000[1-5]_*.py"):
        shutil.copy(script, tmp_path)
    with monkeypatch.context() as before:
        before.setattr("plugdesk.migrations.CORE_UNIT", Unit("core", tmp_path))
        migrate(database, [])
    with database.engine.begin() as connection:
        form = (
            "INSERT INTO form (id, slug, name, position, extensions, suspended, sections, created_at, version) "
            "VALUES (:id, :slug, :slug, 0, '[]', '{}', '[]', '2026-01-01 00:00:00+00:00', 1)"
        )
        connection.execute(sa.text(form), [{"id": 1, "slug": "own"}, {"id": 2, "slug": "desks"}])
        setting = (
            'INSERT INTO plugin_settings (plugin, form_id, "values", schema, version, changed_at) '
            "VALUES ('email', :form_id, :kept, 1, 1, '2026-01-01 00:00:00+00:00')"
        )
        days = [{"form_id": 1, "kept": '{"new_after_days": 7}'}, {"form_id": 0, "kept": '{"new_after_days": 90}'}]
        connection.execute(sa.text(setting), days)
    migrate(database, [])
    with database.engine.connect() as connection:
        found = connection.execute(sa.text("SELECT waits_on_reply, resumes_on_message, reopen_days FROM form ORDER BY id")).all()
    assert [tuple(each) for each in found] == [(False, True, 7), (False, True, 90)]


def test_customers_that_were_there_are_found_by_their_words(database, tmp_path, monkeypatch):
    for script in CORE_UNIT.folder.glob("000[1-7]_*.py"):
        shutil.copy(script, tmp_path)
    with monkeypatch.context() as before:
        before.setattr("plugdesk.migrations.CORE_UNIT", Unit("core", tmp_path))
        migrate(database, [])
    with database.engine.begin() as connection:
        user = (
            'INSERT INTO "user" (id, role, name, can_delete, active, created_at, version) '
            "VALUES (:id, :role, :name, :no, :yes, '2026-01-01 00:00:00+00:00', 1)"
        )
        people = [("customer", "Ann Ёлкина"), ("agent", "Boris Petrov"), ("customer", "…")]
        rows = [{"id": n, "role": role, "name": name, "no": False, "yes": True} for n, (role, name) in enumerate(people, 1)]
        connection.execute(sa.text(user), rows)
        contact = (
            "INSERT INTO identity (user_id, channel, value) VALUES (1, 'phone', '+123456'), (1, 'email', 'ann@home.example')"
        )
        connection.execute(sa.text(contact))
    migrate(database, [])
    with database.engine.connect() as connection:
        found = connection.execute(sa.text("SELECT user_id, word FROM customer_word ORDER BY id")).all()
    words = ["ann", "елкина", "123456", "23456", "3456", "home", "example"]
    assert [tuple(each) for each in found] == [(1, word) for word in words]
