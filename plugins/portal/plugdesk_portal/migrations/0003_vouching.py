"""Vouching."""

import sqlalchemy as sa
from alembic import op

from plugdesk.api import Json

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "portal_vouching",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sites", Json, nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_vouching")),
    )
    op.create_table(
        "portal_voucher",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_voucher")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_portal_voucher_token_hash")),
    )
    with op.batch_alter_table("portal_voucher", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_portal_voucher_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("portal_voucher", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_portal_voucher_expires_at"))

    op.drop_table("portal_voucher")
    op.drop_table("portal_vouching")
