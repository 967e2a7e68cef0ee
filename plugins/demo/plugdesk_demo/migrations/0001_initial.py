"""Initial."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "demo_play",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steps", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 0", name=op.f("ck_demo_play_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_play")),
    )
    op.create_table(
        "demo_ticket",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_demo_ticket_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_demo_ticket")),
    )
    with op.batch_alter_table("demo_ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_demo_ticket_ticket_id"), ["ticket_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("demo_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_demo_ticket_ticket_id"))

    op.drop_table("demo_ticket")
    op.drop_table("demo_play")
