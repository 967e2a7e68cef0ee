"""Initial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "web_done",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_web_done_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", "user_id", name=op.f("pk_web_done")),
    )
    with op.batch_alter_table("web_done", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_done_at"), ["at"], unique=False)

    op.create_table(
        "web_draft",
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("said", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_web_draft_ticket_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_web_draft_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id", "user_id", name=op.f("pk_web_draft")),
    )
    with op.batch_alter_table("web_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_draft_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("web_draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_draft_user_id"))

    op.drop_table("web_draft")
    with op.batch_alter_table("web_done", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_done_at"))

    op.drop_table("web_done")
