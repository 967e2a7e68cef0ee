"""Engine, sessions, shared column types and UTC time, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached, mapped_column, sessionmaker

from plugdesk.writers import Writers

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLITE_WAIT_MS = 5_000
STATEMENT_LIMIT_MS = 30_000


class Moment(sa.TypeDecorator[datetime]):
    """An aware moment, stored in UTC. A naive one is refused: nobody knows when it was."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A naive date-time cannot be stored: say which zone it is in.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        # SQLite holds it as text, without the zone it is always in. A list reads hundreds: parsed once, by one function.
        return _moment_of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _moment_of_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


class Text(sa.TypeDecorator[str]):
    """Text of any length. NUL, which PostgreSQL refuses and nobody typed, and lone surrogates become U+FFFD."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else storable(value)


class Word(sa.TypeDecorator[StrEnum]):
    """A `StrEnum`, stored by value."""

    impl = sa.String(40)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind
        self._kinds: Mapping[str, StrEnum] = {str(each): each for each in kind}

    def process_bind_param(self, value: StrEnum | str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else str(self.kind(value))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> StrEnum | None:
        return None if value is None else self._kinds.get(value) or self.kind(value)


def storable(text: str) -> str:
    """`text` without what one of the databases could not hold."""
    if "\0" not in text and (text.isascii() or _is_unicode(text)):
        return text
    return _UNSTORABLE.sub("�", text)


def row_number(given: str) -> int | None:
    """What was sent as a row's number or version; None when it is none that a database could hold."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None


def _is_unicode(text: str) -> bool:
    # Several times as fast as looking for a surrogate.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable_json(value: Any) -> str:
    """`value` as JSON of which the same is true as of `Text`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" in text:  # which may also be a backslash, written as two, before the word u0000
        text = _NUL_IN_JSON.sub(lambda found: found[1] or "�", text)
    return storable(text)


def _read_json(text: str) -> Any:
    return _EMPTY[text]() if text in _EMPTY else json.loads(text)


_EMPTY: Mapping[str, Callable[[], Any]] = {"[]": list, "{}": dict}  # what most of them are
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUL_IN_JSON = re.compile(r"(\\\\)|\\u0000")

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

Key = Annotated[int, mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)]
At = Annotated[datetime, mapped_column(Moment)]


class Base(DeclarativeBase):
    """What every table of the core and of plugins descends from."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: Moment,
        str: Text,
        int: sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        dict[str, Any]: Json,
        list[Any]: Json,
        list[str]: Json,
    }


class Database:
    """One database: its engine, and the two ways to a session.

    `url` is an SQLAlchemy address (`sqlite:////folder/desk.db`, `postgresql://…`). Sessions for reading begin a
    deferred transaction, those for writing take SQLite's lock at once, because a transaction that reads first and
    writes later fails there with SQLITE_BUSY_SNAPSHOT, which no time-out waits for.
    """

    def __init__(self, url: str, *, info: dict[str, Any] | None = None) -> None:
        self.url = url
        self.engine = _engine(url)
        self.info = info if info is not None else {}
        self._write = sessionmaker(self.engine, expire_on_commit=False)
        self._read = sessionmaker(self.engine.execution_options(readonly=True), expire_on_commit=False, autoflush=False)
        self._patient = sessionmaker(self.engine.execution_options(patient=True), expire_on_commit=False)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    def session(self, *, write: bool, patient: bool = False) -> Session:
        """A session that nobody commits but its owner; `session.info` holds what commands need (see `desk.py`).

        A `patient` one lets other writers go first: a job's, for which nobody waits before a screen.
        """
        session = (self._patient if patient else self._write if write else self._read)()
        session.info.update(self.info, readonly=not write)
        return session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that writes: committed at the end of the block, rolled back when it raises."""
        session = self.session(write=True)
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            finish(session)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that only reads."""
        session = self.session(write=False)
        try:
            yield session
        finally:
            finish(session)

    def configure(self, **options: Any) -> None:
        """Rebind the session makers (tests bind them to one connection)."""
        for maker in (self._write, self._read, self._patient):
            maker.configure(**options)

    def close(self) -> None:
        self.engine.dispose()


def finish(session: Session) -> None:
    """Close `session`, then do what was put off until its transaction had ended (see `afterwards`)."""
    put_off = session.info.pop("afterwards", [])
    session.close()
    for act in put_off:
        act()


def afterwards(session: Session, act: Any) -> None:
    """Call `act()` once the transaction of `session` has ended, committed or not.

    For what must survive a rollback and would wait for itself inside: the breaker, figures, the journal of failures.
    """
    session.info.setdefault("afterwards", []).append(act)


def attach(session: Session, row: Base) -> None:
    """Take `row`, which a plain statement has just stored, into `session`; columns not set here are read when asked for.

    It leaves the session with the SAVEPOINT it was stored in, as a flushed one does: hence the session's own list of new rows.
    """
    make_transient_to_detached(row)
    session.add(row)
    session.connection()  # there is a transaction
    session._transaction._new[sa.inspect(row)] = True  # type: ignore[union-attr]


def tables_there(connection: sa.Connection, names: Collection[str]) -> list[sa.Table]:
    """The tables of these names as they are in the database, whatever the models say; those others point at first."""
    there = sa.MetaData()
    with silent_about_expressions():
        there.reflect(connection, only=list(names))
    return [table for table in there.sorted_tables if table.name in names]


@contextmanager
def silent_about_expressions() -> Iterator[None]:
    """While tables are looked at: SQLite does not tell of what an index over expressions is made, which is no reason for a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", sa.exc.SAWarning)
        yield


def is_lock_timeout(error: sa.exc.OperationalError) -> bool:
    """Whether the database was busy with another writer for longer than we wait."""
    words = str(error.orig)
    return "database is locked" in words or "database is busy" in words or "lock timeout" in words


class StatementLimit:
    """From now on a statement of `session` that takes longer than `seconds` is broken off with an OperationalError.

    To be made in a SAVEPOINT. It ends by `lift`, or by `forget` where the SAVEPOINT is rolled back. One made while
    another holds changes nothing: the first one's time goes on.
    """

    def __init__(self, session: Session, seconds: float) -> None:
        self._session = session
        self._holds = not session.info.get("statements_limited")
        if not self._holds:
            return
        session.info["statements_limited"] = True
        connection = session.connection()
        self._sqlite: Any = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
        if self._sqlite is not None:
            end = monotonic() + seconds
            self._sqlite.set_progress_handler(lambda: monotonic() > end, _STEPS)
        else:
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds * 1000)}")

    def lift(self) -> None:
        """The transaction goes on with the desk's own limit."""
        held = self._holds
        self.forget()
        if held and self._sqlite is None:
            self._session.connection().exec_driver_sql(f"SET LOCAL statement_timeout = {STATEMENT_LIMIT_MS}")

    def forget(self) -> None:
        """The SAVEPOINT is rolled back, and on PostgreSQL the limit with it."""
        if not self._holds:
            return
        self._holds = self._session.info["statements_limited"] = False
        if self._sqlite is not None:
            self._sqlite.set_progress_handler(None, 0)


_STEPS = 10_000  # of SQLite's machine between two looks at the clock: about a millisecond


def _engine(url: str) -> sa.Engine:
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            address,
            connect_args={"timeout": SQLITE_WAIT_MS / 1000, "check_same_thread": False},
            json_serializer=storable_json,
            json_deserializer=_read_json,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        _take_turns(engine, Writers())
        return engine
    if address.get_backend_name() != "postgresql":
        raise ValueError(f"Plugdesk runs on SQLite and PostgreSQL, not on {address.get_backend_name()}.")
    engine = sa.create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=10,
        json_serializer=storable_json,
        connect_args={"options": f"-c timezone=utc -c statement_timeout={STATEMENT_LIMIT_MS}"},
    )
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # The driver's own transaction handling keeps the rows of a SAVEPOINT after the outer rollback.
    connection.isolation_level = None
    # SQLite's own lower() knows ASCII only: 'Привет' would not be found by 'привет'.
    connection.create_function("lower", 1, lambda text: text.lower() if isinstance(text, str) else text, deterministic=True)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_WAIT_MS}",
        "cache_size=-1000",  # 1 MB for each connection: the system keeps the file in memory, too, and once for all of them
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _take_turns(engine: sa.Engine, writers: Writers) -> None:
    """Those who write wait in a row, and only the first of it asks SQLite, which another process may be writing to."""

    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get("readonly"):
            connection.exec_driver_sql("BEGIN")
            return
        entered = writers.enter(SQLITE_WAIT_MS / 1000, patient=bool(options.get("patient")))
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            if entered:
                writers.leave()
            raise
        connection.info[_TURN] = True  # also of one that came too late: SQLite has let it in, so nobody else is writing

    def leave(info: dict[Any, Any]) -> None:
        if info.pop(_TURN, False):
            writers.leave()

    event.listen(engine, "begin", begin)
    event.listen(engine, "checkin", lambda _connection, record: leave(record.info))
    for end in ("commit", "rollback"):
        event.listen(engine, end, lambda connection: leave(connection.info))


_TURN = "plugdesk_turn"


def _begin_postgresql(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("readonly"):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
