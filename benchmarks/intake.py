"""How fast letters come in: `python benchmarks/intake.py [LETTERS]`. In process, all built-in extensions on, SQLite with FULL.

Two figures of one run: letters a second from the first byte to the committed ticket with everything it causes stored in the
same transaction (news for the plugins, jobs), each letter durable on its own; and until the plugins have been told and the
last job of the last letter is done, receipts handed to a local SMTP server.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from time import perf_counter

import sqlalchemy as sa
from data import switch_everything_on
from measure import Figure, print_figures

from plugdesk.forms.commands import create_form
from plugdesk.forms.models import Form
from plugdesk.jobs import Job
from plugdesk.opening import open_runtime
from plugdesk.runner import Runner
from plugdesk.settings import Settings
from plugdesk.setup import create_desk, first_administrator
from plugdesk.tickets.models import Message, Ticket
from plugdesk.worker import Worker
from plugdesk_email.intake import keep_original
from plugdesk_email.mailboxes import add_mailbox, read_account
from plugdesk_email.models import Original, OriginalState

LETTERS, BYTES = 500, 5_000
ADDRESS, PASSWORD = "help@desk.example", "a benchmark's password 17"


def main(letters: int) -> bool:
    with tempfile.TemporaryDirectory() as folder, _mail_server() as mail:
        runtime = open_runtime(Settings(data=Path(folder), base_url="http://127.0.0.1:8000"), migrating=True)
        form_id = _desk(runtime, mail)
        worker = Worker(runtime, "benchmark")
        worker.run_due()
        raw = [_letter(n) for n in range(letters)]
        started = perf_counter()
        with runtime.database.write() as session:
            ctx = runtime.context("email", session.get_one(Form, form_id), session)
            for each in raw:
                keep_original(ctx, each)
                session.commit()  # each its own, as after each FETCH
        runner = Runner(runtime, "benchmark")
        while _waiting(runtime):
            runner.run_jobs()
        committed = perf_counter() - started
        while worker.run_due():
            pass
        done = perf_counter() - started
        with runtime.database.read() as session:
            tickets = session.scalar(sa.select(sa.func.count()).select_from(Ticket))
            receipts = session.scalar(
                sa.select(sa.func.count()).select_from(Message).where(Message.kind == "receipt", Message.delivery == "sent")
            )
            waiting = session.scalar(sa.select(sa.func.count()).select_from(Job).where(Job.due_at <= runtime.clock.now()))
            assert (tickets, waiting) == (letters, 0), (tickets, waiting)
        print(f"{letters} letters of {len(raw[0])} bytes, {tickets} tickets, {receipts} receipts sent\n")
        runtime.close()
    return print_figures([
        Figure("letters a second until the ticket is committed", letters / committed, 100, "letters/s", "one worker, synchronous=FULL", at_least=True),
        Figure("letters a second until the last job is done", letters / done, 50, "letters/s", "receipts over SMTP", at_least=True),
    ])  # fmt: skip


@dataclass(frozen=True)
class _Ports:
    imap_port: int
    smtp_port: int


@contextmanager
def _mail_server() -> Iterator[_Ports]:
    """A mail server in a process of its own, as they are: it must not take the desk's interpreter away from it."""
    code = "\n".join([
        "import logging, sys",
        "logging.getLogger('mail.log').setLevel(logging.ERROR)",  # aiosmtpd warns of what it does itself
        "from plugdesk.testing.local_mail import LocalMail",
        "with LocalMail() as mail:",
        f"    mail.add_mailbox({ADDRESS!r}, {PASSWORD!r})",
        "    print(mail.imap_port, mail.smtp_port, flush=True)",
        "    sys.stdin.read()",
    ])  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield _Ports(*map(int, server.stdout.readline().split()))
        server.communicate("")


def _desk(runtime: object, mail: _Ports) -> int:
    with runtime.database.write() as session:  # type: ignore[attr-defined]
        create_desk(session, name="Benchmark", language="en", zone="UTC")
        admin = first_administrator(session, name="Ada Admin", email="ada@desk.example", password=PASSWORD)
        form = create_form(session, name="Support", by=admin)
        switch_everything_on(runtime, session, form, by=admin)
        given = {
            "address": ADDRESS, "password": PASSWORD, "own_network": "1", "imap_host": "127.0.0.1", "imap_port": mail.imap_port,
            "imap_security": "plain", "smtp_host": "127.0.0.1", "smtp_port": mail.smtp_port, "smtp_security": "plain",
        }  # fmt: skip
        add_mailbox(runtime.context("email", form, session), read_account(given, by=admin), by=admin)  # type: ignore[attr-defined]
        return form.id


def _waiting(runtime: object) -> bool:
    with runtime.database.read() as session:  # type: ignore[attr-defined]
        return session.scalar(sa.select(Original.id).where(Original.state == OriginalState.WAITING).limit(1)) is not None


def _letter(number: int) -> bytes:
    letter = EmailMessage()
    letter["From"] = f"Customer {number} <customer{number}@example.com>"
    letter["To"] = ADDRESS
    letter["Subject"] = f"The terminal of till {number} prints the receipt twice"
    letter["Message-ID"] = f"<{number}@example.com>"
    text = (
        f"Hello,\n\nafter the update terminal {number} prints every receipt twice and the drawer stays shut. "
        + "Please help us soon. " * 30
    )
    letter.set_content(text)
    filler = '<p style="margin:0cm;font-size:11.0pt;font-family:Calibri">' + "Please help us soon. " * 8 + "</p>\n"
    html = f"<html><body><p>{text}</p>{filler * 14}</body></html>"
    letter.add_alternative(html[: BYTES - len(text) - 900], subtype="html")
    return bytes(letter)


if __name__ == "__main__":
    sys.exit(0 if main(int(sys.argv[1]) if len(sys.argv) > 1 else LETTERS) else 1)
