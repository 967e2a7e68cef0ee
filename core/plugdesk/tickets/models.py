"""Tickets, what is said on them, and who has to do with them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.database import Base, Json, Key, Word
from plugdesk.forms.models import Form, Status, StatusKind
from plugdesk.users.models import Group, User


def _listing(name: str, *first: str, where: str | None = None) -> sa.Index:
    """An index in the order of every list: the highest rank, then the latest word."""
    order = (sa.text("rank DESC"), sa.text("spoken_at DESC"), sa.text("id DESC"))
    condition = sa.text(where) if where else None
    return sa.Index(name, *first, *order, sqlite_where=condition, postgresql_where=condition)


def _few(name: str, column: str) -> sa.Index:
    """An index of the rows that have a value there."""
    condition = sa.text(f"{column} IS NOT NULL")
    return sa.Index(name, column, sqlite_where=condition, postgresql_where=condition)


_ASKED = sa.text("parent_id IS NOT NULL AND closed_at IS NULL")  # the open subtasks, which are few


class Ticket(Base):
    """One request. Its number is its id.

    `status_kind` repeats the status's kind, `customer_waits` says that the customer spoke last, `excerpt` is the
    beginning of the last message: lists and counts need them without a join. `values` maps a field's code to its value.
    """

    __tablename__ = "ticket"

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id"))
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    opened_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    subject: Mapped[str]
    excerpt: Mapped[str] = mapped_column(default="")
    channel: Mapped[str]
    status_id: Mapped[int] = mapped_column(sa.ForeignKey("status.id"), index=True)
    status_kind: Mapped[StatusKind] = mapped_column(Word(StatusKind))
    assignee_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id"))
    rank: Mapped[int] = mapped_column(default=0)
    values: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    customer_waits: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    spoken_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ticket.id"))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("ticket.id"))
    unsettled: Mapped[list[Any]] = mapped_column(Json, default=list)
    version: Mapped[int] = mapped_column(default=1)

    form: Mapped[Form] = relationship()
    status: Mapped[Status] = relationship()
    customer: Mapped[User] = relationship(foreign_keys=customer_id)
    assignee: Mapped[User | None] = relationship(foreign_keys=assignee_id)
    group: Mapped[Group | None] = relationship()
    messages: Mapped[list[Message]] = relationship(back_populates="ticket", order_by="Message.id")

    # `closed_at IS NULL` says the same as an open kind, in words by which a partial index can be chosen.
    __table_args__ = (
        _listing("ix_ticket_open", where="closed_at IS NULL"),
        _listing("ix_ticket_done", where="closed_at IS NOT NULL"),
        _listing("ix_ticket_status_kind", "status_kind"),
        _listing("ix_ticket_form", "form_id", "status_kind"),
        _listing("ix_ticket_assignee", "assignee_id", where="closed_at IS NULL"),
        _listing("ix_ticket_group", "group_id", where="closed_at IS NULL"),
        sa.Index("ix_ticket_asked", "assignee_id", "group_id", sqlite_where=_ASKED, postgresql_where=_ASKED),
        sa.Index("ix_ticket_customer", "customer_id", sa.text("id DESC")),
        # Merged tickets and subtasks are few: SQLite, which counts, finds an index that is mostly empty not worth using.
        _few("ix_ticket_merged_into_id", "merged_into_id"),
        _few("ix_ticket_parent_id", "parent_id"),
        sa.Index("ix_ticket_deleted_at", "deleted_at"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def number(self) -> int:
        return self.id


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    NOTE = "note"


class DeliveryState(StrEnum):
    """How far an outgoing message has come."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    MAYBE = "maybe"
    FAILED = "failed"
    HELD = "held"


_MERGED = sa.text("origin_id IS NOT NULL")


class Message(Base):
    """One piece of correspondence on a ticket, or a note.

    `html` is what came, `clean_html` what is shown, made by the cleaner of version `cleaned_by`. `quoted` is what the
    sender quoted below their own words. `kind` says whether a person wrote it (human) or a program (auto-reply, bounce,
    bulk; receipt, closing, rating for ours). `external_id` is the channel's own name of it, a Message-ID for a letter.
    `edited_at` and `withdrawn_at` say that its author has changed it, or taken it back, after it was delivered.
    `buttons` are those under it, each with `key` ("plugin:key") and `label`, until one is `pressed`.
    `origin_id` is the ticket it was said on, where that has been merged into the one it stands in now.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_ticket_id", "ticket_id", "id"),
        sa.Index("ix_message_external_id", "external_id"),
        sa.Index("ix_message_origin_id", "origin_id", sqlite_where=_MERGED, postgresql_where=_MERGED),
    )

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id"))
    direction: Mapped[Direction] = mapped_column(Word(Direction))
    kind: Mapped[str] = mapped_column(default="human")
    reason: Mapped[str | None]
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"), index=True)
    channel: Mapped[str | None]
    subject: Mapped[str | None]
    text: Mapped[str] = mapped_column(default="")
    quoted: Mapped[str | None]
    html: Mapped[str | None]
    clean_html: Mapped[str | None]
    cleaned_by: Mapped[int | None]
    to: Mapped[list[Any]] = mapped_column(Json, default=list)
    cc: Mapped[list[Any]] = mapped_column(Json, default=list)
    bcc: Mapped[list[Any]] = mapped_column(Json, default=list)
    external_id: Mapped[str | None]
    answers_id: Mapped[int | None] = mapped_column(sa.ForeignKey("message.id"))
    created_at: Mapped[datetime]
    delivery: Mapped[DeliveryState | None] = mapped_column(Word(DeliveryState))
    delivery_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    buttons: Mapped[list[Any]] = mapped_column(Json, default=list, server_default=sa.text("'[]'"))
    pressed: Mapped[str | None]
    # Not a foreign key: there would be two ways from a message to a ticket, and none to join them without saying which.
    origin_id: Mapped[int | None]

    ticket: Mapped[Ticket] = relationship(back_populates="messages")
    origin: Mapped[Ticket | None] = relationship(primaryjoin="foreign(Message.origin_id) == remote(Ticket.id)", viewonly=True)
    author: Mapped[User | None] = relationship()
    attachments: Mapped[list[Attachment]] = relationship(back_populates="message", order_by="Attachment.id")

    @property
    def home(self) -> Ticket:
        """The ticket it was said on: its customer and form are whom it goes to, and how, wherever it stands now."""
        return self.ticket if self.origin_id is None else self.origin or self.ticket

    @property
    def is_automatic(self) -> bool:
        return self.kind != "human"


class Content(Base):
    """The bytes behind attachments and letters, by their hash, counted: the last use to go takes them along.

    `data` holds what is small; the rest is in the file store. See `plugdesk.storage`.
    """

    __tablename__ = "content"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    size: Mapped[int]
    uses: Mapped[int]
    data: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)


class Attachment(Base):
    """A file on a message. One without a message was uploaded for one that is still being written."""

    __tablename__ = "attachment"

    id: Mapped[Key]
    message_id: Mapped[int | None] = mapped_column(sa.ForeignKey("message.id", ondelete="CASCADE"), index=True)
    uploaded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("content.sha256"), index=True)
    name: Mapped[str]
    type: Mapped[str]
    size: Mapped[int]
    inline: Mapped[bool] = mapped_column(default=False)
    content_id: Mapped[str | None]
    created_at: Mapped[datetime]

    message: Mapped[Message | None] = relationship(back_populates="attachments")


class Participant(Base):
    """Who else takes part in a ticket's correspondence."""

    __tablename__ = "participant"

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]


class Watcher(Base):
    """An agent who is told of what happens to a ticket."""

    __tablename__ = "watcher"

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)


SUBTASK = 0  # the form of a subtask's reading: it stands in none of the lists whose unread tickets are counted


class Reading(Base):
    """An agent has read all there is on an open ticket. News and closing delete the row, so that it is cheap to count."""

    __tablename__ = "reading"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, index=True)
    form_id: Mapped[int]


class Link(Base):
    """Two tickets have to do with each other; `kind` says how (related, split, copy, stranger)."""

    __tablename__ = "ticket_link"

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, index=True)
    kind: Mapped[str]
    created_at: Mapped[datetime]


class Tally(Base):
    """How many open tickets lie on a heap of a form: the sum of `n`. Counts read these few rows, however many tickets there are.

    A heap is what a view counts: `new`, `open`, `pending`, `waits`, `assignee:7`, `group:3`, `free:3`. Rows are only added (+1, -1),
    so that writers never wait for one another; a recurring job folds them.
    """

    __tablename__ = "ticket_tally"
    __table_args__ = (sa.Index("ix_ticket_tally_heap", "heap", "form_id", "n"),)

    id: Mapped[Key]
    form_id: Mapped[int]
    heap: Mapped[str]
    n: Mapped[int]
