"""The standard reports: `python benchmarks/reports.py [TICKETS] [DATABASE]`, 200,000 on SQLite where nothing is said.

Makes a desk of tickets over three years with their messages and events on six forms, looks through them as switching on does, and
prints how long each page of reports takes over all three years (its bar: 1 s, of 200,000 on SQLite and of 1,000,000 on PostgreSQL).
"""

from __future__ import annotations

import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import sqlalchemy as sa

from plugdesk.app import create_app
from plugdesk.events import Event
from plugdesk.forms.commands import create_form
from plugdesk.forms.models import Form, StatusKind
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator
from plugdesk.testing.browser import browser_of
from plugdesk.tickets.models import Message, Ticket
from plugdesk.users.commands import add_group, add_user, set_form_agent
from plugdesk.users.models import Role, User
from plugdesk.worker import Worker
from plugdesk_reports.models import Standing

TICKETS, FORMS, AGENTS, CUSTOMERS, BATCH = 200_000, 6, 30, 20_000, 5_000
DAYS, END = 1_095, datetime(2026, 11, 20, tzinfo=UTC)
PAGES = ("", "people", "times", "topics", "tickets?of=received", "tickets?of=closed&by=assignee&key=5", "tickets?of=backlog")
THREE_YEARS, PAGE_BAR = "from=2023-11-01&to=2026-11-20", 1.0


def main() -> None:
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"database_url": sys.argv[2]} if len(sys.argv) > 2 else {}
        runtime = open_runtime(Settings(data=Path(folder), base_url="https://desk.example", **given), migrating=True)
        started = perf_counter()
        make_tickets(runtime, tickets)
        print(f"{tickets} tickets made in {perf_counter() - started:.0f} s")
        started = perf_counter()
        _look_through(runtime)
        print(f"looked through and counted in {perf_counter() - started:.0f} s")
        _pages(runtime)
        runtime.close()


def make_tickets(runtime: Runtime, tickets: int) -> None:
    """A desk with as many tickets on `FORMS` forms, their messages and events, and one administrator."""
    chance = random.Random(17)
    with runtime.database.write() as session:
        create_desk(session, name="Benchmark", language="en", zone="Europe/Berlin")
        admin = first_administrator(
            session, name="Ada Admin", email="admin@desk.example", password="a long benchmark password 17"
        )
        forms = [create_form(session, name=f"Form {n + 1}", by=admin) for n in range(FORMS)]
        agents = [
            add_user(session, role=Role.AGENT, name=f"Agent {n}", email=f"a{n}@desk.example", password=None, by=admin)
            for n in range(AGENTS)
        ]
        groups = [add_group(session, name=f"Group {n}", by=admin) for n in range(5)]
        session.flush()
        for form in forms:
            for agent in agents:
                set_form_agent(session, form, agent, by=admin)
        customers = [User(role=Role.CUSTOMER, name=f"Customer {n}", created_at=END) for n in range(CUSTOMERS)]
        session.add_all(customers)
        session.flush()
        people = [[each.id for each in some] for some in (customers, agents, groups)]
    with runtime.database.engine.begin() as connection:
        for first in range(1, tickets + 1, BATCH):
            rows, said, told = [], list[dict[str, Any]](), list[dict[str, Any]]()
            for number in range(first, min(first + BATCH, tickets + 1)):
                rows.append(_ticket(chance, number, tickets, forms, people, said, told))
            for table, made in ((Ticket, rows), (Message, said), (Event, told)):
                connection.execute(sa.insert(table), made)
            print(f"\r{first:>8}", end="", file=sys.stderr, flush=True)
    with runtime.database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            for name in ("ticket", "message", "event"):
                connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _ticket(
    chance: random.Random, number: int, tickets: int, forms: list[Form], people: list[list[int]], said: list[Any], told: list[Any]
) -> dict[str, Any]:
    form, (customers, agents, groups) = forms[number % FORMS], people
    at = END - timedelta(days=DAYS) + timedelta(days=DAYS * number / tickets, minutes=chance.randrange(600))
    answered = at + timedelta(minutes=chance.lognormvariate(4, 1.4)) if chance.random() < 0.95 else None
    closed = answered + timedelta(minutes=chance.lognormvariate(6, 1.5)) if answered and chance.random() < 0.97 else None
    new, done = form.first_status(StatusKind.NEW), form.first_status(StatusKind.RESOLVED)
    assert new is not None and done is not None
    agent, now = chance.choice(agents), done if closed else new

    def event(kind: str, moment: datetime, **data: Any) -> None:
        told.append({"at": moment, "kind": kind, "form_id": form.id, "ticket_id": number, "data": data})

    def message(direction: str, moment: datetime) -> None:
        said.append(
            {
                "ticket_id": number,
                "direction": direction,
                "kind": "human",
                "text": "Hello",
                "created_at": moment,
                "to": [],
                "cc": [],
                "bcc": [],
            }
        )

    message("incoming", at)
    if answered:
        event("ticket_assigned", at + (answered - at) / 2, after={"assignee_id": agent, "group_id": None})
        message("outgoing", answered)
    if closed:
        event("status_changed", closed, before=new.code, after=done.code)
        event("ticket_closed", closed)
    return {
        "id": number, "form_id": form.id, "customer_id": chance.choice(customers), "opened_by_id": customers[0], "subject": f"Till {number} beeps",
        "excerpt": "", "channel": chance.choice(["email", "telegram", "phone"]), "status_id": now.id, "status_kind": now.kind,
        "assignee_id": agent if answered else None, "group_id": chance.choice(groups), "rank": 0,
        "values": {"priority": chance.choice(["low", "normal", "high"])}, "customer_waits": False, "created_at": at, "changed_at": at,
        "spoken_at": at, "closed_at": closed, "deleted_at": None, "merged_into_id": None, "parent_id": None, "unsettled": [], "version": 1,
    }  # fmt: skip


def _look_through(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        for form in session.scalars(sa.select(Form)).all():
            enable_plugin(session, form, "reports", None)
    worker = Worker(runtime, "benchmark")
    while True:
        worker.run_due()
        with runtime.database.read() as session:
            if all(each.ready_at and each.rolled_at for each in session.scalars(sa.select(Standing))):
                break
    with runtime.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _pages(runtime: Runtime) -> None:
    app = create_app(runtime)
    browser = browser_of(app)
    with runtime.database.read() as session:
        browser.sign_in(session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one())
    for page in PAGES:
        url = f"/x/reports/{page}{'&' if '?' in page else '?'}{THREE_YEARS}"
        browser.get(url)
        took = []
        for _round in range(3):
            started = perf_counter()
            answer = browser.get(url)
            took.append(perf_counter() - started)
            assert answer.status_code == 200, answer.status_code
        print(f"{page or 'overview':<40} {sorted(took)[1] * 1000:7.0f} ms   bar {PAGE_BAR * 1000:.0f} ms")


if __name__ == "__main__":
    main()
