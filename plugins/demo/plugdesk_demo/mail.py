"""The demo's own mail server, and the service that keeps it: connected to the desk, with the story played beside it."""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from plugdesk.api import Identity, Role, Runtime, User, all_forms

from .models import Play
from .script import read_content

if TYPE_CHECKING:
    from plugdesk.testing.local_mail import LocalMail

HOST = "127.0.0.1"
LOOK = 2.0  # seconds between looks at the forms and at the story
PLAY_AGAIN = 10.0  # seconds before a play that was interrupted goes on

_open: list[LocalMail] = []  # the server of this process, while it runs


def open_server() -> LocalMail | None:
    """The demo's mail server. None while it starts, and in processes besides the one that keeps it."""
    return _open[0] if _open else None


def mailbox_of(mail: LocalMail, address: str) -> list[bytes]:
    """The raw letters for `address`, oldest first. One that has no mailbox gets it, with what was sent there so far."""
    try:
        return mail.letters(address)
    except KeyError:
        missed = [letter for letter in mail.outgoing if address in letter.recipients]
        mail.add_mailbox(address, secrets.token_urlsafe(16))
        for letter in missed:
            mail.deliver(letter.raw, [address], letter.envelope_from)
    return mail.letters(address)


@cache
def mailboxes_of(language: str) -> Mapping[str, str]:
    """The addresses customers write to, by the slugs of the demo's forms."""
    content = read_content(language)
    return {form["key"]: f"{form['key']}@{content['domain']}" for form in content["forms"]}


def keep_mail(runtime: Runtime, stop: Event) -> None:
    """Service: on the desk of a demo, serve its mail and have its story played, until `stop`. Elsewhere it only waits."""
    while (language := language_of(runtime)) is None:
        if stop.wait(LOOK):
            return
    from plugdesk.testing.local_mail import LocalMail

    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of what it does itself
    with LocalMail(HOST) as mail, _playing(runtime) as look_after_play:
        for address in _customers(runtime):
            mail.add_mailbox(address, secrets.token_urlsafe(16))
        _open.append(mail)
        connected: set[str] = set()
        try:
            while not stop.is_set():
                connected |= _connect(runtime, mail, mailboxes_of(language), connected)
                look_after_play()
                stop.wait(LOOK)
        finally:
            _open.remove(mail)


def language_of(runtime: Runtime) -> str | None:
    """The language of the demo's company; None on a desk that is no demo."""
    with runtime.database.read() as session:
        return session.scalar(sa.select(Play.language))


def administrator(session: Session) -> User | None:
    """Whoever connects what the demo brings."""
    return session.scalars(sa.select(User).where(User.role == Role.ADMIN, User.active).order_by(User.id)).first()


def _customers(runtime: Runtime) -> list[str]:
    with runtime.database.read() as session:
        return list(session.scalars(sa.select(Identity.value).where(Identity.channel == "email")))


def _connect(runtime: Runtime, mail: LocalMail, mailboxes: Mapping[str, str], known: set[str]) -> set[str]:
    """Connect the mailboxes of forms where e-mail is on and that are not `known`; returns the slugs. Ports are new at each start."""
    with runtime.database.read() as session:
        new = [
            form.slug for form in all_forms(session) if form.slug in mailboxes and form.slug not in known and form.has("email")
        ]
    if not new:
        return set()
    with runtime.database.write() as session:
        admin = administrator(session)
        for form in all_forms(session):
            if form.slug in new:
                account = _account(mail, mailboxes[form.slug])
                runtime.executor.first("connect_mailbox", form, session, account=account, by=admin)
    return set(new)


def _account(mail: LocalMail, address: str) -> dict[str, object]:
    password = secrets.token_urlsafe(16)
    mail.add_mailbox(address, password)
    servers = {"host": HOST, "security": "plain"}
    return {
        "address": address, "password": password, "own_network": True, "imap_port": mail.imap_port, "smtp_port": mail.smtp_port,
        **{f"{each}_{name}": value for each in ("imap", "smtp") for name, value in servers.items()},
    }  # fmt: skip


@contextmanager
def _playing(runtime: Runtime) -> Iterator[Callable[[], None]]:
    """Gives what looks after the process that plays: started while there is something left to play, again when it died."""
    command = [sys.executable, "-m", "plugdesk.cli", "--data", str(runtime.settings.data), "demo", "play", str(os.getpid())]
    processes: list[subprocess.Popen[bytes]] = []
    began = -PLAY_AGAIN

    def look_after() -> None:
        nonlocal began
        if (processes and processes[-1].poll() is None) or monotonic() - began < PLAY_AGAIN or _is_played(runtime):
            return
        began = monotonic()
        processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))

    try:
        yield look_after
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def _is_played(runtime: Runtime) -> bool:
    with runtime.database.read() as session:
        return session.scalar(sa.select(Play.finished_at)) is not None
