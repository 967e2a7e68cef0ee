"""A message keeps the ticket it was said on when that is merged into another."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_index(
            "ix_message_origin_id",
            ["origin_id"],
            unique=False,
            sqlite_where=sa.text("origin_id IS NOT NULL"),
            postgresql_where=sa.text("origin_id IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_message_origin_id",
            sqlite_where=sa.text("origin_id IS NOT NULL"),
            postgresql_where=sa.text("origin_id IS NOT NULL"),
        )
        batch_op.drop_column("origin_id")
