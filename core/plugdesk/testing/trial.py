"""A plugin on trial: a desk with one form where its extension is on and one where it is off, and people on both."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.clock import MovableClock
from plugdesk.database import Database
from plugdesk.forms.models import Form
from plugdesk.migrations import VERSION_TABLE, owner_of
from plugdesk.plugins.context import Context
from plugdesk.plugins.loader import Plugin, State
from plugdesk.testing import desks
from plugdesk.tickets.models import Ticket
from plugdesk.users.models import Role, User

if TYPE_CHECKING:
    from flask import Flask

    from plugdesk.testing.browser import Browser

Fill = Callable[[Context, Ticket, str], object]
"""How a plugin's author puts `text` into whatever the plugin keeps of a ticket."""


@dataclasses.dataclass
class Case:
    """What the author's conformance file says of the plugin. `also_on` are extensions that are on wherever tickets are."""

    plugin_id: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    also_on: Sequence[str] = ()
    secrets: Sequence[str] = ()
    also_imports: Sequence[str] = ()
    fill: Fill = lambda ctx, ticket, text: None


class Trial:
    """The desk of one check. `here` is the form where the plugin is on, `there` the one where it is off.

    Forms, tickets and people are kept as ids, because each step works in a transaction of its own, as life does.
    """

    def __init__(self, case: Case, plugins: Sequence[Plugin], url: str, clock: MovableClock, folder: Path) -> None:
        self.case = case
        self.plugin = next((each for each in plugins if each.id == case.plugin_id), None)
        if self.plugin is None or self.plugin.state is not State.OK or self.plugin.manifest is None:
            why = self.plugin.reason if self.plugin else "It is not installed, and plugdesk_plugins does not name it."
            raise AssertionError(f"“{case.plugin_id}” cannot be tried. {why}")
        self.manifest = self.plugin.manifest
        self.clock = clock
        self.database = Database(url)
        self.runtime = desks.open_desk(self.database, plugins, clock, folder)
        self.registry = self.runtime.registry
        with self.write() as session:
            here, there = desks.add_form(session, "Here"), desks.add_form(session, "There")
            session.flush()  # the forms' ids, for the rights on them
            self.here, self.there = here.id, there.id
            people = {
                "admin": desks.add_staff(session, "Marta Grun", Role.ADMIN),
                "agent": desks.add_staff(session, "Ada Berg", Role.AGENT, here),
                "stranger": desks.add_staff(session, "Olga Orlova", Role.AGENT, there, is_admin=True),
                "customer": desks.add_customer(session),
            }
            session.flush()  # the people's ids
            self.people = {name: user.id for name, user in people.items()}
            for other in case.also_on:
                for form in (here, there):
                    desks.switch_on(session, form, other)

    @property
    def is_for_the_desk(self) -> bool:
        return self.manifest.scope == "app"

    @cached_property
    def app(self) -> Flask:
        from plugdesk.app import create_app

        return create_app(self.runtime)

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self.database.write() as session:
            yield session

    def switch_on(self) -> None:
        """Switch the plugin on, on the form *here* or for the desk, with the author's settings."""
        with self.write() as session:
            desks.switch_on(session, session.get_one(Form, self.here), self.case.plugin_id, dict(self.case.settings))

    def switch_off(self, form_id: int | None = None) -> None:
        """Switch it off again, with whatever requires it."""
        from plugdesk.plugins.switch import disable_plugin

        with self.write() as session:
            scope = self.runtime.scope(session, 0 if self.is_for_the_desk else form_id or self.here)
            disable_plugin(session, scope, self.case.plugin_id, None, along=True)

    def open_ticket(self, form_id: int, *, subject: str = "The till beeps", text: str = "It beeps.", **given: Any) -> int:
        """A ticket of the customer's; its number."""
        from plugdesk.tickets.correspondence import Said, open_ticket

        with self.write() as session:
            form, customer = session.get_one(Form, form_id), self.user(session, "customer")
            channel = given.pop("channel", self.channel)
            return open_ticket(session, form, customer, subject=subject, said=Said(text=text), channel=channel, **given).id

    @property
    def channel(self) -> str:
        """How the tickets come: by the plugin's own channel if it has one."""
        own = [name for name in self.registry.channels if self.registry.owner("channels", name) == self.case.plugin_id]
        return own[0] if own else "email"

    def user(self, session: Session, name: str) -> User:
        """The admin, the agent (on the form here), the stranger (admin of the form there) or the customer."""
        return session.get_one(User, self.people[name])

    def ctx(self, session: Session, form_id: int) -> Context:
        """What an implementation of the plugin is handed on this form."""
        scope = self.runtime.desk(session) if self.is_for_the_desk else session.get_one(Form, form_id)
        return self.runtime.context(self.case.plugin_id, scope, session)

    def browser(self, name: str | None = None) -> Browser:
        """A visitor, signed in as one of the people."""
        from plugdesk.testing.browser import browser_of

        browser = browser_of(self.app)
        if name is not None:
            with self.database.read() as session:
                user = self.user(session, name)
            browser.sign_in(user)
        return browser

    def run_jobs(self, *, recurring: bool = False) -> None:
        """Do what is due; recurring work, which belongs to whoever is on, only if asked to."""
        from plugdesk.runner import Runner
        from plugdesk.worker import tick

        runner = Runner(self.runtime, "trial")
        while True:
            if recurring:
                tick(self.runtime)
            if not runner.run_round():
                return

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of the plugin."""
        ids = list(self.registry.plugins)
        with self.database.engine.connect() as connection:
            names = [
                name
                for name in sorted(sa.inspect(connection).get_table_names())
                if owner_of(name, ids) == self.case.plugin_id and not name.startswith(VERSION_TABLE)
            ]
            return {name: sorted(map(tuple, connection.execute(sa.text(f'SELECT * FROM "{name}"'))), key=repr) for name in names}

    def titles(self) -> list[tuple[str, Any]]:
        """What people read of the plugin's contributions and settings, each with the place it stands in."""
        from plugdesk.plugins.settings import options_of, schema_of

        _ = self.app  # with the pages come the words of every package
        registry, own = self.registry, self.case.plugin_id
        found: list[tuple[str, Any]] = []
        for what in ("channels", "facts"):
            found += [
                (f"{what} {name}", each.title)
                for name, each in getattr(registry, what).items()
                if registry.owner(what, name) == own
            ]
        found += [(f"steps {each.name}", each.title) for owner, each in registry.steps if owner == own]
        for owner, metric in registry.report_metrics:
            if owner == own:
                found += [(f"report_metrics {metric.name}", words) for words in (metric.title, metric.note) if words]
        for name, each in registry.variables.items():
            if registry.owner("variables", name) == own:
                found += [(f"variables {name}", text) for text in each.names.values()]
        found += [
            (f"pages {type(each).__name__}", each.title)
            for owner, each in registry.pages
            if owner == own and hasattr(each, "title")
        ]
        for option in options_of(schema_of(self.manifest.settings)) if self.manifest.settings else ():
            found += [(f"setting {option.name}", option.about[part]) for part in ("label", "help")]
        return found

    def close(self) -> None:
        self.runtime.close()
        self.database.close()
