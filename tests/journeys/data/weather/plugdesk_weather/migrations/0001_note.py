"""Note."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "weather_note",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("form_id", KEY, sa.ForeignKey("form.id", ondelete="CASCADE", name="fk_weather_note_form_id"), nullable=False),
        sa.Column(
            "ticket_id", KEY, sa.ForeignKey("ticket.id", ondelete="CASCADE", name="fk_weather_note_ticket_id"), nullable=False
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.UniqueConstraint("ticket_id", name="uq_weather_note_ticket_id"),
    )
    op.create_index("ix_weather_note_form_id", "weather_note", ["form_id"])


def downgrade():
    op.drop_table("weather_note")
