"""Channels."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "channel_pace",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channel_pace")),
    )
    with op.batch_alter_table("channel_pace", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_channel_pace_due_at"), ["due_at"], unique=False)

    op.create_table(
        "channel_update",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_channel_update_form_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_update")),
        sa.UniqueConstraint("channel", "account", "external_id", name=op.f("uq_channel_update_channel_account_external_id")),
    )
    with op.batch_alter_table("channel_update", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_channel_update_form_id"), ["form_id"], unique=False)
        batch_op.create_index("ix_channel_update_old", ["state", "at"], unique=False)
        batch_op.create_index(
            "ix_channel_update_waiting",
            ["channel", "account", "chat", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "buttons",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                server_default="[]",  # a plain value: SQLite adds the column instead of writing the table anew
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("pressed", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_column("pressed")
        batch_op.drop_column("buttons")
        batch_op.drop_column("withdrawn_at")
        batch_op.drop_column("edited_at")

    with op.batch_alter_table("channel_update", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_channel_update_waiting", sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'")
        )
        batch_op.drop_index("ix_channel_update_old")
        batch_op.drop_index(batch_op.f("ix_channel_update_form_id"))

    op.drop_table("channel_update")
    with op.batch_alter_table("channel_pace", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_channel_pace_due_at"))

    op.drop_table("channel_pace")
