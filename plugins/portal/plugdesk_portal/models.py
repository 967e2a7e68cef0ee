"""Links that sign in, and how far customers have read."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base, Key


class SignInLink(Base):
    """A link in a letter to `address`, one of the customer's: it signs in once, until `expires_at`.

    `form_id` is the form whose mailbox sends the letter. `token_hash` is of what the link holds, `asked_hash` of what the browser
    holds that asked for it. `leads_to` is the page of the portal that was wanted.
    """

    __tablename__ = "portal_link"

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    address: Mapped[str]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    asked_hash: Mapped[str] = mapped_column(sa.String(64))
    leads_to: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class Read(Base):
    """Up to which message a customer has read a request."""

    __tablename__ = "portal_read"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, index=True)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[int]
