"""Site."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "faq_look",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("footer", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("look", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("logo", sa.Text(), nullable=True),
        sa.Column("logo_type", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_look")),
    )
    op.create_table(
        "faq_missed",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("words", sa.String(length=120), nullable=False),
        sa.Column("times", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_missed")),
        sa.UniqueConstraint("words", name=op.f("uq_faq_missed_words")),
    )
    op.create_table(
        "faq_stamp",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_stamp")),
    )
    op.create_table(
        "faq_old_slug",
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["faq_answer.id"], name=op.f("fk_faq_old_slug_answer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_faq_old_slug")),
    )
    with op.batch_alter_table("faq_old_slug", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_faq_old_slug_answer_id"), ["answer_id"], unique=False)

    op.create_table(
        "faq_tally",
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("read", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("found", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("helped", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("failed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("right_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["answer_id"], ["faq_answer.id"], name=op.f("fk_faq_tally_answer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_faq_tally")),
    )
    op.create_table(
        "faq_vote",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["faq_answer.id"], name=op.f("fk_faq_vote_answer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_vote")),
    )
    with op.batch_alter_table("faq_vote", schema=None) as batch_op:
        batch_op.create_index("ix_faq_vote_answer_id", ["answer_id", "id"], unique=False)
    op.execute("INSERT INTO faq_stamp (id, number) VALUES (1, 1)")


def downgrade() -> None:
    with op.batch_alter_table("faq_vote", schema=None) as batch_op:
        batch_op.drop_index("ix_faq_vote_answer_id")

    op.drop_table("faq_vote")
    op.drop_table("faq_tally")
    with op.batch_alter_table("faq_old_slug", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_faq_old_slug_answer_id"))

    op.drop_table("faq_old_slug")
    op.drop_table("faq_stamp")
    op.drop_table("faq_missed")
    op.drop_table("faq_look")
