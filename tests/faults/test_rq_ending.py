"""`plugdesk worker` with Redis is two processes: told to end or killed, it leaves neither behind, whatever is away by then."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugdesk import rq_worker
from tests.support.postgres import PostgresServer
from tests.support.processes import until
from tests.support.schema import migrate_all
from tests.support.work import make_runtime, set_up

pytestmark = [
    pytest.mark.needs("postgres", "redis"),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which processes another one has"),
]


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create()
    migrate_all(postgres_server.url(name))
    yield name
    postgres_server.drop(name)


@pytest.fixture
def two(postgres_server: PostgresServer, database: str, redis_url: str, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """The numbers of the process that ticks, which is a child of this one, and of its carrier."""
    runtime = make_runtime(postgres_server.url(database), tmp_path, redis_url=redis_url)
    set_up(runtime)
    runtime.database.close()
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(rq_worker.run_rq_worker(runtime))
        finally:
            os._exit(1)
    until(lambda: bool(carriers_of(pid)))
    (carrier,) = carriers_of(pid)
    try:
        yield pid, carrier
    finally:
        if is_alive(carrier):
            os.kill(carrier, signal.SIGKILL)


@pytest.mark.parametrize("away", ["nothing", "the database"])
def test_the_carrier_ends_with_its_worker(
    postgres_server: PostgresServer, database: str, two: tuple[int, int], away: str
) -> None:  # fmt: skip
    pid, carrier = two
    if away == "the database":
        postgres_server.drop(database)
    os.kill(pid, signal.SIGTERM)
    assert os.waitpid(pid, 0)[1] == 0
    assert not is_alive(carrier)


def test_the_carrier_outlives_no_worker_that_is_killed(two: tuple[int, int]) -> None:
    pid, carrier = two
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    until(lambda: not is_alive(carrier))


def is_alive(pid: int) -> bool:
    """Whether it runs; one that has ended stays listed as a zombie until whoever inherits it asks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def carriers_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
