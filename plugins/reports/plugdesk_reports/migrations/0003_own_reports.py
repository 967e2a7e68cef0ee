"""Own reports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "reports_own",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_reports_own_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_own")),
    )
    with op.batch_alter_table("reports_own", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_own_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "reports_own_group",
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports_own.id"], name=op.f("fk_reports_own_group_report_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_reports_own_group_group_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("report_id", "group_id", name=op.f("pk_reports_own_group")),
    )
    with op.batch_alter_table("reports_own_group", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_own_group_group_id"), ["group_id"], unique=False)


def downgrade() -> None:
    op.drop_table("reports_own_group")
    op.drop_table("reports_own")
