"""E-mail stands on the contract of all channels: letters pass the tests that a messenger's messages do."""

from __future__ import annotations

from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.utils import make_msgid
from typing import TYPE_CHECKING

import pytest

from plugdesk.testing.channels import *  # noqa: F403
from plugdesk.testing.channels import Correspondent, Fault, File, Seen

if TYPE_CHECKING:
    from plugdesk.testing.played_mail import PlayedMailbox

CUSTOMER = "ann@home.example"


class LetterWriter(Correspondent):
    """Ann, who writes letters, at a mail server of this machine."""

    channel = "email"

    def __init__(self, mailbox: PlayedMailbox) -> None:
        self.mailbox = mailbox
        self._last: EmailMessage | None = None
        self._keeps_back = False

    def write(self, text: str, files: Sequence[File] = ()) -> EmailMessage:
        letter = EmailMessage(policy.SMTP)
        letter["From"], letter["To"], letter["Subject"] = f"Ann <{CUSTOMER}>", self.mailbox.address, "A question"
        letter["Message-ID"] = make_msgid(domain="home.example")
        if self._last is not None:
            letter["In-Reply-To"] = letter["References"] = self._last["Message-ID"]
        letter.set_content(text)
        for each in files:
            letter.add_attachment(each.content, maintype="application", subtype="octet-stream", filename=each.name)
        if not self._keeps_back:
            self.again(letter)
        self._last = self._last or letter
        return letter

    def again(self, handle: EmailMessage) -> None:
        self.mailbox.server.deliver(bytes(handle), [self.mailbox.address])

    def keep_back(self) -> None:
        self._keeps_back = True

    def look(self) -> None:
        self.mailbox.look()

    def seen(self) -> list[Seen]:
        found = []
        for letter in self.mailbox.sent:
            body = letter.get_body(("plain",))
            text = body.get_content() if isinstance(body, EmailMessage) else ""
            files = [File(part.get_filename() or "", part.get_content()) for part in letter.iter_attachments()]
            found.append(Seen(text, files, handle=letter["Message-ID"]))
        return found

    def fail(self, fault: Fault) -> None:
        server = self.mailbox.server
        if fault == "lost":
            server.drop_after_data()
        elif fault == "refused":
            server.refuse_next(550, "5.1.1 No such user")
        else:
            server.refuse_next(451, "4.3.2 Come back later")

    def recover(self) -> None:
        """It refuses only the next letter."""


@pytest.fixture
def correspondent(mailbox: PlayedMailbox) -> LetterWriter:
    return LetterWriter(mailbox)
