"""Names."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("workflow_action", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "names", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default=sa.text("'{}'"), nullable=False
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("workflow_action", schema=None) as batch_op:
        batch_op.drop_column("names")
