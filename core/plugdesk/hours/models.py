"""Named business hours."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.database import Base, Json, Key


class BusinessHours(Base):
    """When work is done, under a name of which (`folded`) there is one.

    `weekly` holds seven lists of [from, to] in minutes since midnight, Monday first. `zone` None is the desk's. `country` (ISO
    3166, "DE") and its `region` ("BY") give the public holidays, none without. `exceptions` are stretches of single days that
    differ from all that, a list of {first, last, hours}: ISO dates, both included, and lists of [from, to], none a day off.
    """

    __tablename__ = "business_hours"

    id: Mapped[Key]
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    weekly: Mapped[list[Any]] = mapped_column(Json)
    zone: Mapped[str | None]
    country: Mapped[str | None] = mapped_column(sa.String(2))
    region: Mapped[str | None] = mapped_column(sa.String(40))
    exceptions: Mapped[list[Any]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
