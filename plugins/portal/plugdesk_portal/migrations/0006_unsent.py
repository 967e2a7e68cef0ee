"""What could not be sent."""

import sqlalchemy as sa
from alembic import op

from plugdesk.api import Json

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "portal_unsent",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("typed", Json, nullable=False),
        sa.Column("had_files", sa.Boolean(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_portal_unsent_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_portal_unsent_ticket_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_portal_unsent_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "ticket_id", name=op.f("pk_portal_unsent")),
    )
    with op.batch_alter_table("portal_unsent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_portal_unsent_form_id"), ["form_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_portal_unsent_ticket_id"), ["ticket_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("portal_unsent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_portal_unsent_ticket_id"))
        batch_op.drop_index(batch_op.f("ix_portal_unsent_form_id"))

    op.drop_table("portal_unsent")
