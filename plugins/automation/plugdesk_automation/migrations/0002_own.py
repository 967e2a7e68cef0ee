"""Automations of forms' own, what they did, and rehearsals of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "automation_own",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("starts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("condition", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("does", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("stops", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_automation_own_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_own")),
    )
    with op.batch_alter_table("automation_own", schema=None) as batch_op:
        batch_op.create_index("ix_automation_own_form_id", ["form_id", "position", "id"], unique=False)

    op.create_table(
        "automation_own_set",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("letters", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("changes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("depth", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_automation_own_set_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_automation_own_set")),
    )
    op.create_table(
        "automation_rehearsal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("draft", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("days", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("times", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("letters", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("next_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("found", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_automation_rehearsal_by_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_automation_rehearsal_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_rehearsal")),
    )
    with op.batch_alter_table("automation_rehearsal", schema=None) as batch_op:
        batch_op.create_index("ix_automation_rehearsal_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_automation_rehearsal_form_id", ["form_id", "id"], unique=False)

    op.create_table(
        "automation_own_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("automation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("occasion", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("depth", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_event", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_event", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("letters", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("did", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("condition", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("met", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["automation_id"], ["automation_own.id"], name=op.f("fk_automation_own_run_automation_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_automation_own_run_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_automation_own_run_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_own_run")),
        sa.UniqueConstraint(
            "ticket_id", "automation_id", "occasion", name=op.f("uq_automation_own_run_ticket_id_automation_id_occasion")
        ),
    )
    with op.batch_alter_table("automation_own_run", schema=None) as batch_op:
        batch_op.create_index("ix_automation_own_run_at", ["form_id", "at"], unique=False)
        batch_op.create_index("ix_automation_own_run_automation_id", ["automation_id", "id"], unique=False)
        batch_op.create_index("ix_automation_own_run_form_id", ["form_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("automation_own_run", schema=None) as batch_op:
        batch_op.drop_index("ix_automation_own_run_form_id")
        batch_op.drop_index("ix_automation_own_run_automation_id")
        batch_op.drop_index("ix_automation_own_run_at")

    op.drop_table("automation_own_run")
    with op.batch_alter_table("automation_rehearsal", schema=None) as batch_op:
        batch_op.drop_index("ix_automation_rehearsal_form_id")
        batch_op.drop_index("ix_automation_rehearsal_created_at")

    op.drop_table("automation_rehearsal")
    op.drop_table("automation_own_set")
    with op.batch_alter_table("automation_own", schema=None) as batch_op:
        batch_op.drop_index("ix_automation_own_form_id")

    op.drop_table("automation_own")
