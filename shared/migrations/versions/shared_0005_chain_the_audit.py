"""Chain the audit: numbers, hashes, triggers that let no row be changed, and what is kept of others' chains."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "shared_0005"
down_revision = "shared_0004"
branch_labels = None
depends_on = None

_REFUSE = """
    CREATE FUNCTION refuse_to_change_the_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'insufficient_privilege';
    END $$
"""
_SEALS_ONCE = """
    CREATE TRIGGER seals_once BEFORE UPDATE ON audit_entry FOR EACH ROW
    WHEN (
        OLD.number IS NOT NULL OR NEW.number IS NULL OR NEW.hash IS NULL
        OR (to_jsonb(NEW) - 'number' - 'hash') IS DISTINCT FROM (to_jsonb(OLD) - 'number' - 'hash')
    )
    EXECUTE FUNCTION refuse_to_change_the_audit()
"""
_COMES_UNSEALED = """
    CREATE TRIGGER comes_unsealed BEFORE INSERT ON audit_entry FOR EACH ROW
    WHEN (NEW.number IS NOT NULL OR NEW.hash IS NOT NULL) EXECUTE FUNCTION refuse_to_change_the_audit()
"""


def upgrade() -> None:
    """Forward."""
    op.add_column("audit_entry", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("audit_entry", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column("audit_entry", sa.Column("number", sa.BigInteger(), nullable=True))
    op.add_column("audit_entry", sa.Column("hash", sa.LargeBinary(), nullable=True))
    op.create_unique_constraint(op.f("uq_audit_entry_number"), "audit_entry", ["number"])
    op.create_index(op.f("ix_audit_entry_post"), "audit_entry", ["post"], unique=False)
    op.create_index(op.f("ix_audit_entry_person"), "audit_entry", ["person"], unique=False)
    op.create_index(
        "ix_audit_entry_unsealed", "audit_entry", ["id"], unique=False, postgresql_where=sa.text("number IS NULL")
    )
    op.create_table(
        "audit_anchor",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service", "number", name=op.f("pk_audit_anchor")),
    )
    op.execute(_REFUSE)
    op.execute(_SEALS_ONCE)
    op.execute(_COMES_UNSEALED)
    for table, deeds in (("audit_entry", "DELETE"), ("audit_anchor", "UPDATE OR DELETE")):
        op.execute(
            f"CREATE TRIGGER is_kept BEFORE {deeds} ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION refuse_to_change_the_audit()"
        )
        op.execute(
            f"CREATE TRIGGER is_not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
            "EXECUTE FUNCTION refuse_to_change_the_audit()"
        )
