"""All lengths of time of a key stand in one row, and so do all customers of a day."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_KEY = "form_id, span, sort, figure, day, key"
_LENGTHS = "'accept_time', 'answer_time', 'close_time', 'spent', 'accept_worked', 'answer_worked', 'close_worked', 'spent_worked'"
_OF_CUSTOMERS = (
    ("received", "opened_day", ""),
    ("answered", "opened_day", "AND answered_after IS NOT NULL"),
    ("closed", "closed_day", ""),
)


def upgrade() -> None:
    """The days are written anew as they were counted; months, quarters and years are added up by the next job."""
    postgresql = op.get_context().dialect.name == "postgresql"
    together = "string_agg" if postgresql else "group_concat"
    if postgresql:
        for name in ("pk_reports_total", "fk_reports_total_form_id"):
            op.execute(f"ALTER TABLE reports_total RENAME CONSTRAINT {name} TO {name}_before")
    op.rename_table("reports_total", "reports_total_before")
    _create(sa.Column("spread", sa.Text(), nullable=True))
    spread = f"{together}(CASE WHEN figure IN ({_LENGTHS}) THEN CAST(grain AS TEXT) || ',' || CAST(n AS TEXT) END, ',')"
    op.execute(
        f"INSERT INTO reports_total ({_KEY}, n, spread) "
        f"SELECT {_KEY}, sum(n), {spread} FROM reports_total_before WHERE span = 'd' GROUP BY {_KEY}"
    )
    op.drop_table("reports_total_before")
    for figure, day, only in _OF_CUSTOMERS:
        op.execute(
            f"INSERT INTO reports_total ({_KEY}, n, spread) "
            f"SELECT form_id, 'd', 'customer', '{figure}', day, '', sum(n), "
            f"{together}(CAST(customer_id AS TEXT) || ',' || CAST(n AS TEXT), ',') FROM (SELECT form_id, {day} AS day, customer_id, "
            f"count(*) AS n FROM reports_ticket WHERE {day} IS NOT NULL {only} GROUP BY form_id, {day}, customer_id) AS counted "
            "GROUP BY form_id, day"
        )
    _to_add_up()


def downgrade() -> None:
    """Every day is counted again by the next job: the older version does that for days that have changed."""
    op.execute("INSERT INTO reports_changed (form_id, day) SELECT DISTINCT form_id, day FROM reports_total WHERE span = 'd'")
    op.drop_table("reports_total")
    _create(
        sa.Column("grain", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False), "grain"
    )
    _to_add_up()


def _to_add_up() -> None:
    op.execute("DELETE FROM reports_rolled")
    op.execute("UPDATE reports_standing SET rolled_at = NULL")


def _create(column: sa.Column, *key: str) -> None:
    op.create_table(
        "reports_total",
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("span", sa.String(length=1), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        column,
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_reports_total_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", "span", "sort", "figure", "day", "key", *key, name=op.f("pk_reports_total")),
        sqlite_with_rowid=False,
    )
