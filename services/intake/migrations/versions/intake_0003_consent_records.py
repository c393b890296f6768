"""Consent as a full record: the text that was shown, who stood in, how it ended; and the first text itself."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "intake_0003"
down_revision = "intake_0002"
branch_labels = None
depends_on = None

_VERSION = "2026-04-01"
_TEXT = Path(__file__).parents[1] / f"consent_text_{_VERSION}.json"
"""As frozen as this file: what was shown stays as it was, another wording is another version."""


def upgrade() -> None:
    """Forward. Consents that are there keep what they say; how and on which text they were given nobody has noted."""
    texts = op.create_table(
        "consent_text",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("wording", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("stated_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_consent_text")),
    )
    op.alter_column("consent_text", "stated_at", server_default=None)
    op.execute(
        sa.insert(texts).values(
            version=_VERSION,
            valid_from=date.fromisoformat(_VERSION),
            wording=json.loads(_TEXT.read_text(encoding="utf-8")),
            stated_at=sa.func.now(),
        )
    )
    op.execute("""
        CREATE FUNCTION consent_text_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'a text that was shown is kept as it was; another wording is another version'; END $$
    """)
    op.execute(
        "CREATE TRIGGER is_kept BEFORE UPDATE OR DELETE ON consent_text FOR EACH ROW"
        " EXECUTE FUNCTION consent_text_stays()"
    )
    nothing = sa.text("'{}'")
    for column in (
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), server_default=nothing, nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("explained_by", sa.Uuid(), nullable=True),
        sa.Column("explained_on", sa.Date(), nullable=True),
        sa.Column("text_version", sa.Text(), nullable=True),
        sa.Column("representative_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("representative_relation", sa.Text(), nullable=True),
        sa.Column("representative_ground", sa.Text(), nullable=True),
        sa.Column("understood", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("said_first", sa.Text(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("reminded", postgresql.ARRAY(sa.Text()), server_default=nothing, nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("end_said_by", sa.Text(), nullable=True),
        sa.Column("end_channel", sa.Text(), nullable=True),
        sa.Column("end_said_on", sa.Date(), nullable=True),
        sa.Column("end_words", sa.Text(), server_default=sa.text("''"), nullable=False),
    ):
        op.add_column("consent", column)
    op.create_foreign_key(
        op.f("fk_consent_text_version_consent_text"), "consent", "consent_text", ["text_version"], ["version"]
    )
    op.create_foreign_key(
        op.f("fk_consent_replaces_id_consent"), "consent", "consent", ["replaces_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_consent_standing", "consent", ["state"], postgresql_where=sa.text("withdrawn_at IS NULL"))
    op.execute("UPDATE consent SET purposes = ARRAY[purpose] WHERE purpose IS NOT NULL")
    op.execute(
        "UPDATE consent SET method = CASE state WHEN 'signed' THEN 'signature' ELSE 'oral' END"
        " WHERE state IN ('signed', 'oral')"
    )
    op.execute("UPDATE consent SET end_reason = 'taken_back' WHERE withdrawn_at IS NOT NULL")
