"""Disclosure requests (開示請求)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "intake_0004"
down_revision = "intake_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("disclosure_number", start=101)))
    op.create_table(
        "disclosure_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asker_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("identity_check", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("extended_days", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("extension_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivery", sa.Text(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("delivered_by", sa.Uuid(), nullable=True),
        sa.Column("ended_reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "decision IN ('full', 'partial', 'none', 'no_answer')", name=op.f("ck_disclosure_request_decision")
        ),
        sa.CheckConstraint(
            "state IN ('received', 'decided', 'delivered', 'withdrawn')", name=op.f("ck_disclosure_request_state")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
            name=op.f("fk_disclosure_request_household_id_household"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_disclosure_request_member_id_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure_request")),
        sa.UniqueConstraint("number", name=op.f("uq_disclosure_request_number")),
    )
    op.create_index(
        "ix_disclosure_request_due",
        "disclosure_request",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_index(op.f("ix_disclosure_request_household_id"), "disclosure_request", ["household_id"], unique=False)
    op.create_index(op.f("ix_disclosure_request_member_id"), "disclosure_request", ["member_id"], unique=False)
    op.create_table(
        "disclosure_mark",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("phrase", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("ground", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["disclosure_request.id"],
            name=op.f("fk_disclosure_mark_request_id_disclosure_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", "place", name=op.f("pk_disclosure_mark")),
    )
