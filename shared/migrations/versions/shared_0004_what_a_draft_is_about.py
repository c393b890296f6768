"""Say what a draft is about, so that two cases' drafts stand apart and erasure reaches them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "shared_0004"
down_revision = "shared_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("draft", sa.Column("about", sa.Uuid(), nullable=True))
    op.add_column("draft", sa.Column("household", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_draft_about"), "draft", ["about"], unique=False)
    op.create_index(op.f("ix_draft_household"), "draft", ["household"], unique=False)
