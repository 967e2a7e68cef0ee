"""Pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "faq_picture",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["faq_answer.id"], name=op.f("fk_faq_picture_answer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sha256"], ["content.sha256"], name=op.f("fk_faq_picture_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_picture")),
        sa.UniqueConstraint("key", name=op.f("uq_faq_picture_key")),
    )
    with op.batch_alter_table("faq_picture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_faq_picture_answer_id"), ["answer_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("faq_picture", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_faq_picture_answer_id"))

    op.drop_table("faq_picture")
