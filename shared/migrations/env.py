"""Alembic's entry: runs on the connection that ``shared.migrate`` hands over."""

from __future__ import annotations

from alembic import context

config = context.config
connection = config.attributes["connection"]


def include_object(item: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Partitions of the event log are made as months come; they are no part of the schema to compare."""
    del item, reflected, compare_to
    return not (kind == "table" and (name or "").startswith("event_log_"))


context.configure(
    connection=connection,
    target_metadata=config.attributes["metadata"],
    include_object=include_object,
    compare_server_default=False,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
