"""Initial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "contracts_contract",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("tone", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("hours_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rating", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("notice_days", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("noticed_until", sa.Date(), nullable=True),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name=op.f("fk_contracts_contract_group_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["hours_id"], ["business_hours.id"], name=op.f("fk_contracts_contract_hours_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_contracts_contract_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts_contract")),
        sa.UniqueConstraint("folded", name=op.f("uq_contracts_contract_folded")),
    )
    op.create_table(
        "contracts_folder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts_contract.id"], name=op.f("fk_contracts_folder_contract_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["contracts_folder.id"], name=op.f("fk_contracts_folder_parent_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts_folder")),
    )
    with op.batch_alter_table("contracts_folder", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracts_folder_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_folder_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "contracts_form",
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("condition", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("type_field", sa.Text(), nullable=False),
        sa.Column("priority_field", sa.Text(), nullable=False),
        sa.Column("types", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts_contract.id"], name=op.f("fk_contracts_form_contract_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_contracts_form_form_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contract_id", "form_id", name=op.f("pk_contracts_form")),
    )
    with op.batch_alter_table("contracts_form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracts_form_form_id"), ["form_id"], unique=False)

    op.create_table(
        "contracts_member",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("organization_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("folder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("leaves", sa.Boolean(), nullable=False),
        sa.Column("next_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(user_id IS NULL) <> (organization_id IS NULL)", name=op.f("ck_contracts_member_one")),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts_contract.id"], name=op.f("fk_contracts_member_contract_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["contracts_folder.id"], name=op.f("fk_contracts_member_folder_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["next_id"], ["contracts_contract.id"], name=op.f("fk_contracts_member_next_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_contracts_member_organization_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_contracts_member_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts_member")),
    )
    with op.batch_alter_table("contracts_member", schema=None) as batch_op:
        batch_op.create_index("ix_contracts_member_contract_id", ["contract_id", "folder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_member_leaves"), ["leaves"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_member_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_member_user_id"), ["user_id"], unique=False)

    op.create_table(
        "contracts_ticket",
        sa.Column("ticket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts_contract.id"], name=op.f("fk_contracts_ticket_contract_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_contracts_ticket_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_contracts_ticket")),
    )
    with op.batch_alter_table("contracts_ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracts_ticket_contract_id"), ["contract_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("contracts_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_ticket_contract_id"))

    op.drop_table("contracts_ticket")
    with op.batch_alter_table("contracts_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_member_user_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_member_organization_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_member_leaves"))
        batch_op.drop_index("ix_contracts_member_contract_id")

    op.drop_table("contracts_member")
    with op.batch_alter_table("contracts_form", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_form_form_id"))

    op.drop_table("contracts_form")
    with op.batch_alter_table("contracts_folder", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_folder_parent_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_folder_contract_id"))

    op.drop_table("contracts_folder")
    op.drop_table("contracts_contract")
