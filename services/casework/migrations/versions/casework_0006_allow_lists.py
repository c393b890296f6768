"""Who of its own area stands on the allow-list of a protected household."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "casework_0006"
down_revision = "casework_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. Of protections that run already, intake says the list when it changes next."""
    op.add_column("household", sa.Column("listed", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False))
