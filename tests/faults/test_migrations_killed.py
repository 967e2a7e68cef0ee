"""A migration whose process is killed before each of its statements: the tables are old or new, never between."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
import sqlalchemy as sa

from plugdesk.database import Database
from plugdesk.migrations import migrate, revisions_in
from plugdesk.plugins.loader import Plugin
from tests.support.migrating import NOTES, NOTES_DOWN, WIDER, Folder, rows, tables

pytestmark = pytest.mark.both_databases


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
