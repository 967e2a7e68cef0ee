"""Own reports by letter."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "reports_letter",
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("every", sa.String(length=40), nullable=False),
        sa.Column("hour", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("weekday", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("obstacle", sa.String(length=40), nullable=True),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports_own.id"], name=op.f("fk_reports_letter_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_reports_letter")),
    )
    op.create_table(
        "reports_letter_person",
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports_letter.report_id"], name=op.f("fk_reports_letter_person_report_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_reports_letter_person_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("report_id", "user_id", name=op.f("pk_reports_letter_person")),
    )
    with op.batch_alter_table("reports_letter_person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_letter_person_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("reports_letter_person")
    op.drop_table("reports_letter")
