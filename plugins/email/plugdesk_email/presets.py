"""Which servers a mailbox has, told from its address, so that nobody needs to know what IMAP is."""

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from plugdesk_email.presethelp import HELP

Security = Literal["tls", "starttls"]
Auth = Literal["password", "app-password", "oauth2"]
IMAP_PORT, SMTP_PORT, SMTP_STARTTLS_PORT = 993, 465, 587


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mail server listens, and whether it is told the whole address or the part before the @."""

    host: str
    port: int
    security: Security = "tls"
    login: Literal["address", "local"] = "address"

    def login_name(self, address: str) -> str:
        """What is entered as the user's name for a mailbox."""
        return address.rpartition("@")[0] if self.login == "local" else address


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider: its servers, the ways of signing in, and in words (an English msgid) what a person does first.

    `saves_sent` says that the server itself keeps what was sent; `idle_seconds` is how long it lets a client wait.
    """

    code: str
    name: str
    imap: Server
    smtp: Server
    auth: tuple[Auth, ...]
    domains: tuple[str, ...] = ()
    help: str = ""
    link: str = ""
    saves_sent: bool = False
    idle_seconds: int = 9 * 60

    @property
    def takes_password(self) -> bool:
        """Whether a password of any kind opens the mailbox; where not, only OAuth 2.0 does."""
        return self.auth != ("oauth2",)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of servers worth a try for an address."""

    imap: Server
    smtp: Server


def presets() -> tuple[Preset, ...]:
    """All known providers, in the order they are shown."""
    return _table()[0]


def preset_for(address: str) -> Preset | None:
    """The provider of an address, told by its domain."""
    domain = _domain(address)
    for preset in presets():
        if any(domain == known or domain.endswith(f".{known}") for known in preset.domains):
            return preset
    return None


def preset_for_mx(hosts: Sequence[str]) -> Preset | None:
    """The provider behind a company's own domain, told by the names of its mail exchangers, best first."""
    codes = _table()[1]
    for host in hosts:
        name = host.rstrip(".").lower()
        for ending, code in codes.items():
            if name == ending or name.endswith(f".{ending}"):
                return next(preset for preset in presets() if preset.code == code)
    return None


def guess_servers(address: str) -> list[Candidate]:
    """Servers to try, likeliest first, for an address of an unknown provider; always encrypted."""
    known = preset_for(address)
    if known:
        return [Candidate(known.imap, known.smtp)]
    domain = _domain(address)
    if "." not in domain:
        return []
    return [
        Candidate(Server(imap, IMAP_PORT), smtp_server)
        for imap, smtp in ((f"imap.{domain}", f"smtp.{domain}"), (f"mail.{domain}", f"mail.{domain}"), (domain, domain))
        for smtp_server in (Server(smtp, SMTP_PORT), Server(smtp, SMTP_STARTTLS_PORT, "starttls"))
    ]


def _domain(address: str) -> str:
    domain = address.strip().rpartition("@")[2].rstrip(".").lower()
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


@functools.cache
def _table() -> tuple[tuple[Preset, ...], dict[str, str]]:
    data = tomllib.loads(files("plugdesk_email").joinpath("presets.toml").read_text("utf-8"))
    return tuple(_preset(row) for row in data["preset"]), data["mx"]


def _preset(row: dict[str, Any]) -> Preset:
    servers = {name: Server(**row[name]) for name in ("imap", "smtp")}
    lists = {name: tuple(row[name]) for name in ("auth", "domains")}
    return Preset(**{**row, **servers, **lists, "help": HELP.get(row["code"], "")})
