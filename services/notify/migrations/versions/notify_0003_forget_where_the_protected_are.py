"""Forget where the protected are, whatever an older fact still says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "notify_0003"
down_revision = "notify_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. What was protected before is known again after ``./kasane rebuild notify``."""
    op.add_column("household", sa.Column("protected", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "protection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("ended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protection")),
    )
    op.create_index(op.f("ix_protection_household"), "protection", ["household"], unique=False)
