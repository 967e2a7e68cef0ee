"""The actions of forms."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base, Json, Key


class Action(Base):
    """Something that can be done to a form's tickets, at its `position` among them; `code` is stable, rights name it.

    `statuses` are the codes of those it is offered in. `who`, `asks`, `does` and `letters` are what
    `plugdesk_workflow.definition` reads. `last_given_id` is who got the last ticket it gave in turn.
    """

    __tablename__ = "workflow_action"
    __table_args__ = (sa.UniqueConstraint("form_id", "code"), sa.Index("ix_workflow_action_form_id", "form_id", "position", "id"))

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(sa.String(40))
    position: Mapped[int]
    name: Mapped[str]
    icon: Mapped[str] = mapped_column(sa.String(40), default="")
    is_on: Mapped[bool] = mapped_column(default=True)
    statuses: Mapped[list[Any]] = mapped_column(Json, default=list)
    who: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    asks: Mapped[list[Any]] = mapped_column(Json, default=list)
    does: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    letters: Mapped[list[Any]] = mapped_column(Json, default=list)
    last_given_id: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
