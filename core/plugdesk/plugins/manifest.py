"""`plugin.toml`: what a plugin says of itself, read without importing it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from plugdesk.errors import Invalid
from plugdesk.i18n import translatable

API_VERSION = (1, 0)

CATEGORIES = (
    "channels", "feedback", "knowledge", "automation", "contracts", "collaboration", "integrations", "other",
)  # fmt: skip
SCOPES = ("form", "app", "both")
PERMISSIONS = {
    "tickets:read": translatable("Reads the tickets of the forms it is on"),
    "tickets:write": translatable("Opens and changes tickets of the forms it is on"),
    "messages:send": translatable("Sends messages to customers"),
    "customers:read": translatable("Reads customers and their addresses"),
    "customers:write": translatable("Adds and changes customers"),
    "public-pages": translatable("Shows pages to people who are not signed in"),
    "net": translatable("Connects to the servers named in its settings"),
}
# The first words of the core's tables, and of names that databases, versions and addresses use: no id begins with one.
RESERVED = {
    "absence", "alembic", "attachment", "attempt", "business", "catalog", "channel", "claim", "content", "core", "customer", "delivery", "desk", "event", "field",
    "form", "group", "identity", "job", "link", "message", "organization", "participant", "pg", "plugdesk", "plugin", "reading",
    "recurring", "search", "service", "session", "setting", "settings", "signed", "sqlite", "static", "status", "tag", "throttle", "ticket", "timer", "user",
    "users", "watcher", "worker",
}  # fmt: skip

# First words of the desk's own addresses, and those browsers and proxies ask for.
TAKEN_ADDRESSES = RESERVED | {
    "account", "api", "assets", "customers", "extensions", "files", "first", "forms", "groups", "hours", "in", "journal", "live", "load", "p", "people", "robots",
    "sections", "set", "sign", "system", "tags", "tickets", "uploads", "views", "well", "x",
}  # fmt: skip

_ADDRESS = re.compile(r"[a-z]{2,31}\Z")
_ID = re.compile(r"(?=.{2,31}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")
_API = re.compile(r">=(\d+)\.(\d+)(?:,<(\d+))?\Z")


@dataclass(frozen=True)
class Manifest:
    """One plugin's word about itself. `folder` is its package's folder."""

    id: str
    name: str
    summary: str
    category: str
    scope: str
    api: str
    folder: Path
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    settings: str | None = None
    icon: str | None = None
    address: str | None = None
    pictures: tuple[str, ...] = ()
    extra: dict[str, object] = field(default_factory=dict)

    @property
    def speaks_our_api(self) -> bool:
        """Whether the plugin was written for the API this desk has. The product's version never matters."""
        found = _API.match(self.api)
        assert found
        low = (int(found[1]), int(found[2]))
        high = int(found[3]) if found[3] else low[0] + 1
        return low <= API_VERSION and API_VERSION[0] < high


def read_manifest(path: Path) -> Manifest:
    """The manifest at `path`; `Invalid` says what is wrong with it, by key."""
    if not path.is_file():
        raise Invalid(f"{path.parent.name} has no plugin.toml.")
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"plugin.toml cannot be read: {error}") from error
    problems: dict[str, str] = {}
    known: dict[str, object] = {}
    extra = {key: raw.pop(key) for key in [key for key in raw if key.startswith("x-")]}
    for key, value in raw.items():
        if key in _TEXTS:
            if not isinstance(value, str) or not value:
                problems[key] = "must be a text"
            known[key] = value
        elif key in _LISTS:
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                problems[key] = "must be a list of texts"
                continue
            known[key] = tuple(value)
        else:
            problems[key] = "is not a key of a manifest; own keys begin with x-"
    for key in ("id", "name", "summary", "category", "scope", "api"):
        if key not in known:
            problems[key] = "is missing"
    if not problems:
        problems |= _rules(known)
    if problems:
        raise Invalid("plugin.toml: " + "; ".join(f"{key} {why}" for key, why in problems.items()), problems=problems)
    return Manifest(**known, folder=path.parent, extra=extra)  # type: ignore[arg-type]


_TEXTS = {"id", "name", "summary", "category", "scope", "api", "settings", "icon", "address"}
_LISTS = {"requires", "after", "conflicts", "needs", "permissions", "pictures"}


def _rules(known: dict[str, object]) -> dict[str, str]:
    problems: dict[str, str] = {}
    identity = str(known["id"])
    if not _ID.match(identity):
        problems["id"] = "must be 2 to 31 small letters and digits, beginning with a letter; _ may stand between them"
    elif (word := identity.partition("_")[0]) in RESERVED:
        problems["id"] = f"may not begin with “{word}”, which the core uses"
    if known["category"] not in CATEGORIES:
        problems["category"] = f"must be one of {', '.join(CATEGORIES)}"
    if known["scope"] not in SCOPES:
        problems["scope"] = f"must be one of {', '.join(SCOPES)}"
    if not _API.match(str(known["api"])):
        problems["api"] = "must look like >=1.0,<2"
    if "settings" in known and not _PLACE.match(str(known["settings"])):
        problems["settings"] = "must look like package.module:Name"
    if "address" in known and (not _ADDRESS.match(str(known["address"])) or known["address"] in TAKEN_ADDRESSES):
        problems["address"] = "must be one word of 2 to 31 small letters that no page of the desk begins with"
    for permission in known.get("permissions", ()):  # type: ignore[attr-defined]
        if permission not in PERMISSIONS and not permission.startswith("net:"):
            problems["permissions"] = f"does not know “{permission}”"
    return problems
