"""What a hook implementation, a panel or a job is handed: the world as one plugin on one form may use it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Never

from sqlalchemy.orm import Session

from plugdesk.database import afterwards
from plugdesk.forms.models import Desk, Form

if TYPE_CHECKING:
    import httpx

    from plugdesk.events import Event
    from plugdesk.jobs import Job
    from plugdesk.leftovers import Leftovers
    from plugdesk.runtime import Runtime
    from plugdesk.tickets.models import Ticket
    from plugdesk.users.models import User


class Context:
    """One plugin on one form (or on the desk), for the length of one transaction.

    `form` is None for what belongs to the desk. `kind` is "hook", "decision", "asked" or "job".
    """

    def __init__(self, runtime: Runtime, plugin: str, scope: Form | Desk, session: Session, kind: str) -> None:
        self._runtime = runtime
        self._scope = scope
        self._session = session
        self.plugin = plugin
        self.kind = kind
        self.form = scope if isinstance(scope, Form) else None

    @cached_property
    def db(self) -> Session:
        """The session. Its transaction belongs to the desk: `commit` and `rollback` raise."""
        return Guarded(self._session)  # type: ignore[return-value]

    @cached_property
    def settings(self) -> Any:
        """This plugin's settings here, as its own dataclass; a value not set on the form comes from the desk's level."""
        return self._runtime.settings_of(self._session, self.plugin, self._scope)

    @property
    def desk(self) -> Desk:
        """The row about this installation: its name, language, zone and public address."""
        return self._runtime.desk(self._session)

    @property
    def now(self) -> datetime:
        """The present moment of the desk's clock, aware, in UTC."""
        return self._runtime.clock.now()

    @cached_property
    def log(self) -> logging.Logger:
        return logging.getLogger(f"plugdesk.plugin.{self.plugin}")

    def keep_bytes(self, content: bytes) -> str:
        """Store bytes for a row of yours and count the use; returns their SHA-256."""
        from plugdesk.storage import keep_bytes

        return keep_bytes(self._session, content)

    def read_bytes(self, sha256: str) -> bytes:
        """Bytes that were stored. Raises NotFound when they are missing."""
        from plugdesk.storage import read_bytes

        return read_bytes(self._session, sha256)

    def release_bytes(self, sha256: str) -> None:
        """A row of yours that pointed at them goes."""
        from plugdesk.storage import release_bytes

        release_bytes(self._session, sha256)

    @property
    def private_hosts(self) -> tuple[str, ...]:
        """Hosts of the own network that this installation allows to be called."""
        return self._runtime.settings.private_hosts

    @property
    def base_url(self) -> str | None:
        """The public address of this desk, without a slash at the end, for links in letters; None when nobody has said it."""
        settings = self._runtime.settings
        address = settings.base_url or self.desk.base_url or settings.address
        return address.rstrip("/") if address else None

    @property
    def upload_mb(self) -> int:
        """How much this installation takes with one request, in megabytes: all its files together."""
        return self._runtime.settings.max_upload_mb

    @property
    def ca_file(self) -> str | None:
        """The file of further certificate authorities to trust, of this installation."""
        return self._runtime.settings.ca_file or None

    def journal(self, kind: str, *, ticket: Ticket | None = None, actor: User | None = None, **data: Any) -> Event:
        """Record that something of this plugin happened here; it stands in the journal of its page.

        `said` among the data is the sentence shown there.
        """
        from plugdesk.events import record

        return record(self._session, kind, ticket=ticket, form=self.form, actor=actor, plugin=self.plugin, **data)

    def journal_each(self, kind: str, happened: Sequence[tuple[Ticket, Mapping[str, Any]]]) -> None:
        """`journal` for many tickets at once, each with its data; `kind` is one that nobody listens to."""
        from plugdesk.events import record_each

        record_each(self._session, kind, happened, plugin=self.plugin)

    @property
    def instance(self) -> str:
        """A random name of this installation, for marks in what it sends."""
        return self.desk.instance

    def signing_key(self, purpose: str) -> bytes:
        """32 bytes of key for `purpose`, this plugin's own: the same in every process, known to nobody else."""
        return self._runtime.signing_key(f"{self.plugin}/{purpose}")

    def enqueue(self, name: str, *, key: str | None = None, due_at: datetime | None = None, **args: Any) -> Job | None:
        """Store work for this plugin on this form, in this transaction. See `plugdesk.jobs.enqueue`."""
        from plugdesk.jobs import enqueue

        kind = name if ":" in name else f"{self.plugin}:{name}"
        return enqueue(self._session, kind, form=self.form, key=key, due_at=due_at, **args)

    def checkpoint(self) -> None:
        """In a job: commit what is done so far, and go on without an open transaction. Call it before talking to anyone."""
        if self.kind != "job":
            raise RuntimeError("Only jobs may commit half-way; everything else is one transaction.")
        checkpoint: Callable[[], None] = self._session.info["checkpoint"]
        checkpoint()

    def take(self, name: Hashable) -> Any | None:
        """What an earlier job of the same batch has left under `name` (see `leave`), from now on this job's; else None."""
        leftovers: Leftovers | None = self._session.info.get("leftovers")
        return leftovers.take((self.plugin, name)) if leftovers else None

    def leave(self, name: Hashable, what: Any, close: Callable[[], object]) -> None:
        """Leave `what`, a connection in good order, for the next job that takes `name`; `close()` is called when none does.

        That is half a second later at the most, and outside of jobs at once.
        """
        leftovers: Leftovers | None = self._session.info.get("leftovers")
        if leftovers is None:
            close()
        else:
            leftovers.leave((self.plugin, name), what, close)

    @cached_property
    def http(self) -> httpx.Client:
        """A client with time-outs that reaches the hosts this plugin's manifest names, and no private address."""
        if self.kind == "decision":
            raise RuntimeError("Decisions never wait: ask the outside from a job.")
        client = self._runtime.http_client(self.plugin)
        afterwards(self._session, client.close)
        return client

    def http_to(
        self,
        *hosts: str,
        proxy: str | None = None,
        ca_file: str | None = None,
        own_network: bool = False,
        timeout: float = 10,
        max_seconds: float = 60,
        max_bytes: int = 10_000_000,
    ) -> httpx.Client:
        """A client for `hosts` an administrator has named (a vendor's server of their own), besides those of the manifest.

        `proxy` is an "http://…" address to go through, `ca_file` a file of further certificate authorities, `own_network`
        says that the hosts may lie in the desk's own network. It is closed when the transaction has ended.
        """
        if self.kind == "decision":
            raise RuntimeError("Decisions never wait: ask the outside from a job.")
        client = self._runtime.http_client(
            self.plugin, hosts, proxy=proxy, ca_file=ca_file, own_network=own_network, timeout=timeout,
            max_seconds=max_seconds, max_bytes=max_bytes,
        )  # fmt: skip
        afterwards(self._session, client.close)
        return client

    def transaction(self) -> AbstractContextManager[Session]:
        """A SAVEPOINT: what happens inside is undone together when it raises."""
        return self._session.begin_nested()  # type: ignore[return-value]

    def seal(self, secret: str, place: str) -> str:
        """`secret` encrypted for `place`, a name like `mailbox:7/password`; it opens nowhere else."""
        return self._runtime.seal(self._session, secret, f"{self.plugin}/{place}")

    def unseal(self, token: str, place: str) -> str:
        """What was sealed for `place`."""
        return self._runtime.vault.open(token, f"{self.plugin}/{place}").reveal()


class Guarded:
    """A session whose transaction is somebody else's."""

    _refused = frozenset({"commit", "rollback", "close", "begin", "invalidate", "reset", "prepare", "expunge_all"})

    def __init__(self, session: Session) -> None:
        object.__setattr__(self, "_session", session)

    def __getattr__(self, name: str) -> Any:
        if name in self._refused:
            return self._refuse
        return getattr(self._session, name)

    def __setattr__(self, name: str, value: Any) -> Never:
        raise AttributeError("A plugin's session takes no attributes.")

    def __contains__(self, row: object) -> bool:
        return row in self._session

    def __iter__(self) -> Any:
        return iter(self._session)

    def _refuse(self, *args: Any, **options: Any) -> Never:
        raise RuntimeError("The transaction is the desk's: it commits at the edge, or not at all. Jobs have ctx.checkpoint().")
