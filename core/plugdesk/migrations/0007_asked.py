"""The open questions to colleagues have an index of their own: each page counts those of its reader."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ticket_asked",
            ["assignee_id", "group_id"],
            unique=False,
            sqlite_where=sa.text("parent_id IS NOT NULL AND closed_at IS NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL AND closed_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_ticket_asked",
            sqlite_where=sa.text("parent_id IS NOT NULL AND closed_at IS NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL AND closed_at IS NULL"),
        )
