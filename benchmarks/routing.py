"""What routing costs: `python benchmarks/routing.py [TICKETS]`. In process, SQLite, two hundred rules none of which holds but the last.

The figure for a ticket is CPU time of opening one with the rules less opening one without them, the median of many. The
rehearsal runs as its job does, batch by batch, both sets of rules over all tickets; beside it another thread goes on reading
the ticket list, as a page does.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import sqlalchemy as sa
from measure import Figure, print_figures

from plugdesk.forms.commands import add_field, create_form
from plugdesk.forms.models import FieldKind, Form
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator
from plugdesk.tickets.correspondence import Said, open_ticket
from plugdesk.tickets.lists import tickets_of_view
from plugdesk.users.commands import add_group
from plugdesk.users.customers import find_or_create_customer
from plugdesk.users.models import User
from plugdesk.worker import Worker
from plugdesk_routing.commands import RuleInput, add_rule
from plugdesk_routing.models import Replay, ReplayState
from plugdesk_routing.replay import start

RULES, TICKETS, SAMPLES = 200, 10_000, 200
TEXT = "Hello,\n\nsince the update terminal 7 prints every receipt twice. Пожалуйста, помогите нам. " * 40


def main(tickets: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        runtime = open_runtime(Settings(data=Path(folder)), migrating=True)
        ids = _desk(runtime)
        bare = _opening(runtime, ids, SAMPLES)
        _rules(runtime, ids)
        _opening(runtime, ids, 10)  # the rules are read once
        routed = _opening(runtime, ids, SAMPLES)
        _fill(runtime, ids, tickets)
        took, slowest = _rehearsal(runtime, ids, tickets)
        runtime.close()
    return print_figures([
        Figure("CPU for 200 rules on one ticket", routed - bare, 10, "ms", f"opening one: {bare:.1f} ms without, {routed:.1f} ms with"),
        Figure(f"rehearsal over {tickets} tickets", took, 60, "s", "400 rules a ticket: as they are, and as edited"),
        Figure("slowest ticket list meanwhile", slowest, 1_000, "ms", "read by another thread all the while"),
    ])  # fmt: skip


def _desk(runtime: Any) -> dict[str, int]:
    with runtime.database.write() as session:
        create_desk(session, name="Benchmark", language="en", zone="UTC")
        admin = first_administrator(session, name="Ada Admin", email="ada@desk.example", password="a benchmark's password 17")
        form = create_form(session, name="Support", by=admin)
        for n in range(20):
            add_field(session, form, kind=FieldKind.TEXT, label=f"Field {n}", by=admin)
        group = add_group(session, name="Technicians", members=[admin], supervisor=None, by=admin)
        customer = find_or_create_customer(session, channel="email", value="ann@example.com", name="Ann")
        session.flush()
        return {"form": form.id, "admin": admin.id, "group": group.id, "customer": customer.id}


def _rules(runtime: Any, ids: dict[str, int]) -> None:
    with runtime.database.write() as session:
        form, admin = session.get_one(Form, ids["form"]), session.get_one(User, ids["admin"])
        enable_plugin(session, form, "routing", by=admin)
        ctx = runtime.context("routing", form, session)
        for n in range(RULES - 1):
            add_rule(ctx, RuleInput(f"Rule {n}", _condition(n), {"group_id": ids["group"]}), by=admin)
        add_rule(ctx, RuleInput("The rest", None, {"group_id": ids["group"]}), by=admin)


def _condition(number: int) -> dict[str, Any]:
    return {
        "any": [
            {"fact": "ticket.words", "contains": f"слово {number}"},
            {"all": [{"fact": "customer.address", "contains": f"@shop{number}."}, {"fact": "opened.working", "is": True}]},
            {"all": [{"fact": "ticket.channel", "is": "email"}, {"fact": f"field.field_{number % 20}", "is": f"value {number}"}]},
        ]
    }


def _opening(runtime: Any, ids: dict[str, int], number: int) -> float:
    """Milliseconds of CPU that opening a ticket takes, the median."""
    times = []
    for n in range(number):
        with runtime.database.write() as session:
            form, customer = session.get_one(Form, ids["form"]), session.get_one(User, ids["customer"])
            began = process_time()
            open_ticket(session, form, customer, subject=f"Till {n}", said=Said(text=TEXT), channel="email")
            times.append((process_time() - began) * 1000)
    return statistics.median(times)


def _fill(runtime: Any, ids: dict[str, int], number: int) -> None:
    done = 2 * SAMPLES + 10
    while done < number:
        with runtime.database.write() as session:
            form, customer = session.get_one(Form, ids["form"]), session.get_one(User, ids["customer"])
            for n in range(min(500, number - done)):
                open_ticket(session, form, customer, subject=f"Till {n}", said=Said(text=TEXT), channel="email")
                done += 1


def _rehearsal(runtime: Any, ids: dict[str, int], tickets: int) -> tuple[float, float]:
    """Seconds from the press to the result, and milliseconds of the slowest list that was read meanwhile."""
    with runtime.database.write() as session:
        form, admin = session.get_one(Form, ids["form"]), session.get_one(User, ids["admin"])
        ctx = runtime.context("routing", form, session)
        replay_id = start(ctx, RuleInput("Edited", _condition(7), {"group_id": None}), row=None, most=10_000, by=admin).id
    over, reads = threading.Event(), list[float]()
    reader = threading.Thread(target=_read, args=(runtime, ids, over, reads))
    reader.start()
    began = perf_counter()
    worker = Worker(runtime, "benchmark")
    worker.run_due()
    took = perf_counter() - began
    over.set()
    reader.join()
    with runtime.database.read() as session:
        found = session.scalars(sa.select(Replay).where(Replay.id == replay_id)).one()
        assert (found.state, found.done) == (ReplayState.DONE, min(tickets, 10_000)), (found.state, found.done)
    return took, max(reads) * 1000


def _read(runtime: Any, ids: dict[str, int], over: threading.Event, reads: list[float]) -> None:
    while not over.wait(0.2):
        with runtime.database.read() as session:
            began = perf_counter()
            tickets_of_view(session, session.get_one(User, ids["admin"]), "open")
            reads.append(perf_counter() - began)


if __name__ == "__main__":
    sys.exit(0 if main(int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS) else 1)
