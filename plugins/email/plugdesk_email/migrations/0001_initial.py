"""Initial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "email_mailbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("imap_host", sa.Text(), nullable=False),
        sa.Column("imap_port", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("imap_security", sa.String(length=40), nullable=False),
        sa.Column("smtp_host", sa.Text(), nullable=False),
        sa.Column("smtp_port", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("smtp_security", sa.String(length=40), nullable=False),
        sa.Column("own_network", sa.Boolean(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("with_old", sa.Boolean(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("last_uid", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sending_error", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_email_mailbox_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_mailbox")),
        sa.UniqueConstraint("address", name=op.f("uq_email_mailbox_address")),
    )
    with op.batch_alter_table("email_mailbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_email_mailbox_form_id"), ["form_id"], unique=False)

    op.create_table(
        "email_letter",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mailbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("answer_to", sa.Text(), nullable=True),
        sa.Column("answer_name", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("references", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["email_mailbox.id"], name=op.f("fk_email_letter_mailbox_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_email_letter_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_email_letter")),
    )
    with op.batch_alter_table("email_letter", schema=None) as batch_op:
        batch_op.create_index("ix_email_letter_letter_id", ["letter_id"], unique=False)

    op.create_table(
        "email_original",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mailbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("uidvalidity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("uid", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("letter_id", sa.Text(), nullable=True),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_email_original_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["email_mailbox.id"], name=op.f("fk_email_original_mailbox_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_email_original_message_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_original")),
        sa.UniqueConstraint("mailbox_id", "uidvalidity", "uid", name=op.f("uq_email_original_mailbox_id_uidvalidity_uid")),
    )
    with op.batch_alter_table("email_original", schema=None) as batch_op:
        batch_op.create_index("ix_email_original_form_state", ["form_id", "state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_email_original_message_id"), ["message_id"], unique=False)
        batch_op.create_index("ix_email_original_sender", ["sender", "at"], unique=False)
        batch_op.create_index("ix_email_original_sha256", ["sha256"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("email_original", schema=None) as batch_op:
        batch_op.drop_index("ix_email_original_sha256")
        batch_op.drop_index("ix_email_original_sender")
        batch_op.drop_index(batch_op.f("ix_email_original_message_id"))
        batch_op.drop_index("ix_email_original_form_state")

    op.drop_table("email_original")
    with op.batch_alter_table("email_letter", schema=None) as batch_op:
        batch_op.drop_index("ix_email_letter_letter_id")

    op.drop_table("email_letter")
    with op.batch_alter_table("email_mailbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_email_mailbox_form_id"))

    op.drop_table("email_mailbox")
