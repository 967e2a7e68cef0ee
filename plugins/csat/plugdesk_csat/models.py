"""Invitations to rate, and the marks given."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Key, Ticket

BEST, WORST = 5, 1


class Invitation(Base):
    """One question put to a customer at one closing of a ticket. The link carries the token, the row its hash.

    Until `comment_until` the customer's next message in a chat is the comment on the mark they have pressed there.
    """

    __tablename__ = "csat_invitation"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "closing_id"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"))
    closing_id: Mapped[int]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    comment_until: Mapped[datetime | None]

    ticket: Mapped[Ticket] = relationship()


class Rating(Base):
    """The mark a customer gave to one closing, 5 the best; it can be changed as long as the invitation lasts."""

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
