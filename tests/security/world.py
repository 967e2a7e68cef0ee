"""A desk with one of everything, and everybody who might ask for it: what the tests of security look at."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import plugdesk_web
from plugdesk.hooks import hookimpl
from plugdesk.plugins.loader import Plugin, State
from plugdesk.plugins.manifest import Manifest
from plugdesk.plugins.settings import option
from plugdesk_demo.models import PlayedPerson
from plugdesk_web.contributions import Action
from tests.factories import PASSWORD, make_admin, make_agent, make_customer, make_desk, make_form, make_group
from tests.security.answers import answers_of, articles_of
from tests.security.customers import sign_in_link
from tests.security.extensions import things_of_extensions

if TYPE_CHECKING:
    from flask import Flask

    from plugdesk.forms.models import Form
    from plugdesk.runtime import Runtime
    from plugdesk.testing.browser import Browser
    from plugdesk.users.models import User

ROLES = ("anonymous", "customer", "stranger", "rival", "accountant", "agent", "form_admin", "admin")
WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|COPY|TRUNCATE)\b", re.IGNORECASE)
INTO = re.compile(r'(?:INSERT INTO|UPDATE) "?(\w+)"? ', re.IGNORECASE)
MEASURED = ("plugin_figures", "plugin_error")  # how long hooks took and how they failed, which pages write down now and then
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


@dataclass
class World:
    """The forms Support and Billing. Ann's ticket is on Support, where Ivan works and Petra configures.

    Anna (the accountant) sees of Support only what waits for payment. Olga (the stranger) works on Billing, Boris (the rival) configures it, Marta administers the desk. `things` maps what
    an address names (`number`, `slug`, `key` …) to what there is of it on Support.
    """

    app: Flask
    runtime: Runtime
    session: Session
    people: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    written: list[str] = field(default_factory=list)  # statements that wrote, of the last `undone` block

    @property
    def connection(self) -> sa.Connection:
        """The one that all of the desk's sessions share."""
        connection = self.session.get_bind()
        assert isinstance(connection, sa.Connection)
        return connection

    def browser(self, role: str) -> Browser:
        """A browser in which somebody of `role` is signed in; of "anonymous" nobody."""
        from plugdesk.testing.browser import COOKIE, browser_of

        browser = browser_of(self.app)
        if role != "anonymous":
            browser.set_cookie(COOKIE, self.tokens[role], domain="desk.example", secure=True, path="/")
        if role == "customer":  # in the portal, which has a cookie of its own
            browser.set_cookie(f"{COOKIE}_customer", self.tokens[role], domain="desk.example", secure=True, path="/")
        return browser

    def ask(self, role: str, method: str, path: str, body: Mapping[str, Any] | None = None, **given: Any) -> Any:
        """What the desk answers to somebody of `role`. A value of `body` that is bytes is sent as a file."""
        sent = {
            name: (BytesIO(value), "notes.txt") if isinstance(value, bytes) else value for name, value in (body or {}).items()
        }
        multipart = (
            {"content_type": "multipart/form-data"} if any(isinstance(value, bytes) for value in (body or {}).values()) else {}
        )
        response = self.browser(role).open(path, method=method, data=sent or None, **multipart, **given)
        response.get_data()  # to the end of a file, which is closed then
        response.close()
        return response

    def path(self, rule: str, **instead: Any) -> str:
        """An address of `rule`, with what there is for each of its parts, or what is given `instead`."""
        known = {**self.things, **instead}
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(known[part[1]]), rule)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever the desk stores inside the block is gone after it."""
        self.session.rollback()
        connection = self.connection
        known = set(self.session)
        self.written.clear()
        with connection.begin_nested() as savepoint, self._listening(connection):
            yield
            savepoint.rollback()
        for row in [row for row in self.session if row not in known]:
            self.session.expunge(row)  # it is gone, and SQLite gives its number to a new one
        self.session.expire_all()  # the session knows nothing of a savepoint of its connection

    @contextmanager
    def _listening(self, connection: sa.Connection) -> Iterator[None]:
        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if WRITES.search(statement):
                self.written.append(statement)

        sa.event.listen(connection, "before_cursor_execute", note)
        try:
            yield
        finally:
            sa.event.remove(connection, "before_cursor_execute", note)

    def changed(self, before: Mapping[str, str]) -> list[str]:
        """The tables that are, inside an `undone` block, other than in `before`; what no statement wrote to is not read again."""
        into = [INTO.match(statement) for statement in self.written]
        if all(into):  # else something was deleted, which takes rows of other tables along, or is not understood
            after = self.dump({each[1] for each in into if each})
        else:
            after = self.dump()
        return [name for name in after if after[name] != before[name]]

    def dump(self, only: Collection[str] | None = None) -> dict[str, str]:
        """A fingerprint of every table (or `only` these) but what is measured, and in the journal but of who was refused."""
        connection = self.connection
        if not self.tables:
            self.tables = tuple(name for name in sa.inspect(connection).get_table_names() if name not in MEASURED)
        found = {}
        for name in self.tables if only is None else [each for each in self.tables if each in only]:
            but = " WHERE kind <> 'access_denied'" if name == "event" else ""
            rows = sorted(repr(tuple(row)) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"{but}'))
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
        return found


@dataclass(frozen=True)
class ButtonSettings:
    """What an extension of the tests' own can be told."""

    VERSION = 1

    words: str = option("Pressed", label="Words")


def button() -> Plugin:
    """An extension with what no built-in one has: a button on the ticket, a test of its settings, static files."""

    def pages() -> Sequence[Any]:
        return [Action("press", "Press", "check", lambda ctx, ticket, agent: ctx.settings.words)]

    def check_settings(ctx: Any, settings: Any) -> Sequence[str]:
        return [settings.words]

    module = ModuleType("plugdesk_button")
    module.pages, module.check_settings = hookimpl(pages), hookimpl(check_settings)  # type: ignore[attr-defined]
    manifest = Manifest(
        id="button", name="Button", summary="A button.", category="other", scope="form", api=">=1.0,<2",
        folder=Path(plugdesk_web.__file__).parent, settings=f"{__name__}:ButtonSettings",
    )  # fmt: skip
    return Plugin("button", State.OK, manifest=manifest, modules=[module])


def build(app: Flask, runtime: Runtime, session: Session) -> World:
    """Fill the desk by the ordinary commands."""
    world = World(app, runtime, session)
    make_desk(session).set_up_at = runtime.clock.now()
    support, billing = make_form(session, name="Support", slug="support"), make_form(session, name="Billing", slug="billing")
    session.flush()  # the forms' ids, for the rights on them
    world.people = {
        "customer": make_customer(session, name="Ann Carter", email="ann@home.example"),
        "stranger": make_agent(session, billing, name="Olga Orlova", email="olga@desk.example"),
        "rival": make_agent(session, billing, name="Boris Berg", email="boris@desk.example", is_admin=True),
        "accountant": make_agent(session, name="Anna Kern", email="anna@desk.example"),
        "agent": make_agent(session, support, name="Ivan Petrov", email="ivan@desk.example"),
        "form_admin": make_agent(session, support, name="Petra Simon", email="petra@desk.example", is_admin=True),
        "admin": make_admin(session, name="Marta Grünwald", email="marta@desk.example"),
    }
    session.flush()
    for form in (support, billing):
        _switch_on(
            session,
            form,
            "email",
            "csat",
            "telegram",
            "routing",
            "workflow",
            "webform",
            "faq",
            "portal",
            "contracts",
            "reports",
            "sla",
            "automation",
            "button",
        )
    _switch_on(session, runtime.desk(session), "demo")
    session.add(PlayedPerson(number=5_200_000_001, first_name="Emma", last_name="Clark", phone="+447700900001"))
    _fill(world, support, billing)
    session.commit()
    return world


def _switch_on(session: Session, scope: Any, *plugins: str) -> None:
    from plugdesk.plugins.switch import enable_plugin

    for plugin in plugins:
        enable_plugin(session, scope, plugin, by=None)


def _fill(world: World, support: Form, billing: Form) -> None:
    from plugdesk.events import Delivery, record
    from plugdesk.jobs import JobState, enqueue
    from plugdesk.sessions import SignedSession, sign_in
    from plugdesk.tickets.attachments import NewFile, add_file
    from plugdesk.tickets.bin import delete_ticket
    from plugdesk.tickets.correspondence import Said, add_note, open_ticket, reply_to_ticket
    from plugdesk.tickets.merging import merge_tickets
    from plugdesk.tickets.models import DeliveryState
    from plugdesk.tickets.subtasks import ask_colleague
    from plugdesk.users.customers import add_organization, find_or_create_customer
    from plugdesk.users.shifts import add_absence

    session, people, runtime = world.session, world.people, world.runtime
    bob = find_or_create_customer(session, channel="email", value="bob@home.example", name="Bob Stone")
    bob.organization = add_organization(session, name="Stone Works", by=people["admin"])
    letter = Said(text="The till beeps twice.", files=[NewFile("till.png", PICTURE, "image/png")])
    ticket = open_ticket(session, support, people["customer"], subject="The till beeps", said=letter, channel="email")
    bobs = open_ticket(session, support, bob, subject="Bobs own affair", said=Said(text="Quite private."), channel="email")
    binned = open_ticket(session, support, bob, subject="An advertisement", said=Said(text="Buy."), channel="email")
    elsewhere = open_ticket(session, billing, bob, subject="The invoice", said=Said(text="Where is it?"), channel="email")
    note = add_note(session, ticket, people["agent"], body="<p>A difficult one.</p>")
    secret = add_file(session, NewFile("note.txt", b"for us"), message=note)
    sent = reply_to_ticket(session, ticket, people["agent"], body="<p>We look into it.</p>")
    failed = reply_to_ticket(session, ticket, people["agent"], body="<p>Here you are.</p>")
    failed.delivery = DeliveryState.FAILED
    in_progress = support.status("in_progress")  # not waiting: the accountant sees that
    arrived = reply_to_ticket(session, ticket, people["agent"], body="<p>Try the other cable.</p>", status=in_progress)
    arrived.channel, arrived.delivery = "telegram", DeliveryState.SENT
    group = make_group(session, people["agent"], name="Technicians")
    asked = ask_colleague(session, ticket, people["agent"], group=group, subject="The beep", body="<p>Who knows?</p>")
    answered = add_note(session, asked, people["admin"], body="<p>The cover is open.</p>")
    merged = open_ticket(session, support, bob, subject="Bobs own affair again", said=Said(text="Private."), channel="email")
    session.flush()  # the rows that are held for merging
    merge_tickets(session, merged, bobs, people["admin"])
    payable = _payable(world, support)
    upload = add_file(session, NewFile("draft.txt", b"not sent yet"), by=people["agent"])
    away = add_absence(session, people["agent"], first_day="2027-01-01", last_day="2027-01-03", by=None)
    delete_ticket(session, binned, people["admin"])
    world.tokens = {role: sign_in(session, user) for role, user in people.items()}
    other = sign_in(session, people["agent"])
    job = enqueue(session, "core:deliver_message", form=support, key="message:0", message_id=0)
    assert job is not None
    job.state = JobState.PARKED
    event = record(session, "note_added", ticket=ticket, actor=people["agent"])
    session.flush()  # the ids of everything above
    delivery = Delivery(event_id=event.id, plugin="csat", form_id=support.id, state="parked", due_at=runtime.clock.now())
    session.add(delivery)
    session.flush()  # its id
    incoming = ticket.messages[0]
    from plugdesk.forms.commands import add_section

    world.things = {
        "slug": "support", "number": ticket.id, "bobs": bobs.id, "other": bobs.id, "merged": merged.id, "bin": binned.id, "elsewhere": elsewhere.id, "user_id": bob.id,
        "identity_id": bob.identities[0].id, "message_id": incoming.id, "queued": sent.id, "failed": failed.id, "arrived": arrived.id, "group_id": group.id, "answered": answered.id, "whom": f"group-{group.id}", "absence_id": away.id,
        "key": incoming.attachments[0].key, "secret": secret.key, "upload": upload.key, "person": people["agent"].id,
        "session_id": session.scalar(sa.select(SignedSession.id).where(SignedSession.token_hash == _sha(other))),
        "job_id": job.id, "delivery_id": delivery.id, "plugin": "csat", "code": "priority", "status": "open", "name": "none",
        "version": "dev", "agent_id": people["agent"].id, "stranger_id": people["stranger"].id, "admin_id": people["admin"].id,
        "ann": people["customer"].id, "last": payable["payfailed"], "password": PASSWORD, "chatter": 5_200_000_001, "message": 1,
        "agent_key": f"u{people['agent'].id}", "stranger_key": f"u{people['stranger'].id}",
        "group_seen": f"Technicians||{people['agent'].id}", "section": add_section(session, support, title="Delivery", by=None)["code"], "fields": [each.code for each in support.fields], "statuses": [each.code for each in support.statuses],
    }  # fmt: skip
    world.things |= payable | _tags(world, ticket) | _hours(world) | _bulk_run(world, ticket)
    world.things |= things_of_extensions(world, support, billing, ticket, group)
    world.things |= articles_of(world.runtime, session, people, support)
    world.things |= answers_of(world.runtime, session, people, support, billing)
    world.things |= sign_in_link(world, support)


def _payable(world: World, support: Form) -> dict[str, Any]:
    """A ticket that waits for payment, and the accountant who sees nothing else of Support and may write notes."""
    from plugdesk.tickets.attachments import NewFile
    from plugdesk.tickets.correspondence import Said, open_ticket, reply_to_ticket
    from plugdesk.tickets.models import DeliveryState
    from plugdesk.users.customers import find_or_create_customer
    from plugdesk.users.rights import RightInput, set_right

    session, people = world.session, world.people
    set_right(
        session,
        support,
        people["accountant"],
        RightInput(statuses=["waiting"], actions=["note"]),
        by=None,
    )
    clara = find_or_create_customer(session, channel="email", value="clara@home.example", name="Clara Hill")
    letter = Said(text="Shall I pay by card?", files=[NewFile("card.png", PICTURE, "image/png")])
    ticket = open_ticket(session, support, clara, subject="The fee", said=letter, channel="email")
    failed = reply_to_ticket(session, ticket, people["agent"], body="<p>As you like.</p>", status=support.status("waiting"))
    failed.delivery = DeliveryState.FAILED
    session.flush()  # the ids of everything above
    incoming = ticket.messages[0]
    return {
        "payable": ticket.id, "paid": incoming.id, "payfailed": failed.id, "payfile": incoming.attachments[0].key, "clara": clara.id,
    }  # fmt: skip


def _tags(world: World, ticket: Any) -> dict[str, Any]:
    """A tag on Ann and on her ticket, and one that nothing holds yet."""
    from plugdesk.tags.commands import add_tag, change_customers_tags, change_tags

    held, _free = (add_tag(world.session, name=name, by=None) for name in ("Recall", "VIP"))
    change_tags(world.session, ticket, add=[held], by=None)
    change_customers_tags(world.session, world.people["customer"], add=[held], by=None)
    return {"tag_id": held.id}


def _bulk_run(world: World, ticket: Any) -> dict[str, Any]:
    """The agent has begun to do something to all of a list."""
    from plugdesk_web.bulk_runs import BulkRun, RunState

    run = BulkRun(
        user_id=world.people["agent"].id, action="accept", title="Accept", typed=[], numbers=[ticket.id], at=0, done=0, refused=[],
        state=RunState.WAITING, back="/views/open", created_at=world.runtime.clock.now(),
    )  # fmt: skip
    world.session.add(run)
    world.session.flush()  # its id
    return {"run_id": run.id}


def _sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _hours(world: World) -> dict[str, Any]:
    """Business hours that nothing works by."""
    from plugdesk.hours.commands import add_business_hours

    return {"hours_id": add_business_hours(world.session, {"name": "Office", "day-0": "9–18"}, by=None).id}
