"""Brings the tables of the core and of each plugin up to date: one version table and one transaction for each of them.

Scripts are files `NNNN_name.py` in a folder `migrations/`, with `revision = "NNNN"`. Alembic runs them; as long as the file
names agree with the version tables it is not even imported, for it costs 0.2 seconds and 8 MB.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import sqlalchemy as sa

from plugdesk.database import SQLITE_WAIT_MS, Database, tables_there
from plugdesk.errors import PlugdeskError
from plugdesk.i18n import gettext as _

if TYPE_CHECKING:
    from plugdesk.plugins.loader import Plugin

CORE = "core"
VERSION_TABLE = "alembic_version_"
LOCK_WAIT_MS = 600_000  # another process may be copying a large table
ADVISORY_LOCK = 0x706C7567  # any number, the same in each process

log = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()  # Alembic keeps what it is doing in module globals


class WrongSchema(PlugdeskError):
    """The tables and the code do not fit together; the sentence says what to do."""

    status = 503


@dataclass(frozen=True)
class Unit:
    """The core or one plugin, and the folder of its migrations."""

    name: str
    folder: Path

    @property
    def version_table(self) -> str:
        return f"{VERSION_TABLE}{self.name}"

    @property
    def revisions(self) -> list[str]:
        """What the file names say there is, in order; two files with one number are refused."""
        found = sorted(match[1] for each in os.listdir(self.folder) if (match := _SCRIPT.match(each)))
        twice = {number for number in found if found.count(number) > 1}
        if twice:
            raise WrongSchema(_("Two migrations have the number %(number)s.", number=", ".join(sorted(twice))))
        return found


@dataclass(frozen=True)
class Outcome:
    """What became of one unit: from which revision to which. `reason` says in a sentence why it was not brought up to date."""

    unit: str
    state: Literal["current", "migrated", "failed", "newer"]
    before: str | None
    after: str | None
    reason: str = ""
    trace: str = ""

    @property
    def ok(self) -> bool:
        return self.state in ("current", "migrated")


_SCRIPT = re.compile(r"(\d{4})_\w+\.py\Z")
CORE_UNIT = Unit(CORE, Path(__file__).parent / "migrations")


def unit_of(plugin: Plugin) -> Unit | None:
    """The migrations of a plugin; None when it has no tables."""
    folder = plugin.manifest.folder / "migrations" if plugin.manifest else None
    return Unit(plugin.id, folder) if folder and folder.is_dir() else None


def migrate(database: Database, plugins: Sequence[Plugin] | None = None, *, strict: bool = False) -> list[Outcome]:
    """Bring the core, then each loaded plugin (in their order), up to date; nothing happens to what is.

    Any number of processes may do this at once. Raises `WrongSchema` when it cannot be done for the core. A plugin that
    fails is marked as failed with its reason, as are those that require it; with `strict` its error is raised. Without
    `plugins`, all that are installed are meant.
    """
    from plugdesk.plugins.failures import in_words
    from plugdesk.plugins.loader import State, load_plugins, spread_missing_requirements

    if plugins is None:
        plugins = load_plugins(strict=strict)
    ids = [plugin.id for plugin in plugins]
    try:
        outcomes = [_bring_up(database, CORE_UNIT, ids)]
    except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
        raise WrongSchema(
            _("The tables could not be brought up to date, nothing was changed. %(why)s", why=in_words(error))
        ) from error
    for plugin in plugins:
        unit = unit_of(plugin)
        if unit is None or plugin.state is not State.OK:
            continue
        try:
            outcome = _bring_up(database, unit, ids)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            if strict:
                raise
            outcome = _put_aside(plugin, error)
            spread_missing_requirements({each.id: each for each in plugins})
        outcomes.append(outcome)
    return outcomes


def migrate_apart(database: Database, plugins: Sequence[Plugin], *, strict: bool = False) -> list[Outcome]:
    """`migrate`, done by a process that ends afterwards: whoever serves for months does not keep Alembic in memory.

    Must be called before the process has threads. Where there is no fork (Windows), and where there is nothing to do, it is
    done here.
    """
    if not hasattr(os, "fork") or strict or not _something_to_do(database, plugins):
        return migrate(database, plugins, strict=strict)
    database.close()  # connections must not be shared with the other process
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _migrate_and_tell(database.url, plugins, writing)
    os.close(writing)
    with open(reading, encoding="ascii") as told:
        answer = told.read()
    os.waitpid(child, 0)
    if not answer:
        raise WrongSchema(_("The migration ended before it was done. Nothing was changed: see the log, then start again."))
    told_of: list[dict[str, Any]] | str = json.loads(answer)
    if isinstance(told_of, str):
        raise WrongSchema(told_of)
    found = [Outcome(**each) for each in told_of]
    _mark(plugins, found)
    return found


def require_current(database: Database, plugins: Sequence[Plugin]) -> None:
    """Refuse with `WrongSchema` unless the core's tables are those of this code; leave out plugins whose are not."""
    from plugdesk.plugins.loader import State, spread_missing_requirements

    known = revisions_in(database)
    if not _is_current(CORE_UNIT, known.get(CORE)):
        raise WrongSchema(_("The tables are not those of this version. Stop the desk and run “plugdesk migrate”."))
    for plugin in plugins:
        unit = unit_of(plugin)
        if unit is not None and plugin.state is State.OK:
            try:
                if not _is_current(unit, known.get(plugin.id)):
                    raise WrongSchema(_("Its tables are not those of this version. Run “plugdesk migrate”."))
            except WrongSchema as error:
                plugin.fail(State.FAILED, str(error))
    spread_missing_requirements({each.id: each for each in plugins})


def downgrade(database: Database, unit: Unit, *, ids: Collection[str] = ()) -> list[str]:
    """Take all tables of a plugin away again, its version table last; returns their names.

    Raises `WrongSchema`, and leaves everything as it was, when a table would remain. `ids` are all plugins installed.
    """
    with _one_at_a_time, _exclusive(database) as connection:
        before = _tables(connection)
        if _revision(connection, unit) is not None:
            _is_current(unit, _revision(connection, unit))
            _run(connection, unit, "base")
        return _prove_gone(connection, unit.name, ids, before)


def drop_tables(database: Database, name: str, *, ids: Collection[str] = ()) -> list[str]:
    """Drop the tables of a plugin whose package, and so whose migrations, are gone; returns their names."""
    with _one_at_a_time, _exclusive(database) as connection:
        before = _tables(connection)
        own = [table for table in before if owner_of(table, {*ids, name}) == name]
        for table in reversed(tables_there(connection, own)):
            table.drop(connection)
        return _prove_gone(connection, name, ids, before)


def _prove_gone(connection: sa.Connection, name: str, ids: Collection[str], before: set[str]) -> list[str]:
    connection.execute(sa.text(f"DROP TABLE IF EXISTS {VERSION_TABLE}{name}"))
    after = _tables(connection)
    left = sorted(table for table in after if owner_of(table, {*ids, name}) == name)
    if left:
        raise WrongSchema(_("These tables would remain: %(names)s. Nothing was removed.", names=", ".join(left)))
    return sorted(before - after)


def revisions_in(database: Database) -> dict[str, str | None]:
    """The revision of every unit that ever had tables in this database, installed or not; None: taken down to base."""
    with database.engine.connect().execution_options(readonly=True) as connection:
        return revisions_on(connection)


def revisions_on(connection: sa.Connection) -> dict[str, str | None]:
    """`revisions_in`, asked on a connection there is."""
    names = [name for name in _tables(connection) if name.startswith(VERSION_TABLE)]
    return {name.removeprefix(VERSION_TABLE): connection.scalar(sa.text(f"SELECT version_num FROM {name}")) for name in names}


def owner_of(table: str, ids: Collection[str]) -> str:
    """Whose a table is: of the longest plugin id in `ids` that begins its name, else the core's."""
    name = table.removeprefix(VERSION_TABLE)
    fitting = [each for each in ids if name == each or name.startswith(f"{each}_")]
    return max(fitting, key=len, default=CORE)


def _something_to_do(database: Database, plugins: Sequence[Plugin]) -> bool:
    known = revisions_in(database)
    units = [CORE_UNIT, *(unit for plugin in plugins if plugin.state == "ok" and (unit := unit_of(plugin)))]
    try:
        return not all(_is_current(unit, known.get(unit.name)) for unit in units)
    except WrongSchema:
        return True


def _migrate_and_tell(url: str, plugins: Sequence[Plugin], pipe: int) -> NoReturn:
    """In the process that does the work: never returns, and runs nothing that was meant for the end of the other one."""
    code = 1
    try:
        database = Database(url)
        answer: list[dict[str, Any]] | str
        try:
            answer = [asdict(each) for each in migrate(database, plugins)]
        except WrongSchema as error:
            answer = str(error)
        database.close()
        with open(pipe, "w", encoding="ascii") as told:
            json.dump(answer, told)
        code = 0
    except BaseException:
        log.exception("The migration failed")
    finally:
        os._exit(code)


def _mark(plugins: Sequence[Plugin], outcomes: Sequence[Outcome]) -> None:
    from plugdesk.plugins.loader import State, spread_missing_requirements

    known = {plugin.id: plugin for plugin in plugins}
    for outcome in outcomes:
        if not outcome.ok and outcome.unit in known:
            known[outcome.unit].fail(State.FAILED, outcome.reason, outcome.trace)
    spread_missing_requirements(known)


def _bring_up(database: Database, unit: Unit, ids: Sequence[str]) -> Outcome:
    revisions = unit.revisions
    before = revisions_in(database).get(unit.name)
    if _is_current(unit, before):
        return Outcome(unit.name, "current", before, before)
    with _one_at_a_time, _exclusive(database) as connection:
        before = _revision(connection, unit)  # anew: another process may have been faster
        if _is_current(unit, before):
            return Outcome(unit.name, "current", before, before)
        if unit.name == CORE and before is not None:
            _back_up(database, revisions[-1])
        tables = _tables(connection)
        _run(connection, unit, "head")
        _refuse_others_tables(unit, tables ^ _tables(connection), ids)
    log.info("Migrated %s from %s to %s", unit.name, before or "nothing", revisions[-1])
    return Outcome(unit.name, "migrated", before, revisions[-1])


def _is_current(unit: Unit, revision: str | None) -> bool:
    """Whether nothing has to be done; `WrongSchema` when the tables are from a newer version than the code."""
    revisions = unit.revisions
    if revision is not None and revision not in revisions:
        ours = revisions[-1] if revisions else "0000"
        raise NewerSchema(
            _("The tables are from a newer version (%(theirs)s; this one knows %(ours)s). Install that version again.",
              theirs=revision, ours=ours)
        )  # fmt: skip
    return revision == (revisions[-1] if revisions else None)


class NewerSchema(WrongSchema):
    """The code is older than the tables."""


def _put_aside(plugin: Plugin, error: BaseException) -> Outcome:
    from plugdesk.plugins.failures import in_words, trace_of
    from plugdesk.plugins.loader import State

    newer = isinstance(error, NewerSchema)
    reason = str(error) if isinstance(error, WrongSchema) else _("Its migration failed. %(why)s", why=in_words(error))
    if not newer:
        log.error("The migration of %s failed", plugin.id, exc_info=error)
    trace = "" if isinstance(error, WrongSchema) else trace_of(error)
    plugin.fail(State.FAILED, reason, trace)
    return Outcome(plugin.id, "newer" if newer else "failed", None, None, reason, trace)


@contextmanager
def _exclusive(database: Database) -> Iterator[sa.Connection]:
    """One transaction that nobody else migrates in, committed at the end of the block.

    On SQLite foreign keys are off inside it: a batch operation copies a table and drops the old one, which would delete the
    rows that point at it. The switch works only outside of a transaction.
    """
    with database.engine.connect() as connection:
        if database.dialect == "sqlite":
            driver = connection.connection
            _pragmas(driver, foreign_keys="OFF", busy_timeout=LOCK_WAIT_MS)
            try:
                with connection.begin():
                    yield connection
                    _check_foreign_keys(connection)
            finally:
                _pragmas(driver, foreign_keys="ON", busy_timeout=SQLITE_WAIT_MS)
        else:
            with connection.begin():
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
                yield connection


def _pragmas(driver: Any, **pragmas: Any) -> None:
    cursor = driver.cursor()
    for name, value in pragmas.items():
        cursor.execute(f"PRAGMA {name}={value}")
    cursor.close()


def _check_foreign_keys(connection: sa.Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if broken:
        places = ", ".join(sorted({f"{row[0]} → {row[2]}" for row in broken}))
        raise WrongSchema(_("Rows would point at nothing afterwards (%(places)s). Nothing was changed.", places=places))


def _run(connection: sa.Connection, unit: Unit, target: Literal["head", "base"]) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(unit.folder), version_locations=[str(unit.folder)])

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs(target, revision) if target == "head" else scripts._downgrade_revs(target, revision)

    with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=target) as environment:
        environment.configure(connection=connection, version_table=unit.version_table, render_as_batch=True)
        environment.run_migrations()


def _refuse_others_tables(unit: Unit, changed: Collection[str], ids: Sequence[str]) -> None:
    """A plugin makes and drops tables of its own only; whatever else it did is rolled back."""
    others = sorted(name for name in changed if unit.name != CORE and owner_of(name, {*ids, unit.name}) != unit.name)
    if others:
        raise WrongSchema(_("Its migration touches tables that are not its own: %(names)s.", names=", ".join(others)))


def _back_up(database: Database, target: str) -> None:
    """Copy an SQLite file as `NAME.before-NNNN.db` beside it. The caller holds the lock, so nobody writes meanwhile."""
    if database.dialect != "sqlite" or not (name := database.engine.url.database) or name == ":memory:":
        return
    file = Path(name).resolve()
    copy = file.with_name(f"{file.stem}.before-{target}{file.suffix}")
    partial = copy.with_name(f"{copy.name}.part")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as source, closing(sqlite3.connect(partial)) as sink:
        source.backup(sink)
    partial.replace(copy)


def _tables(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


def _revision(connection: sa.Connection, unit: Unit) -> str | None:
    if unit.version_table not in _tables(connection):
        return None
    found: str | None = connection.scalar(sa.text(f"SELECT version_num FROM {unit.version_table}"))
    return found
