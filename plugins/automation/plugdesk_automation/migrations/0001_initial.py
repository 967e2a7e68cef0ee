"""Initial."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "automation_rule",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("in_hours", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_automation_rule_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["user.id"], name=op.f("fk_automation_rule_person_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("form_id", "code", name=op.f("pk_automation_rule")),
    )
    with op.batch_alter_table("automation_rule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_automation_rule_person_id"), ["person_id"], unique=False)

    op.create_table(
        "automation_rule_set",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_automation_rule_set_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_automation_rule_set")),
    )
    op.create_table(
        "automation_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("occasion", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("in_hours", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_automation_run_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_automation_run_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_run")),
        sa.UniqueConstraint(
            "ticket_id", "form_id", "code", "occasion", name=op.f("uq_automation_run_ticket_id_form_id_code_occasion")
        ),
    )
    with op.batch_alter_table("automation_run", schema=None) as batch_op:
        batch_op.create_index("ix_automation_run_code", ["form_id", "code", "id"], unique=False)
        batch_op.create_index("ix_automation_run_form_id", ["form_id", "id"], unique=False)
        batch_op.create_index("ix_automation_run_ran_at", ["form_id", "ran_at"], unique=False)

    op.create_table(
        "automation_news",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_automation_news_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["automation_run.id"], name=op.f("fk_automation_news_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_automation_news_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_news")),
    )
    with op.batch_alter_table("automation_news", schema=None) as batch_op:
        batch_op.create_index("ix_automation_news_form_id", ["form_id", "user_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_automation_news_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_automation_news_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("automation_news", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_automation_news_user_id"))
        batch_op.drop_index(batch_op.f("ix_automation_news_run_id"))
        batch_op.drop_index("ix_automation_news_form_id")

    op.drop_table("automation_news")
    with op.batch_alter_table("automation_run", schema=None) as batch_op:
        batch_op.drop_index("ix_automation_run_ran_at")
        batch_op.drop_index("ix_automation_run_form_id")
        batch_op.drop_index("ix_automation_run_code")

    op.drop_table("automation_run")
    op.drop_table("automation_rule_set")
    with op.batch_alter_table("automation_rule", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_automation_rule_person_id"))

    op.drop_table("automation_rule")
