"""Bring one service's database up to date: the tables that all services share, then its own, then its code lists.

Alembic with two branches: ``shared/migrations/versions`` and ``services/<name>/migrations/versions``. One replica at a
time, by an advisory lock; no lock is waited for longer than ten seconds (old code must run on the new schema).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared import clock
from shared.codes import seed_codes
from shared.db import Database, SharedBase, async_url
from shared.spine.tables import SpineBase, ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Connection

_HERE = Path(__file__).parent / "migrations"
_LOCK = 7_202_106


def alembic_config(folder: Path, own: MetaData) -> Config:
    """Alembic's settings for the service in ``folder`` whose tables are ``own``."""
    from shared import audit, drafts, idempotency, identity  # noqa: F401, PLC0415 - their tables register on SharedBase

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    places = (_HERE / "versions", folder / "migrations" / "versions")
    config.set_main_option("version_locations", os.pathsep.join(str(place) for place in places))
    config.attributes["metadata"] = [SharedBase.metadata, SpineBase.metadata, own]
    return config


async def migrate(url: str, folder: Path, own: MetaData) -> None:
    """Upgrade the database at ``url`` to the newest revisions and seed its code lists, the shared ones first."""
    config = alembic_config(folder, own)
    engine = create_async_engine(async_url(url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            await connection.run_sync(lambda sync: _upgrade(config, sync))
            await ensure_partitions(connection, clock.today())
    finally:
        await engine.dispose()
    db = Database(url, pool_size=1)
    try:
        async with db.transaction() as session:
            for lists in (_HERE.parent / "lists", folder / "codes"):
                await seed_codes(session, lists)
    finally:
        await db.close()


def _upgrade(config: Config, connection: Connection) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


async def draft_migration(url: str, folder: Path | None, own: MetaData, message: str, revision: str) -> None:
    """Write a revision with what the tables have and the (upgraded) database at ``url`` has not, to be reviewed.

    ``folder`` names the service; None writes to the shared branch.
    """
    config = alembic_config(folder or _HERE.parent, own)
    branch = folder.name if folder else "shared"
    versions = (folder / "migrations" if folder else _HERE) / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    first = not any(versions.glob("*.py"))
    engine = create_async_engine(async_url(url), poolclass=NullPool)

    def write(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.revision(
            config,
            message,
            autogenerate=True,
            rev_id=f"{branch}_{revision}",
            head="base" if first else f"{branch}@head",
            branch_label=branch if first else None,
            version_path=str(versions),
        )

    try:
        async with engine.begin() as connection:
            await connection.run_sync(write)
    finally:
        await engine.dispose()
