"""Initial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "reports_heard",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_heard")),
    )
    op.create_table(
        "reports_export",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("asked", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("whole", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("part", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_reports_export_by_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_export")),
    )
    with op.batch_alter_table("reports_export", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_export_by_id"), ["by_id"], unique=False)

    op.create_table(
        "reports_changed",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_reports_changed_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports_changed")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("reports_changed", schema=None) as batch_op:
        batch_op.create_index("ix_reports_changed_form_id", ["form_id", "id"], unique=False)

    op.create_table(
        "reports_rolled",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("span", sa.String(length=1), nullable=False),
        sa.Column("day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_reports_rolled_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", "span", "day", name=op.f("pk_reports_rolled")),
    )
    op.create_table(
        "reports_standing",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_reports_standing_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_reports_standing")),
    )
    op.create_table(
        "reports_total",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("span", sa.String(length=1), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("grain", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_reports_total_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", "span", "sort", "figure", "day", "key", "grain", name=op.f("pk_reports_total")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reports_ticket",
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("assignee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hour", sa.Text(), nullable=False),
        sa.Column("accepted_after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("answered_after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reopened", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incoming", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outgoing", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["user.id"], name=op.f("fk_reports_ticket_customer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_reports_ticket_form_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_reports_ticket_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_reports_ticket")),
    )
    with op.batch_alter_table("reports_ticket", schema=None) as batch_op:
        batch_op.create_index("ix_reports_ticket_closed", ["form_id", "closed_day"], unique=False)
        batch_op.create_index(batch_op.f("ix_reports_ticket_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_reports_ticket_opened", ["form_id", "opened_day", "customer_id"], unique=False)

    op.create_table(
        "reports_mark",
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["reports_ticket.ticket_id"], name=op.f("fk_reports_mark_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "sort", "key", name=op.f("pk_reports_mark")),
    )
    op.create_table(
        "reports_stretch",
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("began_day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ended_day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seconds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["reports_ticket.ticket_id"], name=op.f("fk_reports_stretch_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "number", name=op.f("pk_reports_stretch")),
    )
    with op.batch_alter_table("reports_stretch", schema=None) as batch_op:
        batch_op.create_index("ix_reports_stretch_began", ["form_id", "began_day"], unique=False)
        batch_op.create_index("ix_reports_stretch_ended", ["form_id", "ended_day"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("reports_stretch", schema=None) as batch_op:
        batch_op.drop_index("ix_reports_stretch_ended")
        batch_op.drop_index("ix_reports_stretch_began")

    op.drop_table("reports_stretch")
    op.drop_table("reports_mark")
    with op.batch_alter_table("reports_ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_reports_ticket_opened")
        batch_op.drop_index(batch_op.f("ix_reports_ticket_customer_id"))
        batch_op.drop_index("ix_reports_ticket_closed")

    op.drop_table("reports_ticket")
    op.drop_table("reports_total")
    op.drop_table("reports_standing")
    op.drop_table("reports_rolled")
    with op.batch_alter_table("reports_changed", schema=None) as batch_op:
        batch_op.drop_index("ix_reports_changed_form_id")

    op.drop_table("reports_changed")
    with op.batch_alter_table("reports_export", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reports_export_by_id"))

    op.drop_table("reports_export")
    op.drop_table("reports_heard")
