"""Signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("webform_submission", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signed_in", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("webform_submission", schema=None) as batch_op:
        batch_op.drop_column("signed_in")
