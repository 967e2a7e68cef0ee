"""Tags, and what holds them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.database import Base, Key


class Tag(Base):
    """A coloured name. `code` is stable, conditions name it; `folded` is the name without regard to case, of which there is one."""

    __tablename__ = "tag"

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    tone: Mapped[str]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class TicketTag(Base):
    """A tag on a ticket."""

    __tablename__ = "ticket_tag"

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(sa.ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True)


class CustomerTag(Base):
    """A tag on a customer."""

    __tablename__ = "customer_tag"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(sa.ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True)
