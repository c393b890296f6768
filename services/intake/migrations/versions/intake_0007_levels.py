"""What levels ask for: the ground on which an agency takes part, and how long a manager's reason is good for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "intake_0007"
down_revision = "intake_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. Both are a projection's: ``./kasane rebuild intake`` fills them in for what was heard before."""
    op.add_column("access_grant", sa.Column("basis", sa.Text(), nullable=True))
    op.add_column("access_grant", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
