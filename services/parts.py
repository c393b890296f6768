"""The four services by name: their applications, their migrations, their keys. Imports a service only when asked."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from sqlalchemy import text

from shared.db import Database
from shared.migrate import migrate
from shared.operations import CountDeliveries
from shared.settings import Settings

SERVICES: Final = ("intake", "casework", "outreach", "notify")


def load_app(service: str, settings: Settings) -> FastAPI:
    """The application of one service, imported only now."""
    app: FastAPI = importlib.import_module(f"services.{service}.app").create_app(settings)
    return app


def settle() -> None:
    """Take what stands by now out of the garbage collector's sight; for a process that is about to serve.

    It stays anyway, and each full collection would walk it: a fifth of a second in which nobody is answered.
    """
    gc.collect()
    gc.freeze()


def count_deliveries_of(service: str) -> CountDeliveries | None:
    """How a service counts what it sends out; None for those that send nothing."""
    if service != "notify":
        return None
    count: CountDeliveries = importlib.import_module("services.notify.queries.deliveries").count_deliveries
    return count


async def migrate_one(service: str, settings: Settings) -> None:
    """Bring one service's database up to date."""
    tables = importlib.import_module(f"services.{service}.tables")
    await migrate(settings.database_url, Path(__file__).parent / service, tables.Base.metadata)


async def migrate_all(settings: Mapping[str, Settings]) -> None:
    """Bring the databases of all services up to date."""
    for service, own in settings.items():
        await migrate_one(service, own)


async def nobody_works_here(casework: Settings) -> bool:
    """Whether casework's log is still empty: no post has ever started, so nobody can sign in."""
    db = Database(casework.database_url, pool_size=1)
    try:
        async with db.read() as session:
            return not await session.scalar(text("SELECT EXISTS (SELECT FROM event_log)"))
    finally:
        await db.close()
