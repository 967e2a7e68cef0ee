"""Makes the desk that the page benchmarks measure: `python benchmarks/data.py FOLDER [TICKETS]`.

100,000 tickets of 3 messages (800 bytes of text, 4 KB of HTML as mail programs write it), one ticket of 100 messages, 500
customers, 6 forms with every built-in extension on, 12 agents in groups. Rows are written in bulk; the counts, the search
index and the extensions' rows are those that the commands would have written.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.forms.commands import create_form
from plugdesk.forms.models import Form, StatusKind
from plugdesk.html import CLEANER_VERSION, clean_html
from plugdesk.opening import open_runtime
from plugdesk.plugins.switch import enable_plugin
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator
from plugdesk.stems import index_text
from plugdesk.tickets.models import Message, Tally, Ticket
from plugdesk.tickets.tally import heaps_of
from plugdesk.users.commands import add_group, add_user, set_form_agent, set_members
from plugdesk.users.models import Identity, Role, User

TICKETS, CUSTOMERS, FORMS, AGENTS = 100_000, 500, 6, 12
BATCH = 5_000
PASSWORD = "a long benchmark password 17"
EMAIL = "admin@desk.example"
WORDS = (  # noqa: SIM905
    "terminal receipt printer update drawer shift till refund cable scanner label price shop stock order invoice delivery payment "
    "customer report total network password account monday morning evening display battery charger screen button paper roll error"
).split()


def make(folder: Path, tickets: int = TICKETS) -> None:
    """Fill an empty folder with a desk of `tickets` tickets."""
    runtime = open_runtime(Settings(data=folder, base_url="http://127.0.0.1:8000"), migrating=True)
    forms, customers, agents, groups = _people(runtime)
    chance = random.Random(17)
    with runtime.database.engine.begin() as connection:
        number = message_id = 0
        tallies: Counter[tuple[int, str]] = Counter()
        while number < tickets:
            rows = [
                _ticket(chance, number + n + 1, forms, customers, agents, groups) for n in range(min(BATCH, tickets - number))
            ]
            said = []
            for row in rows:
                many = 100 if row["id"] == tickets else 3
                said += [_message(chance, message_id + n + 1, row, customers, agents, n) for n in range(many)]
                message_id += many
                tallies.update((row["form_id"], heap) for heap in heaps_of(row))
            connection.execute(sa.insert(Ticket), rows)
            connection.execute(sa.insert(Message), said)
            _index(connection, rows, said)
            number += len(rows)
            print(f"\r{number:>7} tickets", end="", file=sys.stderr, flush=True)
        connection.execute(
            sa.insert(Tally), [{"form_id": form_id, "heap": heap, "n": n} for (form_id, heap), n in tallies.items()]
        )
    with runtime.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    print(file=sys.stderr)
    runtime.close()


def _people(runtime: Runtime) -> tuple[list[Form], list[int], list[int], list[int]]:
    with runtime.database.write() as session:
        create_desk(session, name="Benchmark", language="en", zone="UTC")
        admin = first_administrator(session, name="Ada Admin", email=EMAIL, password=PASSWORD)
        forms = [create_form(session, name=f"Form {n + 1}", by=admin) for n in range(FORMS)]
        agents = [
            add_user(
                session, role=Role.AGENT, name=f"Agent {n + 1}", email=f"agent{n + 1}@desk.example", password=PASSWORD, by=admin
            )
            for n in range(AGENTS)
        ]
        groups = [add_group(session, name=f"Group {n + 1}", by=admin) for n in range(4)]
        session.flush()
        for n, group in enumerate(groups):
            set_members(session, group, [admin, *agents[n * 3 : n * 3 + 3]], by=admin)
        for form in forms:
            for agent in agents:
                set_form_agent(session, form, agent, by=admin)
            switch_everything_on(runtime, session, form, by=admin)
        now = runtime.clock.now()
        customers = [User(role=Role.CUSTOMER, name=f"Customer {n}", created_at=now) for n in range(CUSTOMERS)]
        session.add_all(customers)
        session.flush()
        session.add_all(
            Identity(user_id=each.id, channel="email", value=f"customer{n}@example.com") for n, each in enumerate(customers)
        )
        return forms, [each.id for each in customers], [admin.id, *(each.id for each in agents)], [each.id for each in groups]


def switch_everything_on(runtime: Runtime, session: Session, form: Form, *, by: User) -> None:
    """Every built-in extension that is switched on for forms."""
    for plugin in runtime.registry.loaded:
        if plugin.manifest is not None and plugin.manifest.scope == "form":
            enable_plugin(session, form, plugin.id, by=by)


def _ticket(
    chance: random.Random, number: int, forms: list[Form], customers: list[int], agents: list[int], groups: list[int]
) -> dict[str, Any]:
    form = forms[number % FORMS]
    status = form.statuses[chance.choices(range(len(form.statuses)), (4, 20, 16, 30, 30)[: len(form.statuses)])[0]]
    at = datetime(2026, 11, 20, tzinfo=UTC) - timedelta(minutes=chance.randrange(500_000))
    return {
        "id": number, "form_id": form.id, "customer_id": chance.choice(customers), "opened_by_id": customers[0],
        "subject": f"The {chance.choice(WORDS)} of till {number} {' '.join(chance.choices(WORDS, k=4))}",
        "excerpt": " ".join(chance.choices(WORDS, k=18)), "channel": "email", "status_id": status.id, "status_kind": status.kind,
        "assignee_id": None if status.kind is StatusKind.NEW else chance.choice(agents), "group_id": chance.choice(groups), "rank": 0,
        "values": {"priority": "normal"}, "customer_waits": chance.random() < 0.4, "created_at": at, "changed_at": at, "spoken_at": at,
        "closed_at": at if status.kind.is_final else None, "deleted_at": None, "merged_into_id": None, "parent_id": None, "unsettled": [], "version": 1,
    }  # fmt: skip


def _message(
    chance: random.Random, number: int, ticket: dict[str, Any], customers: list[int], agents: list[int], n: int
) -> dict[str, Any]:
    text = " ".join(chance.choices(WORDS, k=125))[:800]
    html = _HTML.replace("TEXT", text)
    incoming = n % 2 == 0
    return {
        "id": number, "ticket_id": ticket["id"], "direction": "incoming" if incoming else "outgoing", "kind": "human",
        "author_id": ticket["customer_id"] if incoming else agents[0], "channel": "email", "subject": ticket["subject"], "text": text,
        "html": html, "clean_html": _CLEAN.replace("TEXT", text), "cleaned_by": CLEANER_VERSION, "to": [], "cc": [], "bcc": [],
        "external_id": f"m{number}@example.com", "created_at": ticket["created_at"] + timedelta(minutes=n),
        "delivery": None if incoming else "sent",
    }  # fmt: skip


def _index(connection: sa.Connection, tickets: list[dict[str, Any]], said: list[dict[str, Any]]) -> None:
    """The documents that `plugdesk.search.index_message` would have made."""
    bodies: dict[int, list[str]] = {}
    for message in said:
        bodies.setdefault(message["ticket_id"], []).append(message["text"])
    sqlite = connection.dialect.name == "sqlite"
    insert = sa.text(
        "INSERT INTO ticket_search (rowid, subject, people, body, notes) VALUES (:id, :subject, '', :body, '')"
        if sqlite
        else "INSERT INTO ticket_search (ticket_id, public, notes) VALUES (:id, to_tsvector('simple', :subject || ' ' || :body), to_tsvector('simple', ''))"
    )
    connection.execute(
        insert,
        [
            {"id": row["id"], "subject": index_text(str(row["id"]), row["subject"]), "body": index_text(*bodies[row["id"]])}
            for row in tickets
        ],
    )


_STYLE = '<p class="MsoNormal" style="margin:0cm;font-size:11.0pt;font-family:Calibri,sans-serif;color:#1f1f1f">'
_HTML = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style>p.MsoNormal{margin:0cm}</style></head>'
    f"<body lang=EN-GB><div>{_STYLE}TEXT</p>{(_STYLE + '&nbsp;</p>') * 20}<table><tr><td>{_STYLE}Kind regards</p></td></tr></table></div></body></html>"
)
_HTML += "<!-- " + "x" * max(0, 4_096 - len(_HTML) - 800) + " -->"
_CLEAN = clean_html(_HTML)

if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else TICKETS)
