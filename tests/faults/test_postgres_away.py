"""PostgreSQL cuts connections, is away for a while, or finds two transactions in each other's way: no work is lost or half done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from webtest import TestApp

from plugdesk.app import create_app
from plugdesk.clock import MovableClock
from plugdesk.contributions import JobKind
from plugdesk.forms.models import Form
from plugdesk.jobs import Job, enqueue
from plugdesk.sessions import sign_in
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.models import User
from plugdesk.worker import Worker
from tests.factories import make_ticket
from tests.support.company import AGENT, Company, letter, post
from tests.support.desk import MONDAY_MORNING
from tests.support.postgres import PostgresServer
from tests.support.processes import until
from tests.support.work import make_runtime, trial_plugin

pytestmark = pytest.mark.needs("postgres")
WORDS = "It took me twenty minutes to write this."


@pytest.fixture
def company(company_on: Callable[..., Company]) -> Company:
    return company_on("postgres", clock=MovableClock(MONDAY_MORNING))


@pytest.fixture
def ivan(company: Company) -> TestApp:
    """Ivan's browser, and a ticket of Ann."""
    with company.runtime.database.write() as session:
        make_ticket(session, session.scalars(sa.select(Form).where(Form.slug == "support")).one())
        token = sign_in(session, session.scalars(sa.select(User).where(User.email == AGENT)).one())
    browser = TestApp(create_app(company.runtime), extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": "desk.example"})
    browser.set_cookie("__Host-plugdesk", token)
    return browser


def said(company: Company) -> list[str]:
    with company.runtime.database.read() as session:
        return list(session.scalars(sa.select(Message.text).where(Message.kind == "human").order_by(Message.id)))


def cut_connections(server: PostgresServer, company: Company, *, only_waiting: bool = False) -> int:
    """Ends the desk's connections to its database as a restart does; returns how many there were."""
    where = "AND wait_event_type = 'Lock'" if only_waiting else ""
    name = company.runtime.database.engine.url.database
    query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' {where}"
    return len(server.admin.execute(query).fetchall())


@contextmanager
def away(server: PostgresServer, company: Company) -> Iterator[None]:
    """A database nobody can connect to."""
    name = company.runtime.database.engine.url.database
    server.admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    cut_connections(server, company)
    try:
        yield
    finally:
        server.admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_a_connection_cut_between_two_requests_is_noticed_by_nobody(
    company: Company, ivan: TestApp, postgres_server: PostgresServer
) -> None:
    ivan.get("/tickets/1", status=200)
    assert cut_connections(postgres_server, company)
    ivan.get("/tickets/1", status=200)


def test_a_connection_cut_in_the_middle_of_a_request_undoes_it_and_keeps_every_word(
    company: Company, ivan: TestApp, postgres_server: PostgresServer
) -> None:
    page = ivan.get("/tickets/1").forms["composer"]
    page["text"] = WORDS
    with ThreadPoolExecutor(1) as pool:
        with company.runtime.database.write() as other:
            other.get_one(Ticket, 1, with_for_update=True)
            pending = pool.submit(page.submit, status=503)
            until(lambda: cut_connections(postgres_server, company, only_waiting=True) == 1)
            refused = pending.result(20)
    assert "Nothing was lost" in refused.text
    assert WORDS not in said(company)
    kept = refused.forms["typed"]
    assert kept["text"].value == WORDS
    kept.submit(status=303)
    assert said(company).count(WORDS) == 1


@pytest.mark.parametrize("path", ["/tickets/1", "/sign-in", "/views/open"])
def test_while_the_database_is_away_every_page_says_so_in_words(
    company: Company, ivan: TestApp, postgres_server: PostgresServer, path: str
) -> None:
    ivan.get("/tickets/1")
    with away(postgres_server, company):
        assert "cannot be reached" in ivan.get(path, status=503, headers={"Accept-Language": "en"}).text
        assert "недоступна" in ivan.get(path, status=503, headers={"Accept-Language": "ru"}).text
    ivan.get("/tickets/1", status=200)


def test_a_worker_goes_on_when_the_database_is_back(company: Company, postgres_server: PostgresServer) -> None:
    stop = threading.Event()
    working = threading.Thread(target=Worker(company.runtime).run_forever, args=(stop,))
    working.start()
    try:
        with away(postgres_server, company):
            post(company.mail, letter("ann@example.com", "It beeps", "Twice."))
        until(lambda: has_answered(company))
    finally:
        stop.set()
        working.join()
    assert len(company.letters("ann@example.com")) == 1


def has_answered(company: Company) -> bool:
    company.later(seconds=20)
    return bool(company.letters("ann@example.com"))


def test_two_jobs_in_each_others_way_are_both_done(company: Company, tmp_path: Path) -> None:
    together, tries = threading.Barrier(2, timeout=10), list[int]()

    def add(ctx: Any, first: int) -> None:
        tries.append(first)
        for number in (first, 3 - first):
            ctx.db.get_one(Form, number, with_for_update=True, populate_existing=True).position += 10
            ctx.db.flush()
            if number == first and tries.count(first) == 1:
                together.wait()

    clock = MovableClock(MONDAY_MORNING)
    runtime = make_runtime(company.runtime.settings.url, tmp_path, trial_plugin(jobs=[JobKind("add", add)]), clock=clock)
    with closing(runtime.database):
        with runtime.database.write() as session:
            session.execute(sa.delete(Job))
            for form in session.scalars(sa.select(Form)):
                form.extensions = ["trial"]
                enqueue(session, "trial:add", form=form, first=form.id)
        with ThreadPoolExecutor(2) as pool:
            list(
                pool.map(lambda _: until(lambda: Worker(runtime).run_due(1) == 1), range(2))
            )  # who comes second may miss it once
        clock.advance(seconds=10)
        Worker(runtime).run_due()
        with runtime.database.read() as session:
            assert session.scalars(sa.select(Job).where(Job.kind == "trial:add")).all() == []
            assert [position // 10 for position in session.scalars(sa.select(Form.position))] == [2, 2]
        assert len(tries) == 3
