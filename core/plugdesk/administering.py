"""What the command line does for whoever runs a desk: look after it from beside it, also when nobody can sign in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.database import Database, tables_there
from plugdesk.errors import NotFound, PlugdeskError
from plugdesk.events import record
from plugdesk.forms.models import Desk, Form
from plugdesk.forms.queries import form_by_slug
from plugdesk.migrations import Outcome, migrate, owner_of, require_current
from plugdesk.plugins.catalog import Card, cards
from plugdesk.plugins.failures import in_words
from plugdesk.plugins.loader import Plugin, load_plugins
from plugdesk.plugins.settings import PluginSettings, options_of, schema_of
from plugdesk.plugins.switch import disable_plugin, enable_plugin, name_of
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.users.commands import add_user, set_password
from plugdesk.users.models import Role
from plugdesk.users.queries import user_for_sign_in

LEAST_FREE = 200_000_000  # bytes of disk; below, SQLite soon cannot write its log
SEALED = "gAAAAA"  # how every token of the vault begins (Fernet: version 0x80 and the first bytes of a time)


@dataclass(frozen=True)
class Finding:
    """One thing `plugdesk doctor` looked at; `text` says what to do where it is not well."""

    title: str
    ok: bool
    text: str


def migrate_all(settings: Settings) -> list[Outcome]:
    """Bring the tables of everything installed up to date."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.url)
    try:
        return migrate(database, load_plugins(disabled=settings.disable_plugins, safe_mode=settings.safe_mode))
    finally:
        database.close()


def plugin_lines(runtime: Runtime) -> Iterator[str]:
    """One line for each extension."""
    with runtime.database.read() as session:
        for card in cards(session):
            yield f"{card.id:<16} {card.state:<12} {card.version or '-':<10} {_where(card)}{f'  {card.reason}' if card.reason else ''}"


def switch(runtime: Runtime, plugin_id: str, slug: str | None, *, on: bool) -> str:
    """Switch an extension, and what goes with it, on a form or the desk; returns what was done in a sentence."""
    with runtime.database.write() as session:
        scope: Form | Desk = form_by_slug(session, slug) if slug else runtime.desk(session)
        act = enable_plugin if on else disable_plugin
        done = [name_of(session, each) for each in act(session, scope, plugin_id, None, along=True)]
        where = scope.name if isinstance(scope, Form) else "the desk"
    if not done:
        return f"It was {'on' if on else 'off'} already on {where}."
    return f"Switched {'on' if on else 'off'} on {where}: {', '.join(done)}."


def add_person(runtime: Runtime, *, email: str, name: str, role: str, password: str) -> None:
    """Add an agent or an admin, whoever there is already."""
    with runtime.database.write() as session:
        add_user(session, role=Role(role), name=name, email=email, password=password, by=None)


def change_password(runtime: Runtime, *, email: str, password: str) -> None:
    """Give an agent or admin another password."""
    with runtime.database.write() as session:
        user = user_for_sign_in(session, email)
        if user is None:
            raise NotFound(f"Nobody signs in as {email}.")
        set_password(session, user, password, by=None)


def rotate_secrets(runtime: Runtime) -> int:
    """Seal every stored secret with the newest key: in settings, and in the tables of extensions. Returns how many."""
    with runtime.database.write() as session:
        number = _rotate_settings(session, runtime) + _rotate_tables(session, runtime)
        record(session, "secrets_rotated", number=number)
    return number


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at folder, disk, database, keys, extensions and the work that waits."""
    yield _look("Data folder", lambda: _folder(settings))
    yield _look("Disk", lambda: _disk(settings))
    database, plugins = Database(settings.url), load_plugins(disabled=settings.disable_plugins, safe_mode=settings.safe_mode)
    tables = _look("Database", lambda: _database(database, plugins))
    yield tables
    database.close()
    if not tables.ok:
        return
    runtime = Runtime(settings, plugins=plugins)
    yield _look("Keys", lambda: _keys(runtime))
    for plugin in plugins:
        if plugin.state != "ok":
            yield Finding(f"Extension {plugin.id}", False, str(plugin.reason))
    yield _look("Work", lambda: _work(runtime))
    runtime.database.close()


def _look(title: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(title, True, look())
    except (PlugdeskError, sa.exc.SQLAlchemyError, OSError) as error:
        return Finding(title, False, in_words(error))


def _folder(settings: Settings) -> str:
    if not settings.data.is_dir():
        raise NotFound(f"{settings.data.resolve()} is not there. Start the desk once, or name the right folder with --data.")
    if not os.access(settings.data, os.W_OK):
        raise PlugdeskError(f"{settings.data.resolve()} cannot be written to by this user.")
    return str(settings.data.resolve())


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.data if settings.data.is_dir() else ".").free
    if free < LEAST_FREE:
        raise PlugdeskError(f"only {free // 1_000_000} MB are free. Make room: a full disk stops the desk.")
    return f"{free // 1_000_000} MB free"


def _database(database: Database, plugins: list[Plugin]) -> str:
    require_current(database, plugins)
    if database.dialect == "sqlite":
        with database.engine.connect().execution_options(readonly=True) as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise PlugdeskError(f"SQLite finds damage: {found}. Restore the last backup.")
    return f"{database.dialect}, tables as this version needs them"


def _keys(runtime: Runtime) -> str:
    assert runtime.vault is not None  # making it asks for the keys
    return "every stored secret has its key"


def _work(runtime: Runtime) -> str:
    from plugdesk.jobs import JobState, job_counts

    with runtime.database.read() as session:
        counts = job_counts(session)
    if counts[JobState.PARKED]:
        raise PlugdeskError(f"{counts[JobState.PARKED]} jobs gave up. Look at the System page, then press “Run again”.")
    return f"{counts[JobState.READY]} jobs wait, {counts[JobState.RUNNING]} run"


def _where(card: Card) -> str:
    names = [place.form.slug if place.form else "desk" for place in card.places if place.is_on]
    return f"on: {', '.join(names)}" if names else "off"


def _rotate_settings(session: Session, runtime: Runtime) -> int:
    number = 0
    for row in session.scalars(sa.select(PluginSettings).order_by(PluginSettings.id)):
        plugin = runtime.registry.plugins.get(row.plugin)
        place = plugin.manifest.settings if plugin and plugin.manifest and plugin.state == "ok" else None
        known = {option.name for option in options_of(schema_of(place)) if option.is_secret} if place else set(row.values)
        sealed = {name: token for name in known if isinstance(token := row.values.get(name), str) and token.startswith(SEALED)}
        if sealed:
            row.values = row.values | {name: runtime.vault.renew(token) for name, token in sealed.items()}
            number += len(sealed)
    session.flush()  # before the tables below, whose rows are changed past the session
    return number


def _rotate_tables(session: Session, runtime: Runtime) -> int:
    """Extensions keep tokens in columns of their own, under names only they know; but a token is known by its beginning."""
    connection = session.connection()
    ids = list(runtime.registry.plugins)
    own = [name for name in sa.inspect(connection).get_table_names() if owner_of(name, ids) != "core"]
    number = 0
    for table in tables_there(connection, own):
        for column in table.c:
            if isinstance(column.type, sa.String):
                number += _rotate_column(connection, runtime, table, column)
    return number


def _rotate_column(connection: sa.Connection, runtime: Runtime, table: sa.Table, column: sa.Column[str]) -> int:
    keys = list(table.primary_key.columns)
    if not keys:
        return 0
    number = 0
    for *key, token in connection.execute(sa.select(*keys, column).where(column.startswith(SEALED))).all():
        renewed = runtime.vault.renew(token)
        where = sa.and_(*(each == value for each, value in zip(keys, key, strict=True)))
        connection.execute(sa.update(table).where(where).values({column.name: renewed}))
        number += 1
    return number
