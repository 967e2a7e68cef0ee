"""Plain letter."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "email_plain_letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_email_plain_letter_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_plain_letter")),
    )
    with op.batch_alter_table("email_plain_letter", schema=None) as batch_op:
        batch_op.create_index("ix_email_plain_letter_form_id_at", ["form_id", "at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("email_plain_letter", schema=None) as batch_op:
        batch_op.drop_index("ix_email_plain_letter_form_id_at")

    op.drop_table("email_plain_letter")
