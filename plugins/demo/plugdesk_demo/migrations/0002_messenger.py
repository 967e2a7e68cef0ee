"""The demo's messenger: its bot and its people."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "demo_bot",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 0", name=op.f("ck_demo_bot_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_bot")),
    )
    op.create_table(
        "demo_person",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_demo_person")),
    )


def downgrade() -> None:
    op.drop_table("demo_person")
    op.drop_table("demo_bot")
