"""Mailboxes, the letters that came through them, and what letters add to messages."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, DeliveryState, Form, Key, Message, Word


class Security(StrEnum):
    """How the connection to a server is encrypted; `plain` is for servers of the own network and tests."""

    TLS = "tls"
    STARTTLS = "starttls"
    PLAIN = "plain"


class Mailbox(Base):
    """One mailbox of a form: where its letters come from and its answers leave through.

    `password` is sealed for the place `mailbox:ID/password`. `uidvalidity` and `last_uid` say how far it was read. `error`
    is what went wrong last, in words, with the remedy; `failing_since` when that began.
    """

    __tablename__ = "email_mailbox"

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(unique=True)
    login: Mapped[str]
    password: Mapped[str]
    imap_host: Mapped[str]
    imap_port: Mapped[int]
    imap_security: Mapped[Security] = mapped_column(Word(Security))
    smtp_host: Mapped[str]
    smtp_port: Mapped[int]
    smtp_security: Mapped[Security] = mapped_column(Word(Security))
    own_network: Mapped[bool] = mapped_column(default=False)
    folder: Mapped[str] = mapped_column(default="INBOX")
    with_old: Mapped[bool] = mapped_column(default=False)
    uidvalidity: Mapped[int | None]
    last_uid: Mapped[int | None]
    polled_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    error: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    sending_error: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)

    form: Mapped[Form] = relationship()

    __mapper_args__ = {"version_id_col": version}

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


class OriginalState(StrEnum):
    """What became of a letter."""

    WAITING = "waiting"
    TAKEN = "taken"
    DUPLICATE = "duplicate"
    BOUNCE = "bounce"
    LOOP = "loop"
    QUARANTINE = "quarantine"
    DISMISSED = "dismissed"


class Original(Base):
    """A letter as it came, byte for byte, kept before the server is told that we have it.

    The bytes are content of the file store, counted as an attachment's are. One letter of one mailbox is kept once: by its
    UID, and by its hash where a server gives new UIDs.
    """

    __tablename__ = "email_original"
    __table_args__ = (
        sa.UniqueConstraint("mailbox_id", "uidvalidity", "uid"),
        sa.Index("ix_email_original_sha256", "sha256"),
        sa.Index("ix_email_original_form_state", "form_id", "state", "id"),
        sa.Index("ix_email_original_sender", "sender", "at"),
    )

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    mailbox_id: Mapped[int | None] = mapped_column(sa.ForeignKey("email_mailbox.id", ondelete="SET NULL"))
    uidvalidity: Mapped[int | None]
    uid: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int]
    at: Mapped[datetime]
    state: Mapped[OriginalState] = mapped_column(Word(OriginalState))
    reason: Mapped[str | None]
    sender: Mapped[str | None]
    subject: Mapped[str | None]
    letter_id: Mapped[str | None]
    message_id: Mapped[int | None] = mapped_column(sa.ForeignKey("message.id", ondelete="SET NULL"), index=True)

    mailbox: Mapped[Mailbox | None] = relationship()


class LetterOf(Base):
    """What a letter adds to its message: the mailbox it came or left through, where to answer, and its place in the thread."""

    __tablename__ = "email_letter"
    __table_args__ = (sa.Index("ix_email_letter_letter_id", "letter_id"),)

    message_id: Mapped[int] = mapped_column(sa.ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    mailbox_id: Mapped[int | None] = mapped_column(sa.ForeignKey("email_mailbox.id", ondelete="SET NULL"))
    letter_id: Mapped[str]
    answer_to: Mapped[str | None]
    answer_name: Mapped[str | None]
    subject: Mapped[str]
    references: Mapped[list[str]]

    message: Mapped[Message] = relationship()


class PlainLetter(Base):
    """A letter of ours that belongs to no ticket: to an address that is to be confirmed. `state` is as that of messages, `error` why."""

    __tablename__ = "email_plain_letter"
    __table_args__ = (sa.Index("ix_email_plain_letter_form_id_at", "form_id", "at"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    address: Mapped[str]
    subject: Mapped[str]
    html: Mapped[str]
    at: Mapped[datetime]
    state: Mapped[DeliveryState] = mapped_column(Word(DeliveryState))
    error: Mapped[str | None]
