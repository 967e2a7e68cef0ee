"""Merged tickets and subtasks are few: an index of those alone is used, one that is mostly empty is not."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

COLUMNS = ("merged_into_id", "parent_id")


def upgrade() -> None:
    for column in COLUMNS:
        few = sa.text(f"{column} IS NOT NULL")
        op.drop_index(f"ix_ticket_{column}", "ticket")
        op.create_index(f"ix_ticket_{column}", "ticket", [column], sqlite_where=few, postgresql_where=few)


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_ticket_{column}", "ticket")
        op.create_index(f"ix_ticket_{column}", "ticket", [column])
