"""The actions of forms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base, Json, Key


class Action(Base):
    """Something that can be done to a form's tickets, at its `position` among them; `code` is stable, rights name it.

    `names` maps a language to the name, `name` is the one to fall back on. `statuses` are the codes of those it is offered in. `who`, `asks`, `does` and `letters` are what
    `plugdesk_workflow.definition` reads, and `automatic` (None: it waits to be pressed), by which it runs by itself for what has
    happened from `automatic_since` on. `last_given_id` is who got the last ticket it gave in turn.
    """

    __tablename__ = "workflow_action"
    __table_args__ = (sa.UniqueConstraint("form_id", "code"), sa.Index("ix_workflow_action_form_id", "form_id", "position", "id"))

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(sa.String(40))
    position: Mapped[int]
    name: Mapped[str]
    names: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=sa.text("'{}'"))
    icon: Mapped[str] = mapped_column(sa.String(40), default="")
    is_on: Mapped[bool] = mapped_column(default=True)
    statuses: Mapped[list[Any]] = mapped_column(Json, default=list)
    who: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    asks: Mapped[list[Any]] = mapped_column(Json, default=list)
    does: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    letters: Mapped[list[Any]] = mapped_column(Json, default=list)
    automatic: Mapped[dict[str, Any] | None] = mapped_column(Json)
    automatic_since: Mapped[datetime | None]
    last_given_id: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}

    def name_in(self, language: str) -> str:
        return str((self.names or {}).get(language) or self.name)


class AutomaticRun(Base):
    """That an action has run by itself on a ticket: for which `occasion`, so that it runs once for each.

    `times` counts how often it did since the last thing an agent did there, which is the event `acted`.
    """

    __tablename__ = "workflow_automatic_run"

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    action_id: Mapped[int] = mapped_column(sa.ForeignKey("workflow_action.id", ondelete="CASCADE"), primary_key=True, index=True)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    occasion: Mapped[str] = mapped_column(sa.String(80))
    ran_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    acted: Mapped[int] = mapped_column(default=0)
