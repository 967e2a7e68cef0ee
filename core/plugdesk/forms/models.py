"""Forms, their fields and statuses, who works on them, and the desk itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.database import Base, Json, Key, Word


class StatusKind(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_final(self) -> bool:
        """Whether a ticket in such a status is done with: becoming so is its closing."""
        return self in (StatusKind.RESOLVED, StatusKind.CLOSED)


OPEN_KINDS = (StatusKind.NEW, StatusKind.OPEN, StatusKind.PENDING)


class FieldKind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATE_TIME = "date_time"
    CHOICE = "choice"
    CHOICES = "choices"
    CHECK = "check"
    EMAIL = "email"
    PHONE = "phone"
    LINK = "link"
    FILE = "file"
    PERSON = "person"
    GROUP = "group"
    CUSTOMER = "customer"

    @property
    def has_choices(self) -> bool:
        return self in (FieldKind.CHOICE, FieldKind.CHOICES)


ABOUT_THE_DESK = (FieldKind.PERSON, FieldKind.GROUP, FieldKind.CUSTOMER)  # their choices would tell who works here, and who asks
REOPEN_DAYS = 30  # for which a new form opens a closed ticket again
PRIORITY = "priority"  # the reserved code of the choice field that says how urgent a ticket is


class Scope:
    """Where extensions are switched on: a form, or the desk as a whole.

    `extensions` and `suspended` stand in the row itself, so that the enabled set comes with the query that loads the
    form and can never be stale. `suspended` maps a plugin's id to {since, until, reason, failures} (ISO moments).
    """

    extensions: Mapped[list[str]] = mapped_column(Json, default=list)
    suspended: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    def has(self, plugin: str) -> bool:
        """Whether the extension is switched on here."""
        return plugin in self.extensions


class Desk(Scope, Base):
    """The one row about this installation."""

    __tablename__ = "desk"
    __table_args__ = (sa.CheckConstraint("id = 0", name="only_one"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    name: Mapped[str]
    instance: Mapped[str]
    language: Mapped[str]
    zone: Mapped[str]
    base_url: Mapped[str | None]
    set_up_at: Mapped[datetime | None]
    holds_secrets: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Form(Scope, Base):
    """The door tickets come in through.

    `sections` is a list of {code, title, visible_when}: the headings its fields stand under, in their order.
    `hours_id`: when its people work; None is around the clock.
    `only_assignee`: while a ticket is assigned, only its assignee or the members of its group may act on it.

    What happens by itself: with `waits_on_reply` an agent's reply puts the ticket into the first pending status, with
    `resumes_on_message` a customer's message takes it out of one. For `reopen_days` after its closing (None: always) a message
    opens a ticket again, afterwards a new one that is linked to it.
    """

    __tablename__ = "form"

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    responsible_user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    responsible_group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id", ondelete="SET NULL"))
    language: Mapped[str | None]
    hours_id: Mapped[int | None] = mapped_column(sa.ForeignKey("business_hours.id"))
    only_assignee: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))
    waits_on_reply: Mapped[bool] = mapped_column(default=True, server_default=sa.text("false"))
    resumes_on_message: Mapped[bool] = mapped_column(default=True, server_default=sa.text("true"))
    reopen_days: Mapped[int | None] = mapped_column(default=REOPEN_DAYS)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    sections: Mapped[list[Any]] = mapped_column(Json, default=list)
    version: Mapped[int] = mapped_column(default=1)

    fields: Mapped[list[Field]] = relationship(order_by="Field.position, Field.id", lazy="selectin")
    statuses: Mapped[list[Status]] = relationship(order_by="Status.position, Status.id", lazy="selectin")

    __mapper_args__ = {"version_id_col": version}

    def status(self, code: str) -> Status | None:
        return next((each for each in self.statuses if each.code == code), None)

    def first_status(self, *kinds: StatusKind) -> Status | None:
        """The first status, in the form's order, of one of the `kinds`, the earlier kind first."""
        return first_of(self.statuses, *kinds)

    def status_by_id(self, status_id: int) -> Status:
        return next(each for each in self.statuses if each.id == status_id)

    def first_final_status(self) -> Status | None:
        """The status a ticket is closed into by one press."""
        return self.first_status(StatusKind.RESOLVED, StatusKind.CLOSED)

    def field(self, code: str) -> Field | None:
        return next((each for each in self.fields if each.code == code), None)

    def section(self, code: str) -> dict[str, Any] | None:
        return next((each for each in self.sections if each["code"] == code), None)


class Field(Base):
    """A question on a form. `code` is stable: values, conditions and variables name it.

    `choices` is a list of {code, label, tone}; `default` a value as `fields.read_value` gives it. `section` is the code of the
    section it stands in, or empty. `visible_when` is a condition (None: always shown); `required_from` and `readonly_from` are codes
    of statuses: from there on, in the form's order, it must be filled in, or can no longer be changed.
    """

    __tablename__ = "field"
    __table_args__ = (sa.UniqueConstraint("form_id", "code"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    code: Mapped[str]
    kind: Mapped[FieldKind] = mapped_column(Word(FieldKind))
    label: Mapped[str]
    help: Mapped[str | None]
    required: Mapped[bool] = mapped_column(default=False)
    agent_only: Mapped[bool] = mapped_column(default=False)
    choices: Mapped[list[Any]] = mapped_column(Json, default=list)
    default: Mapped[Any | None] = mapped_column(Json)
    section: Mapped[str] = mapped_column(default="")
    visible_when: Mapped[dict[str, Any] | None] = mapped_column(Json)
    required_from: Mapped[str | None]
    readonly_from: Mapped[str | None]
    position: Mapped[int] = mapped_column(default=0)

    @property
    def for_customers(self) -> bool:
        """Whether a customer may read and fill it in, at any door: agents' own not, and never what names staff or other customers."""
        return not self.agent_only and self.kind not in ABOUT_THE_DESK

    def choice(self, code: Any) -> dict[str, Any] | None:
        return next((each for each in self.choices if each["code"] == code), None)


class Status(Base):
    """A named state of a form's tickets. `names` maps a language to the name; `name` is the one to fall back on.

    `customer_name` and `customer_names` are the same for what customers read instead, where it is to be another wording. `tone` is
    its colour, empty that of its kind.
    """

    __tablename__ = "status"
    __table_args__ = (sa.UniqueConstraint("form_id", "code"),)

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"))
    code: Mapped[str]
    kind: Mapped[StatusKind] = mapped_column(Word(StatusKind))
    name: Mapped[str]
    names: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    customer_name: Mapped[str] = mapped_column(default="", server_default="")
    customer_names: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default=sa.text("'{}'"))
    tone: Mapped[str] = mapped_column(default="", server_default="")
    position: Mapped[int] = mapped_column(default=0)

    def name_in(self, language: str) -> str:
        return str(self.names.get(language) or self.name)

    def customers_name_in(self, language: str) -> str:
        """What a customer reads for it."""
        return str(self.customer_names.get(language) or self.customer_name or self.name_in(language))


def first_of(statuses: Sequence[Status], *kinds: StatusKind) -> Status | None:
    """The first of `statuses` that is of one of the `kinds`, the earlier kind first."""
    return next((each for kind in kinds for each in statuses if each.kind is kind), None)


class Sees(StrEnum):
    """Which tickets of a form somebody sees: all, those of their groups and their own, or their own."""

    ALL = "all"
    GROUP = "group"
    OWN = "own"


class Right:
    """What somebody may do on a form. An admin configures it, too, sees everything and may do everything there.

    `statuses` are the codes of those whose tickets are seen, `actions` the codes of what may be run; None is all, also what
    is added later. `can_delete` is apart: no list of actions and no None holds it.
    """

    is_admin: Mapped[bool] = mapped_column(default=False)
    sees: Mapped[Sees] = mapped_column(Word(Sees), default=Sees.ALL, server_default="all")
    statuses: Mapped[list[str] | None]
    actions: Mapped[list[str] | None]
    can_delete: Mapped[bool] = mapped_column(default=False, server_default=sa.text("false"))


class FormAgent(Right, Base):
    """An agent works on a form."""

    __tablename__ = "form_agent"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)


class FormGroup(Right, Base):
    """The members of a group work on a form. What somebody has of their own and through groups adds up."""

    __tablename__ = "form_group"

    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(sa.ForeignKey("group.id", ondelete="CASCADE"), primary_key=True, index=True)
