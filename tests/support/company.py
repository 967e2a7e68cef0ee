"""A company at work: a desk on a database of its own with a mailbox, agents, and customers who write letters to a real mail server."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.support.databases import Server, _fresh
from tests.support.desk import MONDAY_MORNING

if TYPE_CHECKING:
    from plugdesk.clock import Clock
    from plugdesk.plugins.loader import Plugin
    from plugdesk.runtime import Runtime
    from plugdesk.testing.local_mail import LocalMail
    from plugdesk.tickets.models import Message, Ticket

HELP = "help@desk.example"
MAILBOX_PASSWORD = "a mailbox password"
ADMIN, FORM_ADMIN, AGENT, OUTSIDER = "marta@desk.example", "petra@desk.example", "ivan@desk.example", "olga@desk.example"


class Company:
    """The form “Support” (slug `support`) with e-mail and rating on, a mailbox, Ivan who answers and Petra who configures it.

    Marta administers all of the desk. Olga works on the form “Billing”, where every extension is off.
    """

    def __init__(self, runtime: Runtime, mail: LocalMail) -> None:
        self.runtime = runtime
        self.mail = mail

    def set_up(self, *, extensions: tuple[str, ...] = ("email", "csat"), account: dict[str, Any] | None = None) -> None:
        """Write all of it, by the ordinary commands; `account` overrules what is filled in for the mailbox."""
        from plugdesk.plugins.switch import enable_plugin
        from plugdesk_email.mailboxes import add_mailbox, read_account
        from tests.factories import make_admin, make_agent, make_desk, make_form

        with self.runtime.database.write() as session:
            make_desk(session, name="Tillwise").set_up_at = self.runtime.clock.now()
            admin = make_admin(session, name="Marta Grünwald", email=ADMIN)
            form, billing = make_form(session, name="Support", slug="support"), make_form(session, name="Billing", slug="billing")
            session.flush()  # the forms' ids, for the rights on them
            make_agent(session, form, name="Ivan Petrov", email=AGENT)
            make_agent(session, form, name="Petra Simon", email=FORM_ADMIN, is_admin=True)
            make_agent(session, billing, name="Olga Orlova", email=OUTSIDER)
            for plugin in extensions:
                enable_plugin(session, form, plugin, by=admin)
            given = self.account() | (account or {})
            add_mailbox(self.runtime.context("email", form, session), read_account(given, by=admin), by=admin, with_old=True)

    def account(self) -> dict[str, Any]:
        """The mailbox as its page would be filled in."""
        servers = {"imap_host": "127.0.0.1", "imap_port": self.mail.imap_port, "imap_security": "plain"}
        servers |= {"smtp_host": "127.0.0.1", "smtp_port": self.mail.smtp_port, "smtp_security": "plain"}
        return {"address": HELP, "password": MAILBOX_PASSWORD, "own_network": "1", **servers}

    def work(self) -> int:
        """Look into the mailboxes and do everything that is due; returns how much was done."""
        from plugdesk.worker import Worker

        return Worker(self.runtime, "test").run_due()

    def later(self, **duration: float) -> None:
        """Moves the desk's clock on; only where it stands still."""
        self.runtime.clock.advance(timedelta(**duration))  # type: ignore[attr-defined]

    def ticket_of(self, session: Session, sender: str) -> Ticket:
        """The one ticket of this customer."""
        from plugdesk.tickets.models import Ticket
        from plugdesk.users.models import Identity

        query = sa.select(Ticket).join(Identity, Identity.user_id == Ticket.customer_id).where(Identity.value == sender)
        return session.scalars(query).one()

    def messages_of(self, session: Session, sender: str) -> list[Message]:
        """Everything said on this customer's ticket, oldest first."""
        from plugdesk.tickets.models import Message

        ticket = self.ticket_of(session, sender)
        return list(session.scalars(sa.select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)))

    def letters(self, address: str) -> list[EmailMessage]:
        """What has arrived at an address of the mail server, or has left for one elsewhere; oldest first."""
        raw = [each.raw for each in self.mail.outgoing if address in each.recipients]
        if address in self.mail._passwords:
            raw = self.mail.letters(address)
        return [message_from_bytes(each, policy=policy.default) for each in raw]


def letter(sender: str, subject: str, text: str, **fields: str) -> EmailMessage:
    """A plain letter to the company; `fields` are further header fields, with `_` for `-`."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, HELP, subject
    made["Message-ID"] = fields.pop(
        "Message_ID", f"<{abs(hash((sender, subject, text)))}@{sender.rpartition('@')[2].rstrip('>')}>"
    )
    for name, value in fields.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def post(mail: LocalMail, made: EmailMessage) -> None:
    """Hands a letter to the mail server as a customer's mail program does."""
    with smtplib.SMTP("127.0.0.1", mail.smtp_port) as client:
        client.send_message(made)


@contextmanager
def company_at(
    url: str, folder: Path, plugins: list[Plugin] | None, *, clock: Clock | None = None, set_up: bool = True, **settings: Any
) -> Iterator[Company]:
    """A company on the database at `url`, with its mail server, as long as the block lasts."""
    from plugdesk.runtime import Runtime
    from plugdesk.settings import Settings
    from plugdesk.testing.local_mail import LocalMail

    with LocalMail() as mail:
        mail.add_mailbox(HELP, MAILBOX_PASSWORD)
        given = {"base_url": "http://127.0.0.1:8000", **settings}
        runtime = Runtime(Settings(data=folder / "data", database_url=url, **given), plugins=plugins, clock=clock)
        company = Company(runtime, mail)
        try:
            if set_up:
                company.set_up()
            yield company
        finally:
            runtime.close()


@pytest.fixture
def make_company(database_url: str, tmp_path: Path, _plugins: list[Plugin]) -> Iterator[Callable[..., Company]]:
    """`make_company(clock=…)`: see `company_at`; with the built-in plugins."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(company_at(database_url, tmp_path, _plugins, **options))


@pytest.fixture
def company_on(
    _servers: Callable[[str], Server], _template: Callable[[str], str], tmp_path: Path, _plugins: list[Plugin]
) -> Iterator[Callable[..., Company]]:
    """`company_on("postgres", clock=…)`: the same on one kind of database, whatever the run is on."""
    with ExitStack() as stack:

        def make(kind: str, **options: Any) -> Company:
            url = stack.enter_context(_fresh(_servers(kind), _template(kind)))
            return stack.enter_context(company_at(url, tmp_path, _plugins, **options))

        yield make


@pytest.fixture
def company(make_company: Callable[..., Company]) -> Company:
    """A company whose clock stands still until the test moves it."""
    from plugdesk.clock import MovableClock

    return make_company(clock=MovableClock(MONDAY_MORNING))
