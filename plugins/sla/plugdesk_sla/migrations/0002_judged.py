"""Judged."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("ix_sla_clock_judged", "sla_clock", [sa.text("coalesce(breached_at, ended_at)"), "ticket_id"])


def downgrade() -> None:
    op.drop_index("ix_sla_clock_judged", "sla_clock")
