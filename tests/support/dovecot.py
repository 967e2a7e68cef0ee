"""Debian's Dovecot on loopback, with mailboxes and a certificate made for one run."""

from __future__ import annotations

import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.parts import program
from tests.support.processes import AS_ROOT, free_port, listens, running, server_folder, unprivileged

if TYPE_CHECKING:
    from trustme import CA

# Dovecot notices new lines of its password file only a second later; so all mailboxes exist from the start.
MAILBOXES = 200


@dataclass(frozen=True)
class Mailbox:
    """One account: `host` and `port` speak plain IMAP and STARTTLS, `tls_port` TLS from the first byte."""

    address: str
    password: str
    host: str
    port: int
    tls_port: int


class Dovecot:
    """A running Dovecot. Its certificate is good for localhost and 127.0.0.1, so any other name does not match."""

    def __init__(self, folder: Path, port: int, tls_port: int, passwords: dict[str, str]) -> None:
        self.folder = folder
        self.host = "localhost"
        self.port = port
        self.tls_port = tls_port
        self._unused = iter(passwords.items())

    def mailbox(self) -> Mailbox:
        """An account nobody has used in this run."""
        address, password = next(self._unused)
        return Mailbox(address, password, self.host, self.port, self.tls_port)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


@contextmanager
def dovecot_server(authority: CA) -> Iterator[Dovecot]:
    with server_folder("dovecot") as folder:
        port, tls_port = free_port(), free_port()
        passwords = {f"box{number}@mail.example": secrets.token_urlsafe(12) for number in range(MAILBOXES)}
        lines = [f"{address}:{{PLAIN}}{password}" for address, password in passwords.items()]
        (folder / "passwd").write_text("\n".join(lines) + "\n")
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "tls.pem")
        (folder / "dovecot.conf").write_text(_configuration(folder, port, tls_port))
        if AS_ROOT:
            for path in folder.iterdir():
                shutil.chown(path, "nobody", "nogroup")
        command: list[str | Path] = [program("dovecot") or "dovecot", "-F", "-c", folder / "dovecot.conf"]
        with running(command, ready=lambda: listens(port), log=folder / "output", stop=signal.SIGTERM, **unprivileged()):
            yield Dovecot(folder, port, tls_port, passwords)


def _configuration(folder: Path, port: int, tls_port: int) -> str:
    user, group = ("nobody", "nogroup") if AS_ROOT else (getuser(), _group())
    return f"""
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/tls.pem
ssl_key = <{folder}/tls.pem
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
first_valid_uid = 1
login_trusted_networks = 127.0.0.0/8
passdb {{
  driver = passwd-file
  args = {folder}/passwd
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""


def _group() -> str:
    import grp
    import os

    return grp.getgrgid(os.getgid()).gr_name
