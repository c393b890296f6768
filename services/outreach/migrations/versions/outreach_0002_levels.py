"""What levels ask for: who takes part in a case, and who of its area stands on the allow-list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "outreach_0002"
down_revision = "outreach_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. Both are projections: ``./kasane rebuild outreach`` fills them in for what was heard before."""
    op.add_column("household", sa.Column("listed", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False))
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.Uuid(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
    )
    op.create_index("ix_access_grant_agency", "access_grant", ["agency", "household_id"], unique=False)
    op.create_index("ix_access_grant_post", "access_grant", ["post", "household_id"], unique=False)
    op.create_index("ix_access_grant_source", "access_grant", ["source_id"], unique=False)
    op.create_index(op.f("ix_access_grant_household_id"), "access_grant", ["household_id"], unique=False)
