"""Imports of customers: the rows of a file, what came of each, and what of it can be taken back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.api import Base, Json, Key, User, Word
from plugdesk_contracts.models import Contract, ContractFolder, Member


class ImportState(StrEnum):
    """Checking looks through the rows and stores nothing; running stores; undoing takes back."""

    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


GOING_ON = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)


class Outcome(StrEnum):
    """What is to come, or has come, of a row. Stays: it was to be taken back, and is in use."""

    NEW = "new"
    KNOWN = "known"
    PROBLEM = "problem"
    EMPTY = "empty"
    UNDONE = "undone"
    STAYS = "stays"


class Import(Base):
    """A file `name` of customers. `columns` say what stands in each (see columns.py), `has_header` that the first row names them.

    With `into` they are put into the contract, at its top or in the folder. `at` is the number of the last row that is through, of
    `total`; of one that is being undone, of the last that is not. `said` is why it was stopped by itself; what is said of its
    rows is said in `language`, that of whoever began it.
    """

    __tablename__ = "contracts_import"

    id: Mapped[Key]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    into: Mapped[bool]
    contract_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contracts_contract.id", ondelete="SET NULL"), index=True)
    folder_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contracts_folder.id", ondelete="SET NULL"), index=True)
    columns: Mapped[list[Any]] = mapped_column(Json)
    has_header: Mapped[bool]
    total: Mapped[int]
    at: Mapped[int] = mapped_column(default=0)
    state: Mapped[ImportState] = mapped_column(Word(ImportState))
    language: Mapped[str]
    said: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]

    by: Mapped[User] = relationship()
    contract: Mapped[Contract | None] = relationship()
    folder: Mapped[ContractFolder | None] = relationship()

    @property
    def goes_on(self) -> bool:
        return self.state in GOING_ON

    @property
    def has_begun(self) -> bool:
        """Whether anything of it may have been stored."""
        return self.state not in (ImportState.CHECKING, ImportState.CHECKED)


class ImportLine(Base):
    """A row of the file by its `number` there. `user_id` is the customer, `is_made` says that the import has added them, with so many
    `contacts`; `member_id` is the entry in the contract it made, `organization_id` an organization.
    """

    __tablename__ = "contracts_import_line"
    __table_args__ = (sa.Index("ix_contracts_import_line_outcome", "import_id", "outcome", "number"),)

    import_id: Mapped[int] = mapped_column(
        sa.ForeignKey("contracts_import.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cells: Mapped[list[Any]] = mapped_column(Json)
    outcome: Mapped[Outcome | None] = mapped_column(Word(Outcome))
    said: Mapped[str] = mapped_column(default="")
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    is_made: Mapped[bool] = mapped_column(default=False)
    contacts: Mapped[int] = mapped_column(default=0)
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contracts_member.id", ondelete="SET NULL"), index=True)
    organization_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id", ondelete="SET NULL"), index=True)

    user: Mapped[User | None] = relationship()
    member: Mapped[Member | None] = relationship()
