"""The two databases of a session, and what PostgreSQL knows of the moments its transactions committed."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Self

import asyncpg
from sqlalchemy.engine import make_url

from shared import clock
from shared.db import Database
from shared.spine import SpineBase, ensure_partitions
from tests.bench.spine.processes import Process
from tests.bench.spine.workload import CONSUMER_TABLES, PRODUCER_TABLES

_LOOKS = 0.1
_PATIENCE = 120.0


class EffectsMissingError(RuntimeError):
    """A system has not applied all that was committed: its figures are worth nothing."""


class Room:
    """A producer's and a consumer's database, empty but for their tables."""

    def __init__(self, admin_url: str, names: tuple[str, str]) -> None:
        self._admin_url, self._names = admin_url, names
        self.producer_url, self.consumer_url = (_url_of(admin_url, name) for name in names)
        self._from: Any = None
        self._to: Any = None

    @classmethod
    async def make(cls, admin_url: str, name: str) -> Self:
        """Copy both from the templates, which are made at the first call."""
        room = cls(admin_url, (f"{name}_from", f"{name}_to"))
        admin = await asyncpg.connect(_plain(admin_url))
        try:
            for database, tables in zip(room._names, (PRODUCER_TABLES, CONSUMER_TABLES), strict=True):
                template = "bench_from" if tables is PRODUCER_TABLES else "bench_to"
                if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", template):
                    await admin.execute(f"CREATE DATABASE {template}")
                    await _furnish(_url_of(admin_url, template), tables)
                await admin.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
        finally:
            await admin.close()
        room._from = await asyncpg.connect(room.producer_url)
        room._to = await asyncpg.connect(room.consumer_url)
        return room

    async def close(self) -> None:
        """Drop both."""
        await self._from.close()
        await self._to.close()
        admin = await asyncpg.connect(_plain(self._admin_url))
        for database in self._names:
            await admin.execute(f"DROP DATABASE {database} WITH (FORCE)")
        await admin.close()

    async def now(self) -> float:
        """PostgreSQL's clock, in seconds."""
        return float(await self._from.fetchval("SELECT extract(epoch FROM clock_timestamp())"))

    async def all_there(self, first: int, amount: int, consumer: Process) -> float:
        """Wait until every visit of a run has its effect; when the last one committed.

        Raises EffectsMissingError when nothing more has come for two minutes or a visit itself is missing.
        """
        last = first + amount
        visits = await self._from.fetchval("SELECT count(*) FROM visit WHERE n >= $1 AND n < $2", first, last)
        if visits != amount:
            raise EffectsMissingError(f"{amount} were to be committed, {visits} are there")
        seen, moved = 0, time.monotonic()
        while True:
            count = await self._to.fetchval("SELECT count(*) FROM effect WHERE n >= $1 AND n < $2", first, last)
            if count == amount:
                break
            if count != seen:
                seen, moved = count, time.monotonic()
            if time.monotonic() - moved > _PATIENCE:
                raise EffectsMissingError(f"{count} of {amount} effects; {consumer.said()}")
            consumer.used()  # tells when it has died
            await asyncio.sleep(_LOOKS)
        return float(await self._to.fetchval(_LAST, first, last))

    async def latencies(self, first: int, amount: int) -> list[float]:
        """Milliseconds from the visit's commit to its effect's."""
        moments: list[dict[int, float]] = []
        for connection, query in ((self._from, _VISITS), (self._to, _EFFECTS)):
            rows = await connection.fetch(query, first, first + amount)
            moments.append({row["n"]: float(row["at"]) for row in rows})
        begun, done = moments
        return [(done[n] - at) * 1000 for n, at in begun.items()]

    async def drained(self) -> float:
        """Effects a second between the first commit, which is left out, and the last."""
        row = await self._to.fetchrow(_DRAINED)
        return float(row["effects"]) / float(row["seconds"])

    async def doubled(self) -> int:
        """Effects applied more than once."""
        return int(await self._to.fetchval("SELECT count(*) FROM effect WHERE times > 1"))


_VISITS = "SELECT n, extract(epoch FROM pg_xact_commit_timestamp(xmin)) AS at FROM visit WHERE n >= $1 AND n < $2"
_EFFECTS = "SELECT n, extract(epoch FROM pg_xact_commit_timestamp(xmin)) AS at FROM effect WHERE n >= $1 AND n < $2"
_LAST = "SELECT max(extract(epoch FROM pg_xact_commit_timestamp(xmin))) FROM effect WHERE n >= $1 AND n < $2"
_DRAINED = """
    SELECT count(*) FILTER (WHERE at > begun) AS effects, max(at) - min(at) AS seconds
    FROM (
        SELECT at, min(at) OVER () AS begun
        FROM (SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) AS at FROM effect) AS line
    ) AS line
"""


async def _furnish(url: str, tables: str) -> None:
    db = Database(url, pool_size=1)
    async with db.engine.begin() as connection:
        await connection.run_sync(SpineBase.metadata.create_all)
        await ensure_partitions(connection, clock.today())
    await db.close()
    connection = await asyncpg.connect(url)
    await connection.execute(tables)
    await connection.close()


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _url_of(admin_url: str, database: str) -> str:
    return make_url(admin_url).set(drivername="postgresql", database=database).render_as_string(hide_password=False)
