"""What auditors made of unusual access, and where staff live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "casework_0005"
down_revision = "casework_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "unusual_look",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("looked_by", sa.Uuid(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unusual_look")),
        sa.UniqueConstraint(
            "week", "rule", "post", "household", name="uq_unusual_look_line", postgresql_nulls_not_distinct=True
        ),
    )
    op.add_column("person", sa.Column("home_district", sa.Text(), nullable=True))
