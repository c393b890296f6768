"""``./kasane bench audit``: what the chain of the audit costs a request, and how long sealing takes.

The same transaction (one audit row, committed to disk) three ways, in turns: without any chain; as Kasane does it,
sealed beside; and with the hash made inside the request, under the lock that this needs.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.parts import migrate_one
from shared import clock
from shared.audit import note
from shared.audit.sealing import Sealer, seal
from shared.db import Database
from shared.embedded import EmbeddedPostgres
from shared.identity import Actor
from shared.settings import Settings
from tests.bench.folder import temporary_folder

WRITERS: Final = 8
_ACTOR = Actor(
    post=UUID(int=1), person=UUID(int=2), session=UUID(int=3), agency="a", agency_kind="a", role="caseworker",
    areas=frozenset(), name="",
)  # fmt: skip

Write = Callable[[Database], Awaitable[None]]


async def _request(db: Database) -> None:
    async with db.transaction() as session:
        await note(session, _ACTOR, "view", [UUID(int=9)])


async def _request_in_line(db: Database) -> None:
    """The row and its place in the chain in one transaction: the next request waits until this one has committed."""
    async with db.transaction() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(1)"))
        await note(session, _ACTOR, "view", [UUID(int=9)])
        await session.execute(text(_IN_LINE))


_IN_LINE = """
    UPDATE audit_entry SET number = head.number + 1,
        hash = sha256(head.hash || convert_to(row_to_json(audit_entry)::text, 'UTF8'))
    FROM (
        SELECT coalesce(max(number), 0) AS number,
            coalesce((array_agg(hash ORDER BY number DESC))[1], '') AS hash
        FROM (SELECT number, hash FROM audit_entry WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1) AS last
    ) AS head
    WHERE audit_entry.number IS NULL
"""


async def measure(seconds: float = 3.0, rounds: int = 3) -> dict[str, Any]:
    """Milliseconds a transaction with eight at once, by way: median, 99th percentile; and ms to seal 1,000 rows."""
    with temporary_folder() as folder, EmbeddedPostgres(folder) as postgres:
        settings = Settings(database_url=postgres.url)
        await migrate_one("notify", settings)
        db = Database(postgres.url, pool_size=WRITERS + 2)
        times: dict[str, list[float]] = {"unchained": [], "kasane": [], "in_line": []}
        try:
            for _ in range(rounds):
                await _unchained(db, seconds, times["unchained"])
                await _beside(db, seconds, times["kasane"])
                await _drive(db, _request_in_line, seconds, times["in_line"])
            sealing = await _sealing(db)
        finally:
            await db.close()
    return {
        "writers": WRITERS,
        "ways": {way: _figures(found, seconds * rounds) for way, found in times.items()},
        "seal_1000_ms": sealing,
    }


async def _unchained(db: Database, seconds: float, times: list[float]) -> None:
    """Without triggers and without a sealer; what was written is sealed before the next way begins."""
    await _command(db, "ALTER TABLE audit_entry DISABLE TRIGGER USER")
    await _drive(db, _request, seconds, times)
    await _command(db, "ALTER TABLE audit_entry ENABLE TRIGGER USER")
    await _seal_all(db)


async def _beside(db: Database, seconds: float, times: list[float]) -> None:
    sealer = asyncio.create_task(Sealer(db, "notify").run())
    try:
        await _drive(db, _request, seconds, times)
    finally:
        sealer.cancel()
        await asyncio.gather(sealer, return_exceptions=True)
    await _seal_all(db)


async def _drive(db: Database, write: Write, seconds: float, times: list[float]) -> None:
    until = clock.monotonic() + seconds

    async def work() -> None:
        while (began := clock.monotonic()) < until:
            await write(db)
            times.append((clock.monotonic() - began) * 1000)

    await asyncio.gather(*(work() for _ in range(WRITERS)))


async def _sealing(db: Database) -> dict[str, float]:
    times = []
    for _ in range(20):
        async with db.transaction() as session:
            await note(session, _ACTOR, "view", [UUID(int=n) for n in range(1000)])
        began = clock.monotonic()
        await seal(db, "notify")
        times.append((clock.monotonic() - began) * 1000)
    return {"median": round(statistics.median(times), 1), "most": round(max(times), 1)}


async def _seal_all(db: Database) -> None:
    while await seal(db, "notify"):
        pass


async def _command(db: Database, statement: str) -> None:
    async with db.transaction() as session:
        await session.execute(text(statement))


def _figures(times: list[float], seconds: float) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "per_second": round(len(ordered) / seconds),
        "p50_ms": round(statistics.median(ordered), 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 2),
    }
