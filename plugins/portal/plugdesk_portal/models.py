"""Links that sign in, how far customers have read, what they could not send, what they watch, whose requests they share, and which letters they want."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Json, Key, Organization


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


class Wish(Base):
    """Which letters a customer wants: answers as `link_only`, `closing_notices` or none. Who has no row wants what the forms say."""

    __tablename__ = "portal_wish"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    link_only: Mapped[bool] = mapped_column(default=False)
    closing_notices: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Vouching(Base):
    """How other sites vouch for customers they have signed in: the one secret of the desk, sealed, and the `sites` that may frame the portal."""

    __tablename__ = "portal_vouching"

    id: Mapped[Key]
    secret: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime | None]
    sites: Mapped[list[Any]] = mapped_column(Json, default=list)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Voucher(Base):
    """A token of a site that was used; it is kept until it would be over anyway."""

    __tablename__ = "portal_voucher"

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Watch(Base):
    """A colleague of who asked, who watches the request: `told` of answers by letters, the last of which was about message `told_up_to`.

    `added` is who was let in by the one who asked, and reads the request whatever the form lets colleagues read.
    """

    __tablename__ = "portal_watch"

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    added: Mapped[bool] = mapped_column(default=False)
    told: Mapped[bool] = mapped_column(default=True)
    told_up_to: Mapped[int] = mapped_column(default=0)


class Sharing(Base):
    """A word about one organization on a form: whether its people read each other's requests (`shares`), whatever the form says of all others."""

    __tablename__ = "portal_sharing"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[int] = mapped_column(
        sa.ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    shares: Mapped[bool]

    organization: Mapped[Organization] = relationship()


class Unsent(Base):
    """What a customer wrote on a request and could not send, for their session had run out; theirs alone to see.

    `code` is of the action it answers, "" for a reply. `typed` holds the controls as a list of [name, value].
    """

    __tablename__ = "portal_unsent"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, index=True)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    code: Mapped[str] = mapped_column(default="")
    typed: Mapped[list[Any]] = mapped_column(Json, default=list)
    had_files: Mapped[bool] = mapped_column(default=False)
    kept_at: Mapped[datetime]


class Read(Base):
    """Up to which message a customer has read a request."""

    __tablename__ = "portal_read"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, index=True)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[int]
