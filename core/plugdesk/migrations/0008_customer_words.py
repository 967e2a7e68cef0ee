"""Customers are found by the beginnings of words, in an index; until now each name and contact was looked through."""

import sqlalchemy as sa
from alembic import op

from plugdesk.users.words import words_of, words_of_contact

revision = "0008"
down_revision = "0007"

MANY = 1_000
USER = sa.table("user", sa.column("id"), sa.column("name"), sa.column("role"))
IDENTITY = sa.table("identity", sa.column("user_id"), sa.column("channel"), sa.column("value"), sa.column("shown"))
WORD = sa.table("customer_word", sa.column("user_id"), sa.column("word"))


def upgrade() -> None:
    op.create_table(
        "customer_word",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("word", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_customer_word_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_word")),
    )
    connection = op.get_bind()
    after = 0
    while found := connection.execute(
        sa.select(USER.c.id, USER.c.name).where(USER.c.role == "customer", USER.c.id > after).order_by(USER.c.id).limit(MANY)
    ).all():
        after = found[-1].id
        words = {row.id: dict.fromkeys(words_of(row.name)) for row in found}
        for contact in connection.execute(sa.select(IDENTITY).where(IDENTITY.c.user_id.in_(words))):
            words[contact.user_id].update(dict.fromkeys(words_of_contact(contact.channel, contact.value, contact.shown)))
        rows = [{"user_id": user_id, "word": word} for user_id, own in words.items() for word in own]
        if rows:
            connection.execute(sa.insert(WORD), rows)
    with op.batch_alter_table("customer_word", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_word_user_id"), ["user_id"], unique=False)
        batch_op.create_index("ix_customer_word_word", ["word", "user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("customer_word", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_word_word")
        batch_op.drop_index(batch_op.f("ix_customer_word_user_id"))

    op.drop_table("customer_word")
