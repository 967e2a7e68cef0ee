"""Imports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "contracts_import",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("into", sa.Boolean(), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("folder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("columns", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("has_header", sa.Boolean(), nullable=False),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_contracts_import_by_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts_contract.id"], name=op.f("fk_contracts_import_contract_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["contracts_folder.id"], name=op.f("fk_contracts_import_folder_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts_import")),
    )
    with op.batch_alter_table("contracts_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracts_import_by_id"), ["by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_import_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_import_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_import_folder_id"), ["folder_id"], unique=False)

    op.create_table(
        "contracts_import_line",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("cells", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_made", sa.Boolean(), nullable=False),
        sa.Column("contacts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["contracts_import.id"], name=op.f("fk_contracts_import_line_import_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["contracts_member.id"], name=op.f("fk_contracts_import_line_member_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_contracts_import_line_organization_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_contracts_import_line_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_contracts_import_line")),
    )
    with op.batch_alter_table("contracts_import_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracts_import_line_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_import_line_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index("ix_contracts_import_line_outcome", ["import_id", "outcome", "number"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_import_line_user_id"), ["user_id"], unique=False)

    with op.batch_alter_table("contracts_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_ticket_contract_id"))
        batch_op.create_index("ix_contracts_ticket_contract_id", ["contract_id", "ticket_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("contracts_ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_contracts_ticket_contract_id")
        batch_op.create_index(batch_op.f("ix_contracts_ticket_contract_id"), ["contract_id"], unique=False)

    with op.batch_alter_table("contracts_import_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_import_line_user_id"))
        batch_op.drop_index("ix_contracts_import_line_outcome")
        batch_op.drop_index(batch_op.f("ix_contracts_import_line_organization_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_import_line_member_id"))

    op.drop_table("contracts_import_line")
    with op.batch_alter_table("contracts_import", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_import_folder_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_import_created_at"))
        batch_op.drop_index(batch_op.f("ix_contracts_import_contract_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_import_by_id"))

    op.drop_table("contracts_import")
