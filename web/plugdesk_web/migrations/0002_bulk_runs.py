"""What is done to all tickets of a list."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "web_bulk_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("typed", json, nullable=False),
        sa.Column("numbers", json, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("refused", json, nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_web_bulk_run_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_bulk_run")),
    )
    with op.batch_alter_table("web_bulk_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_bulk_run_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_web_bulk_run_created_at"), ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_table("web_bulk_run")
