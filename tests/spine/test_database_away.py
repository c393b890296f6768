"""A database that ends every connection and refuses new ones for a while: everything waits, nothing dies."""

from __future__ import annotations

import asyncio

import asyncpg
from sqlalchemy.engine import make_url

from shared import clock
from shared.db import Database
from shared.events.heartbeat import IntakeHeartbeat
from shared.settings import Settings
from shared.spine import Subscriptions, hold, record
from shared.spine.facade import Spine
from shared.testing import FreshDatabase


def plain(url: str, database: str | None = None) -> str:
    address = make_url(url).set(drivername="postgresql")
    return (address.set(database=database) if database else address).render_as_string(hide_password=False)


async def test_the_spine_outlives_a_database_that_refuses(
    fresh_database: FreshDatabase, postgres_url: str, redis_url: str
) -> None:
    url = await fresh_database("intake")
    name = make_url(url).database
    operator = await asyncpg.connect(plain(postgres_url, "postgres"))
    db = Database(url)
    spine = Spine(Settings(database_url=url, redis_url=redis_url), "intake", db, Subscriptions("intake"))
    try:
        await spine.start()
        await operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        spine.relay.positioned.ring()
        spine.relay.leading = True  # publishing shall meet the refusal, too
        await asyncio.sleep(3)
        assert not (await spine.health())["ok"]
        await operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        event = IntakeHeartbeat(probe=clock.new_id(), started_at=clock.now())
        async with db.transaction() as session:
            await hold(session, *event.subjects)
            recorded = await record(session, event)
        assert await spine.position_after([recorded], timeout=20) is not None
        assert (await spine.health())["ok"]
    finally:
        await spine.stop()
        await db.close()
        await operator.close()
