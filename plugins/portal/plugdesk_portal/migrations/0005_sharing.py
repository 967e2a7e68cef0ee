"""Words about organizations."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "portal_sharing",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shares", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_portal_sharing_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_portal_sharing_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("form_id", "organization_id", name=op.f("pk_portal_sharing")),
    )
    with op.batch_alter_table("portal_sharing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_portal_sharing_organization_id"), ["organization_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("portal_sharing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_portal_sharing_organization_id"))

    op.drop_table("portal_sharing")
