"""The one reader of the environment: every setting typed, with its default and its help."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from plugdesk.errors import Invalid

PREFIX = "PLUGDESK_"


def setting(default: Any, help: str, *, secret: bool = False) -> Any:
    """One field of `Settings`: its default and one sentence for the manual and `plugdesk settings`; a `secret` is never printed."""
    return field(default=default, metadata={"help": help}, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """How this installation runs. `Settings.read()` takes each from `PLUGDESK_<NAME>`."""

    data: Path = setting(Path("data"), "The folder of the database, files and keys.")
    database_url: str = setting("", "The database; empty means SQLite in the data folder.", secret=True)
    redis_url: str = setting("", "Redis for RQ; empty means the embedded worker.", secret=True)
    secret_keys: tuple[str, ...] = setting(
        (), "Keys that seal stored secrets, newest first; empty means a file in the data folder.", secret=True
    )
    session_key: str = setting("", "The key that signs forms; empty means a file in the data folder.", secret=True)
    base_url: str = setting(
        "", "The public address of this desk, for links in letters; empty means the address it was set up at."
    )
    address: str = setting("", "Where `plugdesk serve` listens; it says so itself.")
    private_hosts: tuple[str, ...] = setting((), "Hosts of the own network that extensions may call.")
    ca_file: str = setting("", "A file of further certificate authorities to trust, for servers of the own network.")
    disable_plugins: tuple[str, ...] = setting((), "Plugins that are not loaded.")
    safe_mode: bool = setting(False, "Load no plugin but the pages themselves.")
    strict: bool = setting(False, "Raise what plugins raise, for development and tests.")
    language: str = setting("", "The language a new desk begins with: en or ru; empty means the visitor's.")
    max_upload_mb: int = setting(25, "The largest file an upload or a letter may carry, in megabytes.")
    worker_threads: int = setting(1, "Threads of the embedded worker; 0 means a worker of its own runs elsewhere.")
    trusted_proxies: int = setting(0, "How many proxies in front of the desk set X-Forwarded-For and -Proto.")
    log_json: bool = setting(False, "Write the log as one JSON object a line.")

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
        """The settings of `environment`, each overruled by what is `given`; `Invalid` names an unreadable one."""
        found: dict[str, Any] = {}
        for each in fields(cls):
            raw = environment.get(PREFIX + each.name.upper(), "").strip()
            if raw:
                found[each.name] = _typed(each.name, raw, each.default)
        found.update({name: value for name, value in given.items() if value is not None})
        return cls(**found)

    @property
    def url(self) -> str:
        """The database's address, never empty."""
        return self.database_url or f"sqlite:///{(self.data / 'desk.db').resolve()}"


def _typed(name: str, raw: str, default: Any) -> Any:
    if isinstance(default, bool):
        return raw.lower() in {"1", "true", "yes", "on"}
    if isinstance(default, int):
        if not raw.isdigit():
            raise Invalid(f"{PREFIX}{name.upper()} must be a whole number, not “{raw}”.")
        return int(raw)
    if isinstance(default, tuple):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if isinstance(default, Path):
        return Path(raw)
    return raw
