"""Initial."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "csat_invitation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("closing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_csat_invitation_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_csat_invitation_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_csat_invitation")),
        sa.UniqueConstraint("ticket_id", "closing_id", name=op.f("uq_csat_invitation_ticket_id_closing_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_csat_invitation_token_hash")),
    )
    with op.batch_alter_table("csat_invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_csat_invitation_form_id"), ["form_id"], unique=False)

    op.create_table(
        "csat_rating",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mark", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mark BETWEEN 1 AND 5", name=op.f("ck_csat_rating_mark")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_csat_rating_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["csat_invitation.id"], name=op.f("fk_csat_rating_invitation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_csat_rating_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_csat_rating")),
        sa.UniqueConstraint("invitation_id", name=op.f("uq_csat_rating_invitation_id")),
    )
    with op.batch_alter_table("csat_rating", schema=None) as batch_op:
        batch_op.create_index("ix_csat_rating_form_id_rated_at", ["form_id", "rated_at"], unique=False)
        batch_op.create_index("ix_csat_rating_ticket_id", ["ticket_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("csat_rating", schema=None) as batch_op:
        batch_op.drop_index("ix_csat_rating_ticket_id")
        batch_op.drop_index("ix_csat_rating_form_id_rated_at")

    op.drop_table("csat_rating")
    with op.batch_alter_table("csat_invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_csat_invitation_form_id"))

    op.drop_table("csat_invitation")
