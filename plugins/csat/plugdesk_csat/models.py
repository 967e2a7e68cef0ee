"""Invitations to rate, the marks given, and why nobody was asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Json, Key, Ticket

BEST, WORST = 5, 1


class Invitation(Base):
    """One question put to a customer at one closing of a ticket. The link carries the token, the row its hash.

    Until `comment_until` the customer's next message in a chat is the comment on the mark they have pressed there. Who was asked
    again holds two links: `earlier_hash` is the first one's. `assignee_id`, `group_id` and `channel` are the ticket's at the moment
    of asking: the mark is theirs, whoever has the ticket later.
    """

    __tablename__ = "csat_invitation"
    __table_args__ = (
        sa.UniqueConstraint("ticket_id", "closing_id"),
        sa.Index("ix_csat_invitation_form_id_sent_at", "form_id", "sent_at"),
    )

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"))
    closing_id: Mapped[int]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    earlier_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    times: Mapped[int] = mapped_column(default=1, server_default="1")
    assignee_id: Mapped[int | None]
    group_id: Mapped[int | None]
    channel: Mapped[str] = mapped_column(default="", server_default="")
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    comment_until: Mapped[datetime | None]

    ticket: Mapped[Ticket] = relationship()


class Rating(Base):
    """The mark a customer gave to one closing, 5 the best; it can be changed for a while.

    `in_chat`: it came by a button of a messenger. `followed_at`: what the form does about a bad mark was done then.
    """

    __tablename__ = "csat_rating"
    __table_args__ = (
        sa.CheckConstraint(f"mark BETWEEN {WORST} AND {BEST}", name="mark"),
        sa.Index("ix_csat_rating_ticket_id", "ticket_id", "id"),
        sa.Index("ix_csat_rating_form_id_rated_at", "form_id", "rated_at"),
    )

    id: Mapped[Key]
    invitation_id: Mapped[int] = mapped_column(sa.ForeignKey("csat_invitation.id", ondelete="CASCADE"), unique=True)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"))
    mark: Mapped[int]
    comment: Mapped[str] = mapped_column(default="")
    rated_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    in_chat: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    followed_at: Mapped[datetime | None]


class Asking(Base):
    """How a form asks: `not_when` is the condition (JSON) under which it does not, `texts` the words by language.

    `texts` maps a language to its own `invitation` and `thanks`; what is missing there is said as the settings say it.
    """

    __tablename__ = "csat_asking"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    not_when: Mapped[dict[str, Any] | None] = mapped_column(Json)
    texts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Withheld(Base):
    """A closing at which nobody was asked: `why` is a code of `conditions.REASONS`, `about` what is to be said of it."""

    __tablename__ = "csat_withheld"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "closing_id"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"))
    closing_id: Mapped[int]
    why: Mapped[str]
    about: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    at: Mapped[datetime]
