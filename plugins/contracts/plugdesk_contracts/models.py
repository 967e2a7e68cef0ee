"""Contracts, the forms they act on, whom they are with, and which ticket falls under which."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, BusinessHours, Group, Json, Key, Organization, User


class Contract(Base):
    """Terms for a set of customers. `tag` and `tone` mark them and their requests; of names, `folded`, there is one.

    `hours_id` None is around the clock. `rating` is the rank of its requests. From `since` to `until`, both included, while `is_on`,
    it takes new requests; those it has end under it. `noticed_until` is the end of which the responsible were told.
    """

    __tablename__ = "contracts_contract"

    id: Mapped[Key]
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    tag: Mapped[str]
    tone: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"))
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("group.id", ondelete="SET NULL"))
    hours_id: Mapped[int | None] = mapped_column(sa.ForeignKey("business_hours.id"))
    rating: Mapped[int] = mapped_column(default=0)
    since: Mapped[date | None]
    until: Mapped[date | None]
    notice_days: Mapped[int] = mapped_column(default=30)
    noticed_until: Mapped[date | None]
    is_on: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    user: Mapped[User | None] = relationship()
    group: Mapped[Group | None] = relationship()
    hours: Mapped[BusinessHours | None] = relationship()
    forms: Mapped[list[ContractForm]] = relationship(
        back_populates="contract", order_by="ContractForm.form_id", passive_deletes="all"
    )

    __mapper_args__ = {"version_id_col": version}


class ContractForm(Base):
    """A contract acts on a form. Of several of a customer the first is chosen whose `condition` (JSON, none holds always) holds.

    `type_field` is the code of the choice field that says the type of a request, `priority_field` of the one that is set by it;
    `types` is a list of {type, priority, minutes}: of a type the priority, "" as it is, and the solution time, None not promised.
    """

    __tablename__ = "contracts_form"

    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contracts_contract.id", ondelete="CASCADE"), primary_key=True)
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), primary_key=True, index=True)
    condition: Mapped[dict[str, Any] | None] = mapped_column(Json)
    type_field: Mapped[str] = mapped_column(default="")
    priority_field: Mapped[str] = mapped_column(default="")
    types: Mapped[list[Any]] = mapped_column(Json, default=list)
    version: Mapped[int] = mapped_column(default=1)

    contract: Mapped[Contract] = relationship(back_populates="forms")

    __mapper_args__ = {"version_id_col": version}


class ContractFolder(Base):
    """A folder of a contract's customers, within another one or at the top."""

    __tablename__ = "contracts_folder"

    id: Mapped[Key]
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contracts_contract.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contracts_folder.id", ondelete="SET NULL"), index=True)
    name: Mapped[str]


class Member(Base):
    """A customer, or an organization with all its people, whom a contract is with.

    `leaves`: once their last request under it is closed they go to `next_id`, or from contracts altogether. A customer may stand
    twice in a contract: when two cards of one person are joined, each was in it.
    """

    __tablename__ = "contracts_member"
    __table_args__ = (
        sa.CheckConstraint("(user_id IS NULL) <> (organization_id IS NULL)", name="one"),
        sa.Index("ix_contracts_member_contract_id", "contract_id", "folder_id"),
    )

    id: Mapped[Key]
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contracts_contract.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    organization_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id", ondelete="CASCADE"), index=True)
    folder_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contracts_folder.id", ondelete="SET NULL"))
    leaves: Mapped[bool] = mapped_column(default=False, index=True)
    next_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contracts_contract.id", ondelete="SET NULL"))

    contract: Mapped[Contract] = relationship(foreign_keys=contract_id)
    user: Mapped[User | None] = relationship()
    organization: Mapped[Organization | None] = relationship()
    following: Mapped[Contract | None] = relationship(foreign_keys=next_id)

    @property
    def name(self) -> str:
        holder = self.user or self.organization
        return holder.name if holder else ""


class TicketContract(Base):
    """The contract a ticket falls under. `by_hand`: somebody chose it. `type` and `priority` are those it was settled by last."""

    __tablename__ = "contracts_ticket"
    __table_args__ = (sa.Index("ix_contracts_ticket_contract_id", "contract_id", "ticket_id"),)

    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    contract_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contracts_contract.id", ondelete="SET NULL"))
    by_hand: Mapped[bool] = mapped_column(default=False)
    type: Mapped[str] = mapped_column(default="")
    priority: Mapped[str] = mapped_column(default="")

    contract: Mapped[Contract | None] = relationship()
