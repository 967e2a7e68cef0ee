"""Desks to test with: the plugins of this environment and of folders, a migrated database, people and a first ticket."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugdesk.errors import NotFound
from plugdesk.plugins.loader import GROUP, Plugin, load_plugins
from plugdesk.plugins.manifest import read_manifest

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from plugdesk.clock import Clock
    from plugdesk.database import Database
    from plugdesk.forms.models import Desk, Form
    from plugdesk.runtime import Runtime
    from plugdesk.tickets.models import Ticket
    from plugdesk.users.models import Role, User

ADDRESS = "https://desk.example"


def plugins_here(folders: Iterable[Path] = (), *, strict: bool = False) -> list[Plugin]:
    """Load what is installed and the plugins in `folders` (packages with a plugin.toml, or projects around one)."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    for folder in folders:
        package = package_in(folder)
        if str(package.parent) not in sys.path:
            sys.path.insert(0, str(package.parent))
        name = read_manifest(package / "plugin.toml").id
        points[name] = EntryPoint(name, package.name, GROUP)
    return load_plugins(points.values(), strict=strict)


def package_in(folder: Path) -> Path:
    """The package of the plugin in `folder`. Raises `NotFound` when there is no plugin.toml."""
    for pattern in ("plugin.toml", "*/plugin.toml", "src/*/plugin.toml"):
        found = sorted(folder.resolve().glob(pattern))
        if found:
            return found[0].parent
    raise NotFound(f"There is no plugin.toml in {folder}, nor in a folder below.")


def migrated_file(folder: Path, plugins: Sequence[Plugin]) -> Path:
    """An SQLite file in `folder` with the tables of the core and of `plugins`, to be copied for each test."""
    from plugdesk.database import Database
    from plugdesk.migrations import migrate

    file = folder / "desk.db"
    database = Database(f"sqlite:///{file}")
    migrate(database, plugins)
    database.close()
    return file


def copy_of(template: Path, folder: Path) -> str:
    """The address of a copy of `template` in `folder`."""
    file = folder / "test.db"
    shutil.copyfile(template, file)
    return f"sqlite:///{file}"


def open_desk(database: Database, plugins: Sequence[Plugin], clock: Clock, folder: Path, **settings: Any) -> Runtime:
    """The runtime of a desk over `database`; its files and keys are in `folder`. What plugins raise is raised."""
    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings

    given: dict[str, Any] = {"strict": True, "base_url": ADDRESS} | settings
    runtime = Runtime(Settings(data=folder, database_url=database.url, **given), plugins=plugins, clock=clock)
    runtime.database = database
    database.info["runtime"] = runtime
    return runtime


def set_up(session: Session) -> Desk:
    """The desk's own row; the one there is, if there is one."""
    from plugdesk.forms.models import Desk
    from plugdesk.runtime import runtime_of
    from plugdesk.setup import create_desk

    desk = session.get(Desk, 0) or create_desk(session, name="Northern Light", language="en", zone="UTC")
    desk.set_up_at = desk.set_up_at or runtime_of(session).clock.now()
    return desk


def add_form(session: Session, name: str) -> Form:
    """A form as it is on the day it is made."""
    from plugdesk.forms.commands import create_form

    set_up(session)
    return create_form(session, name=name, by=None)


def add_staff(session: Session, name: str, role: Role, *forms: Form, is_admin: bool = False) -> User:
    """Somebody without a password (see `Browser.sign_in`) who works on `forms`, as their admin if `is_admin`."""
    from plugdesk.users.commands import add_user, set_form_agent

    set_up(session)
    user = add_user(session, role=role, name=name, email=f"{name.split()[0].lower()}@desk.example", password=None)
    for form in forms:
        set_form_agent(session, form, user, is_admin=is_admin, by=None)
    return user


def add_customer(session: Session, name: str = "Ann Carter") -> User:
    """A customer who is reached by e-mail."""
    from plugdesk.users.customers import find_or_create_customer

    set_up(session)
    address = f"{name.split()[0].lower()}@home.example"
    return find_or_create_customer(session, channel="email", value=address, name=name)


def add_ticket(session: Session, form: Form, customer: User, *, channel: str = "email", **given: Any) -> Ticket:
    """A ticket whose customer has just written; `given` goes to `open_ticket`."""
    from plugdesk.tickets.correspondence import Said, open_ticket

    said = Said(text="It beeps twice and does not connect.")
    return open_ticket(session, form, customer, subject="The till beeps", said=said, channel=channel, **given)


def switch_on(session: Session, place: Form, plugin_id: str, settings: dict[str, Any] | None = None) -> Form | Desk:
    """Switch an extension on with what it requires, on `place` or, where it is one for the whole desk, there."""
    from plugdesk.plugins.settings import stored
    from plugdesk.plugins.switch import enable_plugin, save_plugin_settings
    from plugdesk.runtime import runtime_of

    runtime = runtime_of(session)
    scope = runtime.desk(session) if runtime.registry.scope_of(plugin_id) == "app" else place
    manifest = runtime.registry.plugins[plugin_id].manifest if plugin_id in runtime.registry.plugins else None
    if settings and manifest and manifest.settings:
        from plugdesk.plugins.settings import schema_of

        version = stored(session, plugin_id, scope.id, schema_of(manifest.settings)).version
        save_plugin_settings(session, scope, plugin_id, settings, version, None)
    enable_plugin(session, scope, plugin_id, None, along=True)
    return scope
