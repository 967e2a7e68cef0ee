"""`plugdesk worker` with Redis is two processes: told to end, it leaves neither behind, whatever is away by then."""

from __future__ import annotations

import os
import signal
import sys
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


@pytest.mark.parametrize("away", ["nothing", "the database"])
def test_the_carrier_ends_with_its_worker(postgres_server: PostgresServer, redis_url: str, tmp_path: Path, away: str) -> None:
    name = postgres_server.create()
    migrate_all(postgres_server.url(name))
    runtime = make_runtime(postgres_server.url(name), tmp_path, redis_url=redis_url)
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
        if away == "the database":
            postgres_server.drop(name)
        os.kill(pid, signal.SIGTERM)
        assert os.waitpid(pid, 0)[1] == 0
        assert not is_alive(carrier)
    finally:
        if is_alive(carrier):
            os.kill(carrier, signal.SIGKILL)
        postgres_server.drop(name)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def carriers_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
