"""Sections of forms; when fields are shown, required, writable."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("field", schema=None) as batch_op:
        batch_op.add_column(sa.Column("section", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("visible_when", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))
        batch_op.add_column(sa.Column("required_from", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("readonly_from", sa.Text(), nullable=True))

    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "sections",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                server_default=sa.text("'[]'"),
                nullable=False,
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.drop_column("sections")

    with op.batch_alter_table("field", schema=None) as batch_op:
        batch_op.drop_column("readonly_from")
        batch_op.drop_column("required_from")
        batch_op.drop_column("visible_when")
        batch_op.drop_column("section")
