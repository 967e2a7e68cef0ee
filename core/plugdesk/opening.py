"""From settings to a desk that may be used: plugins loaded, tables as this code needs them."""

from __future__ import annotations

from plugdesk.clock import Clock
from plugdesk.database import Database
from plugdesk.migrations import migrate_apart, require_current
from plugdesk.plugins.loader import load_plugins
from plugdesk.runtime import Runtime
from plugdesk.settings import Settings
from plugdesk.setup import complete_configurations, is_set_up


def open_runtime(settings: Settings, *, migrating: bool = False, clock: Clock | None = None) -> Runtime:
    """The desk that `settings` describe. Raises `WrongSchema` when its tables are not those of this code.

    With `migrating` they are brought up to date first: for whoever starts the desk, not for command lines beside it, which
    could be newer than the desk that runs.
    """
    plugins = load_plugins(disabled=settings.disable_plugins, safe_mode=settings.safe_mode, strict=settings.strict)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.url)
    try:
        if migrating:
            migrate_apart(database, plugins, strict=settings.strict)
        else:
            require_current(database, plugins)
    finally:
        database.close()
    runtime = Runtime(settings, plugins=plugins, clock=clock)
    try:
        if migrating:
            _ = runtime.vault  # a database that holds secrets does not start without their key
            with runtime.database.write() as session:
                if is_set_up(session):
                    complete_configurations(session)
    except BaseException:
        runtime.database.close()
        raise
    return runtime
