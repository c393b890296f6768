"""Let an erasure ask the relay to make the stream again from the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "shared_0002"
down_revision = "shared_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("log_head", sa.Column("refill", sa.Boolean(), server_default=sa.text("false"), nullable=False))
