"""The assembled desk without its pages: what commands, jobs, command lines and requests share in one process."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.catalogs import register_catalog
from plugdesk.clock import Clock, SystemClock
from plugdesk.database import Database, afterwards
from plugdesk.errors import NotFound
from plugdesk.files import FileStore
from plugdesk.forms.models import Desk, Field, Form, Status
from plugdesk.i18n import gettext as _
from plugdesk.plugins.breaker import Breaker
from plugdesk.plugins.context import Context
from plugdesk.plugins.executor import Executor
from plugdesk.plugins.figures import Figures
from plugdesk.plugins.loader import PAGES, load_plugins
from plugdesk.plugins.registry import Registry
from plugdesk.plugins.settings import PluginSettings, Stored, read_settings, schema_of, upgraded
from plugdesk.settings import Settings
from plugdesk.vault import Secret, Vault, load_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from plugdesk.plugins.loader import Plugin

log = logging.getLogger(__name__)


class Runtime:
    """One process's desk. `session.info["runtime"]` leads from any session of `database` back to it."""

    def __init__(self, settings: Settings, *, plugins: Sequence[Plugin] | None = None, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.database = Database(settings.url, info={"runtime": self})
        self.files = FileStore(settings.data / "files")
        self.figures = Figures(self.clock)
        self.breaker = Breaker(self)
        self.wake = threading.Event()
        self.definitions: dict[int, tuple[int, list[Field], list[Status]]] = {}  # by form, see forms/queries.py
        self.rules: dict[int, tuple[int, Any]] = {}  # of forms, see `forms.rules`
        if plugins is None:
            plugins = load_plugins(disabled=settings.disable_plugins, safe_mode=settings.safe_mode, strict=settings.strict)
        self.registry = Registry(plugins, strict=settings.strict)
        self.executor = Executor(self.registry, self.breaker, self.figures, self.context, strict=settings.strict)
        # Workers write letters, too. The pages' words come first: an extension does not reword them.
        for plugin in sorted(self.registry.loaded, key=lambda each: each.id != PAGES):
            if plugin.manifest is not None:
                register_catalog(plugin.manifest.folder)
        self._vault: Vault | None = None
        self._session_key: str | None = None
        from plugdesk.builtin import add_core

        add_core(self.registry)

    @property
    def vault(self) -> Vault:
        """What seals and opens stored secrets; its key file is made only for a database that holds none yet."""
        if self._vault is None:
            with self.database.read() as session:
                holds = bool(session.scalar(sa.select(Desk.holds_secrets)))
            self._vault = Vault(load_keys(self.settings.secret_keys, self.settings.data / "secret.key", holds_secrets=holds))
        return self._vault

    @property
    def session_key(self) -> str:
        """The key that signs forms and marks: the setting's, else that of a file made for this folder."""
        if self._session_key is None:
            self._session_key = self.settings.session_key or _key_of(self.settings.data / "session.key")
        return self._session_key

    def signing_key(self, purpose: str) -> bytes:
        """32 bytes derived from the session key for one `purpose`."""
        return hashlib.blake2b(purpose.encode(), key=self.session_key.encode()[:64], digest_size=32).digest()

    def desk(self, session: Session) -> Desk:
        """The row about this installation, read once a session. Raises `NotFound` before the desk is set up."""
        found = self.desk_or_none(session)
        if found is None:
            raise NotFound(_("This desk is not set up yet. Run “plugdesk serve” and open its address."))
        return found

    def desk_or_none(self, session: Session) -> Desk | None:
        """The same, or nothing before the set-up."""
        found: Desk | None = session.info.get("desk_row")  # kept here, because a session forgets rows nobody holds
        if found is None or found not in session:
            found = session.info["desk_row"] = session.get(Desk, 0)
        return found

    def scope(self, session: Session, form_id: int, *, lock: bool = False) -> Form | Desk:
        """The form with this id, or the desk for 0; with `lock` its row is read anew and kept from other writers."""
        found: Form | Desk | None
        if form_id:
            found = session.get(Form, form_id, populate_existing=lock, with_for_update=lock or None)
        else:
            found = session.get(Desk, 0, populate_existing=lock, with_for_update=lock or None)
        if found is None:
            raise NotFound(_("There is no such form."))
        return found

    def context(self, plugin: str, scope: Form | Desk, session: Session, kind: str = "hook") -> Context:
        """What an implementation of `plugin` is handed in `scope`; the same object again within one session."""
        known: dict[tuple[str, int, str], Context] = session.info.setdefault("contexts", {})
        ctx = known.get((plugin, scope.id, kind))
        if ctx is None or ctx._scope is not scope:
            ctx = known[plugin, scope.id, kind] = Context(self, plugin, scope, session, kind)
        return ctx

    def settings_of(self, session: Session, plugin: str, scope: Form | Desk) -> Any:
        """The settings of `plugin` in `scope`, typed; None if it has none. `Invalid` when a required one is missing."""
        manifest = self.registry.plugins[plugin].manifest
        if manifest is None or manifest.settings is None:
            return None
        schema = schema_of(manifest.settings)
        return read_settings(schema, self.stored_levels(session, plugin, scope, schema), self._opener(plugin, scope))

    def stored_levels(self, session: Session, plugin: str, scope: Form | Desk, schema: type) -> list[Stored]:
        """What is stored for `plugin`: the desk's level, then (for a form) the form's. All plugins' come in one query."""
        rows: dict[tuple[str, int], PluginSettings] | None = session.info.get(("settings", scope.id))
        if rows is None:
            found = session.scalars(_SETTINGS, {"form_id": scope.id})
            rows = {(row.plugin, row.form_id): row for row in found}
            session.info["settings", scope.id] = rows
        levels = [0, scope.id] if scope.id else [0]
        return [upgraded(rows.get((plugin, level)), schema) for level in levels]

    def seal(self, session: Session, secret: str, place: str) -> str:
        """`secret` sealed for `place`, and noted that this database does not start without its key from now on."""
        token = self.vault.seal(secret, place)
        self.desk(session).holds_secrets = True
        return token

    def nudge(self, session: Session) -> None:
        """After the transaction of `session` has ended, wake whoever carries jobs."""
        if not session.info.get("nudged"):
            session.info["nudged"] = True
            afterwards(session, self._nudged)

    def http_client(
        self, plugin: str, hosts: Sequence[str] = (), *, ca_file: str | None = None, own_network: bool = False, **options: Any
    ) -> httpx.Client:
        """The client for one plugin: the hosts of its manifest and `hosts`, time-outs, no private address but the named ones.

        `options` are those of `client_for`.
        """
        from plugdesk.http import client_for, trusting

        manifest = self.registry.plugins[plugin].manifest
        named = tuple(each[4:] for each in (manifest.permissions if manifest else ()) if each.startswith("net:"))
        private = (*self.settings.private_hosts, *(hosts if own_network else ()))
        more = ca_file or self.settings.ca_file
        certificates = trusting(more) if more else None
        return client_for(hosts=(*named, *hosts), private_hosts=private, certificates=certificates, **options)

    def close(self) -> None:
        """Write the figures down and let go of the database."""
        self.figures.write(self.database)
        self.database.close()

    def _nudged(self) -> None:
        self.wake.set()
        if self.settings.redis_url:
            from plugdesk.rq_worker import nudge

            nudge(self)

    def _opener(self, plugin: str, scope: Form | Desk) -> Any:
        from plugdesk.plugins.settings import place_of

        def open_secret(token: str, name: str, level: int) -> Secret:
            return self.vault.open(token, place_of(plugin, scope.id if level else 0, name))

        return open_secret


# Built once: nearly every job and page asks for them.
_SETTINGS = sa.select(PluginSettings).where(
    sa.or_(PluginSettings.form_id == 0, PluginSettings.form_id == sa.bindparam("form_id"))
)


def runtime_of(session: Session) -> Runtime:
    """The runtime a session belongs to."""
    runtime: Runtime = session.info["runtime"]
    return runtime


def _key_of(path: Path) -> str:
    """The key in `path`; made, readable by its owner alone, when there is none."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), "ascii")
    return path.read_text("ascii").strip()
