"""The reports: `python benchmarks/reports.py [TICKETS] [DATABASE]`, 200,000 on SQLite where nothing is said.

Makes a desk of tickets over three years on six forms. The first 50,000, with their messages and events, are looked through as switching
on does; the others are theirs over again with other customers and other lengths of time, written by the database, and all days are
counted anew. Prints how long each page takes over all three years: the standard reports (their bar: 1 s, of 200,000 on SQLite and of
1,000,000 on PostgreSQL) and own reports (10 s). The second figure is the processor's time of this process, in which SQLite works, too.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import sqlalchemy as sa
from measure import Figure, print_figures

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
from plugdesk_reports.keeping import count_again
from plugdesk_reports.models import Mark, Standing, Stretch, TicketFacts

TICKETS, FORMS, AGENTS, CUSTOMERS, BATCH, SEED = 200_000, 6, 30, 20_000, 5_000, 50_000
DAYS, END = 1_095, datetime(2026, 11, 20, tzinfo=UTC)
PAGES = ("", "people", "times", "topics", "tickets?of=received", "tickets?of=closed&by=assignee&key=5", "tickets?of=backlog")
OWN = (
    "metric=received&by=time&chart=line", "metric=answer_time&by=customer&chart=bars", "metric=close_time&by=time&chart=line",
    "metric=received&by=field:priority&words=channel:email", "metric=backlog&by=time&chart=line", "metric=received&by=organization",
)  # fmt: skip
THREE_YEARS, PAGE_BAR, OWN_BAR = "from=2023-11-01&to=2026-11-20", 1.0, 10.0


def main() -> int:
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"database_url": sys.argv[2]} if len(sys.argv) > 2 else {}
        runtime = open_runtime(Settings(data=Path(folder), base_url="https://desk.example", **given), migrating=True)
        make_desk(runtime, tickets)
        kept = print_figures(page_times(runtime))
        runtime.close()
    return 0 if kept else 1


def make_desk(runtime: Runtime, tickets: int) -> None:
    """A desk with as many tickets, all of them counted."""
    times = max(1, tickets // SEED)
    with _told(f"{tickets // times} tickets made"):
        make_tickets(runtime, tickets // times, apart=times)
    with _told("looked through and counted"):
        _look_through(runtime)
    if times > 1:
        with _told(f"copied {times - 1} times, and all days counted anew"):
            _copy(runtime, times)
            _count_anew(runtime)


@contextmanager
def _told(what: str) -> Iterator[None]:
    started, used = perf_counter(), process_time()
    yield
    print(f"{what} in {perf_counter() - started:.0f} s ({process_time() - used:.0f} s of the processor)", flush=True)


def make_tickets(runtime: Runtime, tickets: int, *, apart: int = 1) -> None:
    """A desk with as many tickets on `FORMS` forms, their messages and events, and one administrator. Their numbers are `apart`."""
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
            for place in range(first, min(first + BATCH, tickets + 1)):
                rows.append(_ticket(chance, place * apart, tickets * apart, forms, people, said, told))
            for table, made in ((Ticket, rows), (Message, said), (Event, told)):
                connection.execute(sa.insert(table), made)
            print(f"\r{first:>8}", end="", file=sys.stderr, flush=True)
    with runtime.database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            for name in ("ticket", "message", "event"):
                connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
        connection.commit()
    _analyze(runtime)


def _ticket(
    chance: random.Random, number: int, tickets: int, forms: list[Form], people: list[list[int]], said: list[Any], told: list[Any]
) -> dict[str, Any]:
    form, (customers, agents, groups) = chance.choice(forms), people
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
    _work(runtime)


def _copy(runtime: Runtime, times: int) -> None:
    """Between two tickets that lie `times` apart there stand as many copies of the later one, less one, and of what is kept of it."""
    copies = sa.union_all(*(sa.select(sa.literal(n).label("n")) for n in range(1, times))).cte("copies")
    n = copies.c.n
    with runtime.database.engine.begin() as connection:
        customers = sa.select(sa.func.min(User.id)).where(User.name == "Customer 0")
        first = connection.scalar(customers) or 0
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        other = first + (TicketFacts.customer_id - first + n * 37) % CUSTOMERS
        changed: dict[Any, Any] = {TicketFacts.customer_id: other}
        for name in ("accepted", "answered", "closed"):  # other lengths of time, as there would be
            for column in (getattr(TicketFacts, f"{name}_after"), getattr(TicketFacts, f"{name}_worked")):
                changed[column] = column + (n * 61) % 900 * (1 + column / 3600)
        for model, key in ((Ticket, "id"), (TicketFacts, "ticket_id"), (Mark, "ticket_id"), (Stretch, "ticket_id")):
            table: Any = model.__table__
            values = {column.name: column for column in table.columns} | {
                column.key: value for column, value in changed.items() if column.class_ is model
            }
            values[key] = table.c[key] - n
            rows = sa.select(*values.values()).select_from(table).join(copies, sa.true()).order_by(values[key])
            connection.execute(sa.insert(table).from_select(list(values), rows))
    _analyze(runtime)


def _count_anew(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        opened = sa.select(TicketFacts.form_id, TicketFacts.opened_day)
        ended = sa.select(Stretch.form_id, Stretch.ended_day).where(Stretch.ended_day.is_not(None))
        count_again(session, {(form_id, day) for form_id, day in session.execute(sa.union(opened, ended))})
        session.execute(sa.update(Standing).values(rolled_at=None))
    _work(runtime)


def _work(runtime: Runtime) -> None:
    """What a worker does until the figures of all forms stand."""
    worker = Worker(runtime, "benchmark")
    while True:
        worker.run_due()
        with runtime.database.read() as session:
            if all(each.ready_at and each.rolled_at for each in session.scalars(sa.select(Standing))):
                break
    _analyze(runtime)


def _analyze(runtime: Runtime) -> None:
    with runtime.database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # of a million it takes longer than a page may
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def page_times(runtime: Runtime) -> list[Figure]:
    """The middle of three looks at each page."""
    browser, figures = browser_of(create_app(runtime)), []
    with runtime.database.read() as session:
        browser.sign_in(session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one())
    asked = [(page or "overview", f"/x/reports/{page}{'&' if '?' in page else '?'}{THREE_YEARS}", PAGE_BAR) for page in PAGES]
    asked += [(each, f"/x/reports/own/new?{each}&period=days&{THREE_YEARS}", OWN_BAR) for each in OWN]
    for name, url, bar in asked:
        browser.get(url)
        took = []
        for _round in range(3):
            started, used = perf_counter(), process_time()
            answer = browser.get(url)
            took.append((perf_counter() - started, process_time() - used))
            assert answer.status_code == 200, answer.status_code
        wall, used = sorted(took)[1]
        figures.append(Figure(name, wall, bar, "s", f"{used:.2f} s of the processor"))
    return figures


if __name__ == "__main__":
    sys.exit(main())
