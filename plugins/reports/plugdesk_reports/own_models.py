"""Own reports: what somebody wants counted, under a name, for themselves or shared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Group, Json, Key, User


class OwnReport(Base):
    """A report somebody made: what it counts stands in `asked` as in an address (`definition.py`).

    It is read by its owner, by everybody with `is_public`, and by the members of its groups; each counts what they may see.
    """

    __tablename__ = "reports_own"

    id: Mapped[Key]
    name: Mapped[str]
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    is_public: Mapped[bool] = mapped_column(default=False)
    asked: Mapped[dict[str, Any]] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]

    owner: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    groups: Mapped[list[Group]] = relationship(secondary="reports_own_group", order_by=Group.name, lazy="selectin")

    __mapper_args__ = {"version_id_col": version}


class OwnReportGroup(Base):
    """A group whose members read the report."""

    __tablename__ = "reports_own_group"

    report_id: Mapped[int] = mapped_column(
        sa.ForeignKey("reports_own.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    group_id: Mapped[int] = mapped_column(
        sa.ForeignKey("group.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
