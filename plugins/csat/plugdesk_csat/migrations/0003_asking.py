"""Asking."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "csat_asking",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("not_when", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("texts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_csat_asking_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_csat_asking")),
    )
    op.create_table(
        "csat_withheld",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("closing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("about", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_csat_withheld_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_csat_withheld_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_csat_withheld")),
        sa.UniqueConstraint("ticket_id", "closing_id", name=op.f("uq_csat_withheld_ticket_id_closing_id")),
    )
    with op.batch_alter_table("csat_withheld", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_csat_withheld_form_id"), ["form_id"], unique=False)

    with op.batch_alter_table("csat_invitation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("earlier_hash", sa.String(length=64), nullable=True))
        batch_op.add_column(
            sa.Column("times", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False)
        )
        batch_op.add_column(sa.Column("assignee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(sa.Column("channel", sa.Text(), server_default="", nullable=False))
        batch_op.create_index("ix_csat_invitation_form_id_sent_at", ["form_id", "sent_at"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_csat_invitation_earlier_hash"), ["earlier_hash"])

    with op.batch_alter_table("csat_rating", schema=None) as batch_op:
        batch_op.add_column(sa.Column("in_chat", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("followed_at", sa.DateTime(timezone=True), nullable=True))

    # Whose each mark is: as near as it can be known now.
    op.execute(
        "UPDATE csat_invitation SET"
        " assignee_id = (SELECT ticket.assignee_id FROM ticket WHERE ticket.id = csat_invitation.ticket_id),"
        " group_id = (SELECT ticket.group_id FROM ticket WHERE ticket.id = csat_invitation.ticket_id),"
        " channel = (SELECT ticket.channel FROM ticket WHERE ticket.id = csat_invitation.ticket_id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("csat_rating", schema=None) as batch_op:
        batch_op.drop_column("followed_at")
        batch_op.drop_column("in_chat")

    with op.batch_alter_table("csat_invitation", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_csat_invitation_earlier_hash"), type_="unique")
        batch_op.drop_index("ix_csat_invitation_form_id_sent_at")
        batch_op.drop_column("channel")
        batch_op.drop_column("group_id")
        batch_op.drop_column("assignee_id")
        batch_op.drop_column("times")
        batch_op.drop_column("earlier_hash")

    with op.batch_alter_table("csat_withheld", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_csat_withheld_form_id"))

    op.drop_table("csat_withheld")
    op.drop_table("csat_asking")
