"""In which language a file for disclosure is made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "intake_0006"
down_revision = "intake_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    language = sa.Column("language", sa.Text(), server_default=sa.text("'ja'"), nullable=False)
    op.add_column("disclosure_request", language)
