"""One replica as a process of its own, to be killed and frozen.

It is a service with nothing but a spine: relay, feed over HTTP, and a reader that notes each ``household_changed``.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.faults.fragile import die_at
from shared.db import Database
from shared.events.intake import HouseholdChanged
from shared.settings import Settings
from shared.spine import Received, Spine, Subscriptions, feed_router
from tests.spine.rig import note


def slow(service: str, seconds: float) -> Subscriptions:
    """A reader whose batches take their time, so that a signal meets it in the middle of one."""
    subscriptions = Subscriptions(service)

    @subscriptions.on(HouseholdChanged, projects=True)
    async def _(session: AsyncSession, heard: Received[HouseholdChanged]) -> None:
        await note(session, heard)
        if seconds:
            await session.execute(text("SELECT 1"))
            await asyncio.sleep(seconds)

    return subscriptions


async def live(order: dict[str, Any]) -> None:
    settings = Settings(**order["settings"])
    db = Database(settings.database_url, pool_size=4)
    name = order["service"]
    subscriptions = slow(name, order["slow"]) if name != "intake" else Subscriptions(name)
    if order["die"]:
        die_at(*order["die"])
    spine = Spine(settings, name, db, subscriptions)
    app = FastAPI()
    app.state.service = SimpleNamespace(spine=spine)
    app.include_router(feed_router(), prefix=f"/{name}")
    server = uvicorn.Server(uvicorn.Config(app, port=order["port"], log_level="error", timeout_graceful_shutdown=2))
    await spine.start()
    await server.serve()
    await spine.stop()
    await db.close()


def main(order: dict[str, Any]) -> None:
    """Where a forked process begins; what it has to say is not for the tests' output."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    asyncio.run(live(order))
