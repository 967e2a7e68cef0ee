"""Initial."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "telegram_bot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("api", sa.Text(), nullable=False),
        sa.Column("own_network", sa.Boolean(), nullable=False),
        sa.Column("offset", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sending_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_telegram_bot_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telegram_bot")),
        sa.UniqueConstraint("key", name=op.f("uq_telegram_bot_key")),
        sa.UniqueConstraint("number", name=op.f("uq_telegram_bot_number")),
    )
    with op.batch_alter_table("telegram_bot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_telegram_bot_form_id"), ["form_id"], unique=False)

    op.create_table(
        "telegram_chat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("successor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["bot_id"], ["telegram_bot.id"], name=op.f("fk_telegram_chat_bot_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["telegram_chat.id"], name=op.f("fk_telegram_chat_successor_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telegram_chat")),
        sa.UniqueConstraint("bot_id", "number", name=op.f("uq_telegram_chat_bot_id_number")),
    )
    with op.batch_alter_table("telegram_chat", schema=None) as batch_op:
        batch_op.create_index("ix_telegram_chat_number", ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_telegram_chat_successor_id"), ["successor_id"], unique=False)

    op.create_table(
        "telegram_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("album", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["chat_id"], ["telegram_chat.id"], name=op.f("fk_telegram_message_chat_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_telegram_message_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telegram_message")),
        sa.UniqueConstraint("chat_id", "number", name=op.f("uq_telegram_message_chat_id_number")),
    )
    with op.batch_alter_table("telegram_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_telegram_message_chat_id"), ["chat_id"], unique=False)
        batch_op.create_index("ix_telegram_message_message_id", ["message_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("telegram_message", schema=None) as batch_op:
        batch_op.drop_index("ix_telegram_message_message_id")
        batch_op.drop_index(batch_op.f("ix_telegram_message_chat_id"))

    op.drop_table("telegram_message")
    with op.batch_alter_table("telegram_chat", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_telegram_chat_successor_id"))
        batch_op.drop_index("ix_telegram_chat_number")

    op.drop_table("telegram_chat")
    with op.batch_alter_table("telegram_bot", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_telegram_bot_form_id"))

    op.drop_table("telegram_bot")
