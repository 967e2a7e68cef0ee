"""The test kit for authors of plugins, a pytest plugin: a whole desk on a database of the test's own.

    def test_a_rating_is_asked_for_at_the_closing(enable, ticket, session, mailbox, run_jobs): ...

It is loaded by itself where Plugdesk is installed, and by `-p plugdesk.testing.kit` where pytest is told to load nothing
by itself. Plugins are those installed; a plugin that is not is named in pytest's settings: `plugdesk_plugins = ["."]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from sqlalchemy.orm import Session

    from plugdesk.clock import MovableClock
    from plugdesk.database import Database
    from plugdesk.forms.models import Form
    from plugdesk.plugins.context import Context
    from plugdesk.plugins.loader import Plugin
    from plugdesk.runtime import Runtime
    from plugdesk.testing.browser import Browser
    from plugdesk.testing.played_mail import PlayedMailbox
    from plugdesk.testing.played_messenger import PlayedBot
    from plugdesk.tickets.models import Ticket
    from plugdesk.users.models import User

pytest.register_assert_rewrite(
    "plugdesk.testing.channels",
    "plugdesk.testing.conformance",
    "plugdesk.testing.played_mail",
    "plugdesk.testing.played_messenger",
)

MONDAY_MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("plugdesk_plugins", "folders of plugins to test that are not installed", type="paths", default=[])


@pytest.fixture(scope="session")
def loaded_plugins(pytestconfig: pytest.Config) -> list[Plugin]:
    """The plugins of this environment and of the setting `plugdesk_plugins`, each in its state."""
    from plugdesk.testing.desks import plugins_here

    return plugins_here(pytestconfig.getini("plugdesk_plugins"))


@pytest.fixture(scope="session")
def _template(loaded_plugins: list[Plugin], tmp_path_factory: pytest.TempPathFactory) -> Any:
    from plugdesk.testing.desks import migrated_file

    return migrated_file(tmp_path_factory.mktemp("template"), loaded_plugins)


@pytest.fixture
def database_url(_template: Path, tmp_path: Path) -> str:
    """The address of a migrated database of the test's own."""
    from plugdesk.testing.desks import copy_of

    return copy_of(_template, tmp_path)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database of the test's desk."""
    from plugdesk.database import Database

    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def clock() -> MovableClock:
    """The desk's clock: Monday, 23 November 2026, 9:00 UTC, until the test moves it: `clock.advance(days=3)`."""
    from plugdesk.clock import MovableClock

    return MovableClock(MONDAY_MORNING)


@pytest.fixture
def runtime(database: Database, clock: MovableClock, tmp_path: Path, loaded_plugins: list[Plugin]) -> Runtime:
    """The desk without its pages. What plugins raise is raised; `runtime.executor.strict = False` puts it aside as in life."""
    from plugdesk.testing.desks import open_desk

    return open_desk(database, loaded_plugins, clock, tmp_path)


@pytest.fixture
def session(runtime: Runtime) -> Iterator[Session]:
    """A session for writing, as commands take it. Commit it before pages or jobs are to see what was changed."""
    from plugdesk.database import finish

    session = runtime.database.session(write=True)
    yield session
    finish(session)


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    """The WSGI application of `runtime`, with the pages of every plugin."""
    from plugdesk.app import create_app

    app = create_app(runtime)
    app.testing = True
    return app


@pytest.fixture
def client(app: Flask) -> Browser:
    """Whoever visits `app`, signed in as nobody: `client.sign_in(agent)`, `client.get("/tickets/1")`."""
    from plugdesk.testing.browser import browser_of

    return browser_of(app)


@pytest.fixture
def form(session: Session) -> Form:
    """The form *Support*; nothing is on there but what the test switches on."""
    from plugdesk.testing.desks import add_form

    form = add_form(session, "Support")
    session.commit()
    return form


@pytest.fixture
def other_form(session: Session) -> Form:
    """The form *Sales*, for showing that nothing happens there."""
    from plugdesk.testing.desks import add_form

    form = add_form(session, "Sales")
    session.commit()
    return form


@pytest.fixture
def agent(session: Session, form: Form) -> User:
    """Ada, who works on `form`."""
    from plugdesk.testing.desks import add_staff
    from plugdesk.users.models import Role

    agent = add_staff(session, "Ada Berg", Role.AGENT, form)
    session.commit()
    return agent


@pytest.fixture
def admin(session: Session) -> User:
    """Marta, an administrator of the whole desk."""
    from plugdesk.testing.desks import add_staff
    from plugdesk.users.models import Role

    admin = add_staff(session, "Marta Grun", Role.ADMIN)
    session.commit()
    return admin


@pytest.fixture
def customer(session: Session) -> User:
    """Ann, a customer who is reached at ann@home.example."""
    from plugdesk.testing.desks import add_customer

    customer = add_customer(session)
    session.commit()
    return customer


@pytest.fixture
def ticket(session: Session, form: Form, customer: User) -> Ticket:
    """Ann's ticket on `form`, just opened by e-mail."""
    from plugdesk.testing.desks import add_ticket

    ticket = add_ticket(session, form, customer)
    session.commit()
    return ticket


@pytest.fixture
def enable(session: Session, form: Form, runtime: Runtime) -> Callable[..., Context]:
    """`enable("csat", days=3)` switches an extension on, on `form` or `on=` another, with these settings; returns its `ctx`."""
    from plugdesk.testing.desks import switch_on

    def enable(plugin_id: str, *, on: Form | None = None, **settings: Any) -> Context:
        scope = switch_on(session, on or form, plugin_id, settings)
        session.commit()
        return runtime.context(plugin_id, scope, session)

    return enable


@pytest.fixture
def run_jobs(runtime: Runtime, session: Session) -> Callable[[], int]:
    """`run_jobs()` does what is due: jobs, news for plugins, recurring work, and all that comes of it. Returns how much."""
    from plugdesk.worker import Worker

    def run_jobs() -> int:
        session.commit()
        ended = Worker(runtime, "test").run_due()
        session.expire_all()
        return ended

    return run_jobs


@pytest.fixture
def mailbox(
    app: Flask, admin: User, form: Form, enable: Callable[..., Any], clock: MovableClock, run_jobs: Callable[[], int]
) -> Iterator[PlayedMailbox]:
    """The mailbox help@desk.example of `form`, with e-mail on: `mailbox.write(subject, text)` and `mailbox.sent`."""
    pytest.importorskip("pymap", reason='its mail server needs more packages: pip install "plugdesk[demo]"')
    from plugdesk.testing.browser import browser_of
    from plugdesk.testing.local_mail import LocalMail
    from plugdesk.testing.played_mail import PlayedMailbox

    enable("email")
    with LocalMail() as server:
        mailbox = PlayedMailbox(server, clock, run_jobs)
        browser = browser_of(app)
        browser.sign_in(admin)
        mailbox.connect(browser, form)
        yield mailbox


@pytest.fixture
def messenger(
    runtime: Runtime,
    session: Session,
    admin: User,
    form: Form,
    enable: Callable[..., Any],
    clock: MovableClock,
    run_jobs: Callable[[], int],
) -> Iterator[PlayedBot]:
    """A bot of `form` in a messenger of this machine, with Telegram on: `messenger.ann.write(text)` and `messenger.sent`."""
    from plugdesk.testing.messenger import LocalMessenger
    from plugdesk.testing.played_messenger import PlayedBot

    enable("telegram")
    with LocalMessenger() as server:  # on a clock of its own: three minutes are too long for a press
        bot = PlayedBot(server, clock, run_jobs)
        bot.connect(runtime, session, form, admin)
        yield bot


@pytest.fixture
def no_network() -> Iterator[list[str]]:
    """Fails the test if anything tried to reach another machine, also when the refusal was swallowed."""
    from plugdesk.testing.network import loopback_only

    with loopback_only() as tried:
        yield tried
    if tried:
        pytest.fail(f"tried to reach another machine: {', '.join(tried)}", pytrace=False)
