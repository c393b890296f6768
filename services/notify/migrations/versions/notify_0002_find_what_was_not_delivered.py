"""Find what could not be delivered without looking at everything that was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "notify_0002"
down_revision = "notify_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_index("ix_delivery_failed", "delivery", ["send_at"], postgresql_where=sa.text("state = 'failed'"))
