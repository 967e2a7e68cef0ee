"""Initial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "webform_form",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("receipt", sa.Boolean(), nullable=False),
        sa.Column("consent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("thanks", sa.Text(), nullable=False),
        sa.Column("leads_to", sa.Text(), nullable=False),
        sa.Column("look", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("sites", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_webform_form_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webform_form")),
        sa.UniqueConstraint("form_id", "code", name=op.f("uq_webform_form_form_id_code")),
    )
    with op.batch_alter_table("webform_form", schema=None) as batch_op:
        batch_op.create_index("ix_webform_form_form_id", ["form_id", "position", "id"], unique=False)

    op.create_table(
        "webform_nobody",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_webform_nobody_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_webform_nobody_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_webform_nobody")),
    )
    with op.batch_alter_table("webform_nobody", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webform_nobody_user_id"), ["user_id"], unique=False)

    op.create_table(
        "webform_consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_webform_consent_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["request_form_id"], ["webform_form.id"], name=op.f("fk_webform_consent_request_form_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webform_consent")),
        sa.UniqueConstraint("request_form_id", "number", name=op.f("uq_webform_consent_request_form_id_number")),
    )
    with op.batch_alter_table("webform_consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webform_consent_form_id"), ["form_id"], unique=False)

    op.create_table(
        "webform_submission",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("nonce", sa.String(length=40), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("identity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("typed", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["webform_consent.id"], name=op.f("fk_webform_submission_consent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_webform_submission_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identity.id"], name=op.f("fk_webform_submission_identity_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["request_form_id"], ["webform_form.id"], name=op.f("fk_webform_submission_request_form_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_webform_submission_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webform_submission")),
        sa.UniqueConstraint("nonce", name=op.f("uq_webform_submission_nonce")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_webform_submission_token_hash")),
    )
    with op.batch_alter_table("webform_submission", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webform_submission_identity_id"), ["identity_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_webform_submission_request_form_id"), ["request_form_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_webform_submission_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(
            "ix_webform_submission_waiting", ["form_id", "waits_until"], unique=False,
            sqlite_where=sa.text("ticket_id IS NULL"), postgresql_where=sa.text("ticket_id IS NULL"),
        )  # fmt: skip


def downgrade() -> None:
    with op.batch_alter_table("webform_submission", schema=None) as batch_op:
        batch_op.drop_index("ix_webform_submission_waiting")
        batch_op.drop_index(batch_op.f("ix_webform_submission_ticket_id"))
        batch_op.drop_index(batch_op.f("ix_webform_submission_request_form_id"))
        batch_op.drop_index(batch_op.f("ix_webform_submission_identity_id"))

    op.drop_table("webform_submission")
    with op.batch_alter_table("webform_consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_webform_consent_form_id"))

    op.drop_table("webform_consent")
    with op.batch_alter_table("webform_nobody", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_webform_nobody_user_id"))

    op.drop_table("webform_nobody")
    with op.batch_alter_table("webform_form", schema=None) as batch_op:
        batch_op.drop_index("ix_webform_form_form_id")

    op.drop_table("webform_form")
