"""A form's mailbox on a real mail server of this machine, and the customers who write to it."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING

from plugdesk.testing.browser import Browser
from plugdesk.testing.local_mail import LocalMail

if TYPE_CHECKING:
    from plugdesk.clock import MovableClock
    from plugdesk.forms.models import Form

ADDRESS = "help@desk.example"
PASSWORD = "mailbox password"
LOOKS_AGAIN = 31  # seconds: e-mail looks into its mailboxes every half a minute


class PlayedMailbox:
    """`mailbox.write("The till beeps", "Twice.")` is a customer's letter; `mailbox.sent` is what the desk has answered."""

    def __init__(self, server: LocalMail, clock: MovableClock, run_jobs: Callable[[], int], address: str = ADDRESS) -> None:
        self.server = server
        self.address = address
        self._clock = clock
        self._run_jobs = run_jobs

    def connect(self, admin: Browser, form: Form) -> None:
        """Give the form this mailbox, by the page an admin would use."""
        self.server.add_mailbox(self.address, PASSWORD)
        hosts = {"imap_host": self.server.host, "imap_port": self.server.imap_port, "imap_security": "plain"}
        hosts |= {"smtp_host": self.server.host, "smtp_port": self.server.smtp_port, "smtp_security": "plain"}
        typed = {"address": self.address, "login": self.address, "password": PASSWORD, "own_network": "1", **hosts}
        answer = admin.post(f"/forms/{form.slug}/x/email/mailboxes", data=typed)
        assert answer.status_code == 303, f"The mailbox was refused: {answer.get_data(as_text=True)}"
        self._run_jobs()

    def write(
        self, subject: str, text: str, *, sender: str = "Ann Carter <ann@home.example>", answers: EmailMessage | None = None
    ) -> EmailMessage:
        """A letter to the mailbox, fetched half a minute later by the desk's clock, with all that follows from it."""
        letter = EmailMessage(policy.SMTP)
        letter["From"], letter["To"], letter["Subject"] = sender, self.address, subject
        letter["Date"], letter["Message-ID"] = format_datetime(self._clock.now()), make_msgid(domain="home.example")
        if answers is not None:
            letter["In-Reply-To"] = answers["Message-ID"]
        letter.set_content(text)
        self.take(bytes(letter))
        return letter

    def take(self, raw: bytes) -> None:
        """A letter as it is, byte for byte; then as `write`."""
        self.server.deliver(raw, [self.address])
        self.look()

    def look(self) -> None:
        """Half a minute passes by the desk's clock, in which the mailbox is read and everything due is done."""
        self._clock.advance(seconds=LOOKS_AGAIN)
        self._run_jobs()

    @property
    def sent(self) -> list[EmailMessage]:
        """The letters that have left for customers, oldest first."""
        return [message_from_bytes(each.raw, policy=policy.default) for each in self.server.outgoing]
