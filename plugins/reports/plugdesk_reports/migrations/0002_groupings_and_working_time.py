"""Groupings and working time."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("reports_standing", schema=None) as batch_op:
        batch_op.add_column(sa.Column("basis", sa.Text(), server_default="", nullable=False))

    with op.batch_alter_table("reports_stretch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("worked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))

    with op.batch_alter_table("reports_ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("accepted_worked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(sa.Column("answered_worked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(sa.Column("closed_worked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("reports_ticket", schema=None) as batch_op:
        batch_op.drop_column("closed_worked")
        batch_op.drop_column("answered_worked")
        batch_op.drop_column("accepted_worked")

    with op.batch_alter_table("reports_stretch", schema=None) as batch_op:
        batch_op.drop_column("worked")

    with op.batch_alter_table("reports_standing", schema=None) as batch_op:
        batch_op.drop_column("basis")
