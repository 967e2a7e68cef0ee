"""Users and what they belong to."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.database import Base, Key, Word


class Role(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    ADMIN = "admin"


class CustomerKind(StrEnum):
    PERSON = "person"
    COMPANY = "company"


class Organization(Base):
    """The company customers belong to."""

    __tablename__ = "organization"

    id: Mapped[Key]
    name: Mapped[str]
    created_at: Mapped[datetime]


@lru_cache(maxsize=4096)
def initials_of(name: str) -> str:
    """The letters that stand for a person: "Anna Kern" is AK."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


class User(Base):
    """A person: who asks, who answers, or who configures.

    `email` is the sign-in address of agents and admins; a customer's addresses are identities. `shifts` are the working hours
    of an agent as `plugdesk.calendars.Calendar` wants them, Monday first; None: at work at any time. `organization_since` is when a
    customer left another organization: what they asked before is no affair of the people they are with now; None: they left none.
    """

    __tablename__ = "user"
    __table_args__ = (sa.Index("ix_user_role_name", "role", "name", "id"),)

    id: Mapped[Key]
    role: Mapped[Role] = mapped_column(Word(Role))
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    language: Mapped[str | None]
    zone: Mapped[str | None]
    theme: Mapped[str | None]
    country: Mapped[str | None]
    kind: Mapped[CustomerKind | None] = mapped_column(Word(CustomerKind))
    organization_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id", ondelete="SET NULL"), index=True)
    organization_since: Mapped[datetime | None]
    about: Mapped[str | None]
    can_delete: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    shifts: Mapped[list[Any] | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    organization: Mapped[Organization | None] = relationship()
    identities: Mapped[list[Identity]] = relationship(back_populates="user", order_by="Identity.id")

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_agent(self) -> bool:
        return self.role in (Role.AGENT, Role.ADMIN)

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def initials(self) -> str:
        return initials_of(self.name)

    def address(self, channel: str) -> str | None:
        """The first identity of this user on `channel` ("email", "phone", a messenger)."""
        return next((each.value for each in self.identities if each.channel == channel), None)


class Identity(Base):
    """One way to reach a customer: an address, a phone number, a messenger's id. Belongs to one user."""

    __tablename__ = "identity"
    __table_args__ = (sa.UniqueConstraint("channel", "value"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str]
    value: Mapped[str]
    shown: Mapped[str | None]
    verified_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(back_populates="identities")


class Group(Base):
    """Agents who share work; a ticket can be assigned to it."""

    __tablename__ = "group"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(unique=True)
    supervisor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]

    supervisor: Mapped[User | None] = relationship()
    members: Mapped[list[User]] = relationship(secondary="group_member", order_by="User.name")


class GroupMember(Base):
    __tablename__ = "group_member"

    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)


class Absence(Base):
    """Days an agent is away, the first and the last one included: days off, a journey. `substitute` does the work meanwhile."""

    __tablename__ = "absence"
    __table_args__ = (sa.Index("ix_absence_user_id", "user_id", "last_day"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    substitute_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)

    substitute: Mapped[User | None] = relationship(foreign_keys=substitute_id)
