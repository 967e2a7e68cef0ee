"""How far the demo's story has been played, which ticket is which of the story's, and who is in its messenger."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base


class Play(Base):
    """The one row of a desk that `plugdesk demo` made. The same `language`, `seed` and `began_at` give the same story.

    `done` of its `steps` have been played; `finished_at` is a moment of the machine's, None while it goes on.
    """

    __tablename__ = "demo_play"
    __table_args__ = (sa.CheckConstraint("id = 0", name="only_one"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    language: Mapped[str]
    seed: Mapped[int]
    began_at: Mapped[datetime]
    steps: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]


class PlayedTicket(Base):
    """A ticket of the story, by its key there."""

    __tablename__ = "demo_ticket"

    key: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), index=True)


class PlayedBot(Base):
    """The bot of the demo's messenger, which has the same `token` at every start."""

    __tablename__ = "demo_bot"
    __table_args__ = (sa.CheckConstraint("id = 0", name="only_one"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    token: Mapped[str]
    name: Mapped[str]
    username: Mapped[str]


class PlayedPerson(Base):
    """Somebody in the demo's messenger; `number` is the messenger's own of them."""

    __tablename__ = "demo_person"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_name: Mapped[str]
    last_name: Mapped[str]
    phone: Mapped[str]

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()
