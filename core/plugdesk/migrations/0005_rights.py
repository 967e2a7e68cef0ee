"""Rights."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("substitute_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["substitute_id"], ["user.id"], name=op.f("fk_absence_substitute_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_absence_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_absence_substitute_id"), ["substitute_id"], unique=False)
        batch_op.create_index("ix_absence_user_id", ["user_id", "last_day"], unique=False)

    op.create_table(
        "form_group",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("sees", sa.String(length=40), server_default="all", nullable=False),
        sa.Column("statuses", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("actions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("can_delete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_form_group_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_form_group_group_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", "group_id", name=op.f("pk_form_group")),
    )
    with op.batch_alter_table("form_group", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_form_group_group_id"), ["group_id"], unique=False)

    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.add_column(sa.Column("only_assignee", sa.Boolean(), server_default=sa.text("false"), nullable=False))

    with op.batch_alter_table("form_agent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sees", sa.String(length=40), server_default="all", nullable=False))
        batch_op.add_column(sa.Column("statuses", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))
        batch_op.add_column(sa.Column("actions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))
        batch_op.add_column(sa.Column("can_delete", sa.Boolean(), server_default=sa.text("false"), nullable=False))

    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shifts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))

    # Open tickets a group has and nobody in it yet lie on a heap of their own.
    op.execute(
        "INSERT INTO ticket_tally (form_id, heap, n) SELECT form_id, 'free:' || group_id, COUNT(*) FROM ticket "
        "WHERE group_id IS NOT NULL AND assignee_id IS NULL AND closed_at IS NULL AND deleted_at IS NULL "
        "AND merged_into_id IS NULL AND parent_id IS NULL GROUP BY form_id, group_id"
    )


def downgrade() -> None:
    op.execute("DELETE FROM ticket_tally WHERE heap LIKE 'free:%'")

    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.drop_column("shifts")

    with op.batch_alter_table("form_agent", schema=None) as batch_op:
        batch_op.drop_column("can_delete")
        batch_op.drop_column("actions")
        batch_op.drop_column("statuses")
        batch_op.drop_column("sees")

    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.drop_column("only_assignee")

    with op.batch_alter_table("form_group", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_form_group_group_id"))

    op.drop_table("form_group")
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.drop_index("ix_absence_user_id")
        batch_op.drop_index(batch_op.f("ix_absence_substitute_id"))

    op.drop_table("absence")
