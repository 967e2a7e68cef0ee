"""Initial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "faq_category",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("names", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_category")),
        sa.UniqueConstraint("slug", name=op.f("uq_faq_category_slug")),
    )
    op.create_table(
        "faq_folder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_faq_folder_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_folder")),
    )
    with op.batch_alter_table("faq_folder", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_faq_folder_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "faq_answer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("everywhere", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("original_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("stems", sa.Text(), nullable=False),
        sa.Column("times_used", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["changed_by_id"], ["user.id"], name=op.f("fk_faq_answer_changed_by_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_faq_answer_created_by_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["folder_id"], ["faq_folder.id"], name=op.f("fk_faq_answer_folder_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["original_id"], ["faq_answer.id"], name=op.f("fk_faq_answer_original_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_faq_answer_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_answer")),
    )
    with op.batch_alter_table("faq_answer", schema=None) as batch_op:
        batch_op.create_index("ix_faq_answer_original_id", ["original_id", "language"], unique=False)
        batch_op.create_index(batch_op.f("ix_faq_answer_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index("ix_faq_answer_place", ["folder_id", "position", "id"], unique=False)

    op.create_table(
        "faq_answer_form",
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["faq_answer.id"], name=op.f("fk_faq_answer_form_answer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_faq_answer_form_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("answer_id", "form_id", name=op.f("pk_faq_answer_form")),
    )
    with op.batch_alter_table("faq_answer_form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_faq_answer_form_form_id"), ["form_id"], unique=False)

    op.create_table(
        "faq_article",
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("visibility", sa.String(length=40), nullable=False),
        sa.Column("is_page", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["answer_id"], ["faq_answer.id"], name=op.f("fk_faq_article_answer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["category_id"], ["faq_category.id"], name=op.f("fk_faq_article_category_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_faq_article")),
        sa.UniqueConstraint("slug", name=op.f("uq_faq_article_slug")),
    )
    with op.batch_alter_table("faq_article", schema=None) as batch_op:
        batch_op.create_index("ix_faq_article_category_id", ["category_id", "position", "answer_id"], unique=False)

    op.create_table(
        "faq_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["faq_answer.id"], name=op.f("fk_faq_version_answer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_faq_version_by_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faq_version")),
        sa.UniqueConstraint("answer_id", "number", name=op.f("uq_faq_version_answer_id_number")),
    )


def downgrade() -> None:
    op.drop_table("faq_version")
    with op.batch_alter_table("faq_article", schema=None) as batch_op:
        batch_op.drop_index("ix_faq_article_category_id")

    op.drop_table("faq_article")
    with op.batch_alter_table("faq_answer_form", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_faq_answer_form_form_id"))

    op.drop_table("faq_answer_form")
    with op.batch_alter_table("faq_answer", schema=None) as batch_op:
        batch_op.drop_index("ix_faq_answer_place")
        batch_op.drop_index(batch_op.f("ix_faq_answer_owner_id"))
        batch_op.drop_index("ix_faq_answer_original_id")

    op.drop_table("faq_answer")
    with op.batch_alter_table("faq_folder", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_faq_folder_owner_id"))

    op.drop_table("faq_folder")
    op.drop_table("faq_category")
