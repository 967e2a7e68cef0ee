"""The tick of the SLA clocks: `python benchmarks/timers.py [TICKETS] [DATABASE]`, 100,000 on SQLite where nothing is said.

Opens one ticket whose policy promises two times, copies it with its two running clocks as often as asked, and prints what a tick costs
with none due (its bar: 20 ms) and with 1,000 due (2 s of one core), of 100,000 tickets on SQLite and of 1,000,000 on PostgreSQL. Then
what reckoning the clocks of 1,000 tickets anew costs, which after an edited policy goes on in the background.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import sqlalchemy as sa

from plugdesk.database import Base
from plugdesk.events import Event
from plugdesk.forms.commands import create_form, set_hours
from plugdesk.forms.models import Form
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.tickets.models import Ticket
from plugdesk.users.commands import add_group, add_user, find_or_create_customer, set_form_agent
from plugdesk.users.models import Role
from plugdesk_sla import runs, ticking
from plugdesk_sla.commands import add_policy, change_policy
from plugdesk_sla.entering import PolicyInput
from plugdesk_sla.models import Clock, News, Promise
from plugdesk_sla.promising import policies_of
from plugdesk_sla.ready import office

TICKETS, DUE, RECKONED, ROUNDS = 100_000, 1_000, 1_000, 5
NONE_BAR, DUE_BAR = 0.020, 2.0
FAR = timedelta(days=300)


def main() -> None:
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"database_url": sys.argv[2]} if len(sys.argv) > 2 else {}
        runtime = open_runtime(Settings(data=Path(folder), base_url="https://desk.example", **given), migrating=True)
        started = perf_counter()
        number = _open_one(runtime)
        _copy(runtime, number, tickets)
        print(
            f"{tickets:,} open tickets with {2 * tickets:,} clocks made in {perf_counter() - started:.0f} s on {runtime.database.dialect}"
        )
        _tick(runtime, 0)  # the first of a process also reads its programs
        for due, bar in ((0, NONE_BAR), (DUE, DUE_BAR)):
            took = sorted(_tick(runtime, due) for _round in range(ROUNDS if not due else 3))
            wall, own = took[len(took) // 2]
            print(
                f"a tick with {due:>5,} due  {wall * 1000:8.1f} ms ({own * 1000:.1f} ms of them in Python)   bar {bar * 1000:.0f} ms"
            )
        _reckon(runtime)
        runtime.close()


def _open_one(runtime: Runtime) -> int:
    with runtime.database.write() as session:
        create_desk(session, name="Benchmark", language="en", zone="Europe/Berlin")
        admin = first_administrator(
            session, name="Ada Admin", email="admin@desk.example", password="a long benchmark password 17"
        )
        form = create_form(session, name="Support", by=admin)
        agents = [
            add_user(session, role=Role.AGENT, name=f"Agent {n}", email=f"a{n}@desk.example", password=None, by=admin)
            for n in range(10)
        ]
        session.flush()
        for agent in agents:
            set_form_agent(session, form, agent, by=admin)
        group = add_group(session, name="Technicians", members=agents, supervisor=agents[0], by=admin)
        enable_plugin(session, form, "sla", admin)
        ctx = runtime.context("sla", form, session)
        set_hours(session, form, office(ctx, admin), by=admin)
        targets = [{"sort": sort, "status": "", "amount": 2, "unit": "days"} for sort in ("first", "resolution")]
        add_policy(ctx, PolicyInput("Usual", None, targets, told=["assignee", "supervisor"]), by=admin)
        customer = find_or_create_customer(session, channel="email", value="ann@home.example", name="Ann")
        ticket = open_ticket(session, form, customer, subject="The till beeps", said=Said(text="Beep."), channel="email")
        ticket.group = group
        return ticket.id


def _copy(runtime: Runtime, number: int, tickets: int) -> None:
    """The ticket, its promise and its clocks once more for each number that follows, by the database itself."""
    postgres = runtime.database.dialect == "postgresql"
    first, last = number + 1, number + tickets - 1
    counted = (
        f"SELECT i FROM generate_series({first}, {last}) AS s(i)"
        if postgres
        else f"WITH RECURSIVE s(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM s WHERE i < {last}) SELECT i FROM s"
    )
    with runtime.database.engine.begin() as connection:
        if postgres:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        for model, key in ((Ticket, "id"), (Promise, "ticket_id"), (Clock, "ticket_id")):
            table = Base.metadata.tables[model.__tablename__]
            names = [f'"{each.name}"' for each in table.columns if each.name != "id" or key == "id"]
            values = ["n.i" if name == f'"{key}"' else f"o.{name}" for name in names]
            connection.exec_driver_sql(
                f'INSERT INTO "{table.name}" ({", ".join(names)}) SELECT {", ".join(values)} FROM "{table.name}" AS o, ({counted}) AS n '
                f'WHERE o."{key}" = {number}'
            )
    with runtime.database.engine.connect() as connection:
        if postgres:
            connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('ticket', 'id'), (SELECT max(id) FROM ticket))")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _tick(runtime: Runtime, due: int) -> tuple[float, float]:
    """How long a tick takes with so many due, in seconds, and how much of that this process worked."""
    with runtime.database.write() as session:
        late = session.scalars(sa.select(Clock.id).order_by(Clock.id.desc()).limit(due)).all()
        past = runtime.clock.now() - timedelta(minutes=1)
        session.execute(sa.update(Clock).where(Clock.id.in_(late)).values(due_at=past, next_at=past, breached_at=None))
    with runtime.database.write() as session:
        ctx = runtime.context("sla", runtime.desk(session), session, kind="job")
        ctx.checkpoint = session.commit  # type: ignore[method-assign]
        began, worked = perf_counter(), process_time()
        done = ticking.tick(ctx)
        session.commit()
        took = perf_counter() - began, process_time() - worked
        assert done == due, (done, due)
        told = session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.kind == "sla_breached")) or 0
        assert told >= due
    with runtime.database.write() as session:
        session.execute(sa.delete(News))
        session.execute(
            sa.update(Clock).where(Clock.id.in_(late)).values(due_at=past + FAR, next_at=past + FAR, breached_at=None)
        )
    return took


def _reckon(runtime: Runtime) -> None:
    """Some batches of the walk that follows an edited policy."""
    with runtime.database.write() as session:
        form = session.scalars(sa.select(Form)).one()
        ctx = runtime.context("sla", form, session, kind="job")
        (policy,) = policies_of(ctx)
        targets = [{**each, "amount": 3} for each in policy.targets]
        change_policy(ctx, policy, PolicyInput("Usual", None, targets), by=None, version=policy.version)
        run = runs.reckoning(ctx)
        assert run is not None
        began = perf_counter()
        while run.done < RECKONED:
            runs.go_on(ctx, run, runs.BATCH)
            session.flush()
        print(f"reckoned anew {run.done:,} tickets in {perf_counter() - began:.1f} s, in the background")
        session.rollback()


if __name__ == "__main__":
    main()
