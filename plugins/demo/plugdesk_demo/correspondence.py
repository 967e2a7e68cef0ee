"""Letters to and from the customers you play: written and sent as a mail program does, read as one shows them."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid, parseaddr
from typing import TYPE_CHECKING

from markupsafe import Markup

from plugdesk.api import NewFile, clean_html, html_of_text, in_utc
from plugdesk.api import format_datetime as shown_datetime
from plugdesk.api import gettext as _

if TYPE_CHECKING:
    from plugdesk.testing.local_mail import LocalMail

SECONDS = 10.0


@dataclass(frozen=True)
class Letter:
    """A letter in a customer's mailbox; `number` is its place there, from 1. `html` is cleaned."""

    number: int
    sender: str
    address: str
    subject: str
    at: datetime | None
    text: str
    html: Markup
    files: tuple[str, ...]
    message_id: str
    references: str


def read_letters(mailbox: Sequence[bytes]) -> list[Letter]:
    """The raw letters of a mailbox as they are shown, the latest first."""
    return [_read(number, raw) for number, raw in enumerate(mailbox, 1)][::-1]


def send_letter(
    mail: LocalMail,
    *,
    sender: tuple[str, str],
    to: str,
    subject: str,
    text: str,
    at: datetime,
    files: Sequence[NewFile] = (),
    answers: Letter | None = None,
) -> None:
    """Send a letter of a customer (name, address) over SMTP; one that `answers` quotes that letter below its text.

    Raises OSError or smtplib.SMTPException when the server does not take it.
    """
    letter = EmailMessage(policy.SMTP)
    letter["From"], letter["To"] = formataddr(sender), to
    letter["Subject"], letter["Date"] = " ".join(subject.split()), format_datetime(at)
    letter["Message-ID"] = make_msgid(domain=sender[1].rpartition("@")[2])
    if answers is not None and answers.message_id:
        letter["In-Reply-To"] = answers.message_id
        letter["References"] = f"{answers.references} {answers.message_id}".strip()
    letter.set_content(f"{text}\n\n{_quotation(answers)}" if answers else text)
    for file in files:
        kind, _slash, subtype = file.type.partition("/")
        letter.add_attachment(file.content, maintype=kind, subtype=subtype or "octet-stream", filename=file.name)
    with smtplib.SMTP(mail.host, mail.smtp_port, timeout=SECONDS) as server:
        server.send_message(letter, sender[1], [to])


def _quotation(letter: Letter) -> str:
    when = shown_datetime(letter.at) if letter.at else ""
    said = _("On %(date)s, %(name)s wrote:", date=when, name=letter.sender)
    return "\n".join([said, *(f"> {line}".rstrip() for line in letter.text.splitlines())])


def _read(number: int, raw: bytes) -> Letter:
    letter = message_from_bytes(raw, policy=policy.default)
    name, address = parseaddr(str(letter["From"]))
    rich, plain = letter.get_body(("html",)), letter.get_body(("plain",))
    text = str(plain.get_content()) if plain else ""
    return Letter(
        number=number, sender=name or address, address=address, subject=str(letter["Subject"] or ""), at=_moment(letter), text=text,
        html=Markup(clean_html(str(rich.get_content())) if rich else html_of_text(text)),
        files=tuple(part.get_filename() or "" for part in letter.iter_attachments()),
        message_id=str(letter["Message-ID"] or ""), references=str(letter["References"] or ""),
    )  # fmt: skip


def _moment(letter: EmailMessage) -> datetime | None:
    moment: datetime | None = getattr(letter["Date"], "datetime", None)
    return in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) if moment else None
