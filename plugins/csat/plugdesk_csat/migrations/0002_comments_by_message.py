"""Comments by message."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("csat_invitation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("comment_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("csat_invitation", schema=None) as batch_op:
        batch_op.drop_column("comment_until")
