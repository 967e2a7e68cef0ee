"""Automatic."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "workflow_automatic_run",
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("action_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("occasion", sa.String(length=80), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("acted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["workflow_action.id"], name=op.f("fk_workflow_automatic_run_action_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_workflow_automatic_run_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_workflow_automatic_run_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "action_id", name=op.f("pk_workflow_automatic_run")),
    )
    with op.batch_alter_table("workflow_automatic_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workflow_automatic_run_action_id"), ["action_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_workflow_automatic_run_form_id"), ["form_id"], unique=False)

    with op.batch_alter_table("workflow_action", schema=None) as batch_op:
        batch_op.add_column(sa.Column("automatic", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))
        batch_op.add_column(sa.Column("automatic_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("workflow_action", schema=None) as batch_op:
        batch_op.drop_column("automatic_since")
        batch_op.drop_column("automatic")

    with op.batch_alter_table("workflow_automatic_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_workflow_automatic_run_form_id"))
        batch_op.drop_index(batch_op.f("ix_workflow_automatic_run_action_id"))

    op.drop_table("workflow_automatic_run")
