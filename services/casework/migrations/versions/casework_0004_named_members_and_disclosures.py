"""Meetings with named members and their materials, disclosures, consents by purpose and class of item."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "casework_0004"
down_revision = "casework_0003"
branch_labels = None
depends_on = None

_TOLD_BEFORE = """
INSERT INTO disclosure
       (id, household, case_id, way, about, basis, reason, agencies, decided_by, at, ended_at, end_reason)
SELECT gen_random_uuid(), household, case_id, 'invitation', id, basis, reason, ARRAY[agency], invited_by, answered_at,
       ended_at, CASE WHEN ended_at IS NULL THEN NULL WHEN end_reason IN ('case_closed', 'consent_withdrawn')
                      THEN end_reason ELSE 'over' END
FROM invitation WHERE state IN ('accepted', 'acting', 'left') AND answered_at IS NOT NULL
"""
"""What was accepted before there was a list of disclosures; which classes of item were told nobody wrote down then."""


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "disclosure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("items", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("agencies", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("posts", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_disclosure_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    op.create_index("ix_disclosure_about", "disclosure", ["about"], unique=False)
    op.create_index(op.f("ix_disclosure_case_id"), "disclosure", ["case_id"], unique=False)
    op.create_index(
        "ix_disclosure_household_at", "disclosure", ["household", sa.literal_column("at DESC")], unique=False
    )
    op.create_table(
        "meeting_material",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("items", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("known", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("doing", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("wanted", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("asks", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("laid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_meeting_material_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["meeting"], ["meeting.id"], name=op.f("fk_meeting_material_meeting_meeting"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_material")),
    )
    op.create_index(op.f("ix_meeting_material_case_id"), "meeting_material", ["case_id"], unique=False)
    op.create_index(op.f("ix_meeting_material_meeting"), "meeting_material", ["meeting"], unique=False)
    op.create_table(
        "meeting_member",
        sa.Column("meeting", sa.Uuid(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("named_by", sa.Uuid(), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secrecy_on", sa.Date(), nullable=True),
        sa.Column("secrecy_by", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["support_case.id"], name=op.f("fk_meeting_member_case_id_support_case"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["meeting"], ["meeting.id"], name=op.f("fk_meeting_member_meeting_meeting"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("meeting", "post", name=op.f("pk_meeting_member")),
        sa.UniqueConstraint("id", name=op.f("uq_meeting_member_id")),
    )
    op.create_index(op.f("ix_meeting_member_case_id"), "meeting_member", ["case_id"], unique=False)
    op.create_index("ix_meeting_member_post_case", "meeting_member", ["post", "case_id"], unique=False)
    op.add_column(
        "consent", sa.Column("purposes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column(
        "consent", sa.Column("items", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("consent", sa.Column("limited", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("UPDATE consent SET purposes = ARRAY[purpose] WHERE purpose IS NOT NULL")
    op.drop_column("consent", "purpose")
    op.add_column(
        "invitation", sa.Column("items", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("meeting", sa.Column("named", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("meeting", sa.Column("anonymous", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("meeting", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("meeting", sa.Column("recall_on", sa.Date(), nullable=True))
    op.add_column("meeting", sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_TOLD_BEFORE)
