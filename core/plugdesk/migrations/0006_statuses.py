"""What statuses do by themselves, what customers read for them, and their colours."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

REOPEN_DAYS = 30  # as e-mail did it where nobody had set another number
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
FORM = sa.table("form", sa.column("id", sa.BigInteger), sa.column("reopen_days", sa.BigInteger))
SETTINGS = sa.table("plugin_settings", sa.column("plugin"), sa.column("form_id", sa.BigInteger), sa.column("values", JSON))


def upgrade() -> None:
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.add_column(sa.Column("waits_on_reply", sa.Boolean(), server_default=sa.text("false"), nullable=False))
        batch_op.add_column(sa.Column("resumes_on_message", sa.Boolean(), server_default=sa.text("true"), nullable=False))
        batch_op.add_column(sa.Column("reopen_days", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    with op.batch_alter_table("status", schema=None) as batch_op:
        batch_op.add_column(sa.Column("customer_name", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("customer_names", JSON, server_default=sa.text("'{}'"), nullable=False))
        batch_op.add_column(sa.Column("tone", sa.Text(), server_default="", nullable=False))
    _keep_the_days_of_email()


def downgrade() -> None:
    with op.batch_alter_table("status", schema=None) as batch_op:
        batch_op.drop_column("tone")
        batch_op.drop_column("customer_names")
        batch_op.drop_column("customer_name")
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.drop_column("reopen_days")
        batch_op.drop_column("resumes_on_message")
        batch_op.drop_column("waits_on_reply")


def _keep_the_days_of_email() -> None:
    """Forms go on as they did: the number of days was a setting of e-mail, of the form or else of the desk (0)."""
    connection = op.get_bind()
    stored = connection.execute(sa.select(SETTINGS.c.form_id, SETTINGS.c["values"]).where(SETTINGS.c.plugin == "email"))
    days = {form_id: values.get("new_after_days") for form_id, values in stored}
    for (form_id,) in connection.execute(sa.select(FORM.c.id)).all():
        kept = next((each for each in (days.get(form_id), days.get(0)) if isinstance(each, int)), REOPEN_DAYS)
        connection.execute(sa.update(FORM).where(FORM.c.id == form_id).values(reopen_days=kept))
