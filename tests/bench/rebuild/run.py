"""``./kasane bench rebuild``: logs of many households, followed once by a live reader, then rebuilt and compared."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import uvicorn
from fastapi import FastAPI

from services.commands.rebuild import parts_of, rebuild
from services.parts import SERVICES, migrate_all
from services.stack import make_databases, make_settings
from shared import clock
from shared.credentials import Credentials
from shared.db import Database
from shared.embedded import EmbeddedPostgres
from shared.settings import Settings
from shared.spine import Names, Spine, feed_router
from shared.spine.follow import FeedClient
from shared.spine.reader import Reader
from tests.bench.folder import temporary_folder
from tests.bench.rebuild.logs import write_logs

_POSTGRES = {"max_wal_size": "4GB", "checkpoint_timeout": "30min"}


async def measure(households: int, services: Sequence[str] = SERVICES) -> dict[str, Any]:
    """Fill four logs, let each service's reader project them, rebuild it, compare. Times are seconds.

    ``live``: the reader of a running service, in its transactions of 500, without what acts. ``rebuilt``: from the
    snapshot to the comparison. Both read the feeds over HTTP.
    """
    with temporary_folder() as folder, EmbeddedPostgres(folder, options=_POSTGRES) as postgres:
        return await _measure(folder, postgres.url, households, services)


async def _measure(folder: Path, admin_url: str, households: int, services: Sequence[str]) -> dict[str, Any]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = make_settings(folder, base_url, await make_databases(admin_url, "bench"), "")
        await migrate_all(settings)
        databases = {service: Database(own.database_url, pool_size=3) for service, own in settings.items()}
        began = clock.monotonic()
        events = await write_logs(databases, households)
        written = clock.monotonic() - began
        _tell(f"{sum(events.values()):,} events of {households:,} households written in {written:.0f} s")
        found = {}
        async with _feeds(settings, databases, listening):
            for service in services:
                found[service] = await _one(service, settings[service], databases[service], admin_url)
                _tell(f"{service}: {found[service]}")
        for db in databases.values():
            await db.close()
    return {"households": households, "events": events, "write_seconds": round(written, 1), "services": found}


async def _one(service: str, settings: Settings, db: Database, admin_url: str) -> dict[str, Any]:
    began = clock.monotonic()
    await _follow(service, settings, db)
    live = clock.monotonic() - began
    made = await rebuild(service, settings, admin_url=admin_url)
    rows = sum(table.rebuilt for table in made.tables)
    return {
        "equal": made.equal,
        "events": made.events,
        "rows": rows,
        "live_seconds": round(live, 1),
        "rebuild_seconds": round(made.seconds, 1),
        "events_per_second": round(made.events / made.seconds),
        "rows_per_second": round(rows / made.seconds),
        "differ": {table.table: [one.key for one in table.differences] for table in made.tables if not table.equal},
    }


async def _follow(service: str, settings: Settings, db: Database) -> None:
    """Read all there is with the reader of a running service, a batch of each source in turn."""
    feed = FeedClient(settings.urls, Credentials(settings, service).for_feed)
    _, subscriptions = parts_of(service)
    reader = Reader(db, subscriptions.projecting(), Names(settings.municipality), None, feed)
    try:
        while any([await reader.advance(source) for source in reader.sources]):
            pass
    finally:
        await feed.close()


@contextlib.asynccontextmanager
async def _feeds(
    settings: Mapping[str, Settings], databases: Mapping[str, Database], listening: socket.socket
) -> AsyncIterator[None]:
    """The feeds of the four services, with nothing else of them."""
    app = FastAPI()
    spines = []
    for service, own in settings.items():
        one = FastAPI()
        spine = Spine(own, service, databases[service], parts_of(service)[1])
        one.state.service = SimpleNamespace(spine=spine)
        one.include_router(feed_router())
        app.mount(f"/{service}", one)
        spines.append(spine)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        for spine in spines:
            await spine.stop()


def _tell(text: str) -> None:
    sys.stderr.write(f"kasane: {text}\n")
