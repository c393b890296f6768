"""Who may see the protected: the allow-list with its history, the broken glass, households split for view."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "intake_0002"
down_revision = "intake_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. Whoever stood in ``protection.allowed_posts``, and who set a protection, moves to ``allowance``."""
    op.create_table(
        "allowance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("protection_id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), server_default=sa.text("'all'"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("side IN ('all', 'home')", name=op.f("ck_allowance_side")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_allowance_household_id_household"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["protection_id"],
            ["protection.id"],
            name=op.f("fk_allowance_protection_id_protection"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowance")),
    )
    op.create_index(op.f("ix_allowance_household_id"), "allowance", ["household_id"], unique=False)
    standing = sa.text("removed_at IS NULL")
    op.create_index("ix_allowance_post", "allowance", ["post", "household_id"], postgresql_where=standing)
    op.create_index(
        "uq_allowance_standing", "allowance", ["protection_id", "post"], unique=True, postgresql_where=standing
    )
    op.execute("""
        INSERT INTO allowance (id, household_id, protection_id, post, added_by, added_at)
        SELECT gen_random_uuid(), household_id, id, post, set_by, set_at
        FROM (SELECT *, unnest(allowed_posts || set_by) AS post FROM protection) AS listed
        GROUP BY household_id, id, post, set_by, set_at
    """)
    op.create_table(
        "glass",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("second", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shut_by", sa.Uuid(), nullable=True),
        sa.Column("shut_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("answer IN ('approved', 'declined')", name=op.f("ck_glass_answer")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_glass_household_id_household"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glass")),
    )
    op.create_index(op.f("ix_glass_household_id"), "glass", ["household_id"], unique=False)
    op.create_index(op.f("ix_glass_post"), "glass", ["post"], unique=False)
    op.create_table(
        "apart",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("room", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("phone", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("places", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_apart_household_id_household"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_apart")),
    )
    for table in ("consultation", "member"):
        op.add_column(table, sa.Column("apart", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("protection", sa.Column("warned_days", sa.SmallInteger(), nullable=True))
    op.drop_column("protection", "allowed_posts")
