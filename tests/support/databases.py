"""Databases for tests: SQLite always, PostgreSQL where it is wanted and here.

Each kind is migrated once a run into a template. A test that needs a database of its own gets a copy of it; the
many that need only rows share one and work inside a transaction that is rolled back.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from plugdesk.database import Database
from tests.support.parts import IN_CI, require
from tests.support.postgres import PostgresServer, postgres
from tests.support.schema import migrate_all

KINDS = {"sqlite": ["sqlite"], "postgres": ["postgres"], "both": ["sqlite", "postgres"]}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=list(KINDS),
        default="both" if IN_CI else "sqlite",
        help="what the tests run on; tests marked both_databases run on both in any case (default: sqlite, in CI both)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        wanted, marked = metafunc.config.getoption("--database"), metafunc.definition.get_closest_marker
        if marked("both_databases"):
            wanted = "both"
        elif wanted == "both" and marked("one_database"):
            wanted = "sqlite"
        kinds = KINDS[wanted]
        metafunc.parametrize("database_kind", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgres`: what this run of the test works on."""
    kind: str = request.param
    if kind == "postgres":
        require("postgres")
    return kind


class Sqlite:
    """SQLite as a server of databases: files in a folder, each made as a copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count(1)

    def url(self, database: str) -> str:
        return f"sqlite:///{self.folder / database}"

    def create(self, *, template: str | None = None) -> str:
        name = f"test_{next(self.numbers)}.db"
        if template:
            shutil.copyfile(self.folder / template, self.folder / name)
        return name

    def drop(self, name: str) -> None:
        for leftover in self.folder.glob(f"{name}*"):
            leftover.unlink()


Server = Sqlite | PostgresServer


@pytest.fixture(scope="session")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """The server of one kind, started when first asked for: most runs need no PostgreSQL."""
    with ExitStack() as stack:
        started: dict[str, Server] = {"sqlite": Sqlite(tmp_path_factory.mktemp("databases"))}

        def server(kind: str) -> Server:
            if kind not in started:
                require(kind)
                started[kind] = stack.enter_context(postgres())
            return started[kind]

        yield server


@pytest.fixture(scope="session")
def postgres_server(_servers: Callable[[str], Server]) -> PostgresServer:
    """A PostgreSQL that lives as long as the run: `create()` makes a database, `url()` its address."""
    server = _servers("postgres")
    assert isinstance(server, PostgresServer)
    return server


@pytest.fixture(scope="session")
def _template(_servers: Callable[[str], Server]) -> Callable[[str], str]:
    """The name of the migrated database of one kind, made when first asked for."""
    made: dict[str, str] = {}
    failed: dict[str, Exception] = {}

    def template(kind: str) -> str:
        if kind in failed:  # every test says why, but only the first one waits for it
            raise failed[kind]
        if kind not in made:
            server = _servers(kind)
            name = server.create()
            try:
                migrate_all(server.url(name))
            except Exception as error:
                failed[kind] = error
                raise
            made[kind] = name
        return made[kind]

    return template


@pytest.fixture
def database_url(database_kind: str, _servers: Callable[[str], Server], _template: Callable[[str], str]) -> Iterator[str]:
    """The address of a migrated database of the test's own: for processes, threads and anything that commits."""
    with _fresh(_servers(database_kind), _template(database_kind)) as url:
        yield url


@pytest.fixture
def empty_database_url(database_kind: str, _servers: Callable[[str], Server]) -> Iterator[str]:
    """The address of a database without a single table: for migrations and the first start."""
    with _fresh(_servers(database_kind)) as url:
        yield url


@pytest.fixture(scope="session")
def _shared(_servers: Callable[[str], Server], _template: Callable[[str], str]) -> Iterator[Callable[[str], Database]]:
    """One database a run and kind, opened once; only transactions that are rolled back may touch it."""
    opened: dict[str, Database] = {}
    with ExitStack() as stack:

        def shared(kind: str) -> Database:
            if kind not in opened:
                url = stack.enter_context(_fresh(_servers(kind), _template(kind)))
                opened[kind] = Database(url)
                stack.callback(opened[kind].close)
            return opened[kind]

        yield shared


@pytest.fixture
def database(database_kind: str, _shared: Callable[[str], Database]) -> Iterator[Database]:
    """A migrated database whose every session, committed or not, is undone after the test.

    All of its sessions share one connection: for one thread only. Threads take `own_database`, processes `database_url`.
    """
    database = _shared(database_kind)
    with database.engine.connect() as connection:
        transaction = connection.begin()
        database.configure(bind=connection, join_transaction_mode="create_savepoint")
        yield database
        database.info.clear()
        transaction.rollback()


@pytest.fixture
def own_database(database_url: str) -> Iterator[Database]:
    """A database of the test's own, opened: for a desk that answers from several threads."""
    database = Database(database_url)
    yield database
    database.close()


@contextmanager
def _fresh(server: Server, template: str | None = None) -> Iterator[str]:
    name = server.create(template=template) if template else server.create()
    yield server.url(name)
    server.drop(name)
