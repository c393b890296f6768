"""What the parts that Kasane stands on cost by themselves: the floor under its figures, on the same servers.

No event is stated, relayed or read here. A session of SQLAlchemy with the visit alone is what any ``record(session)``
stands on; a transaction that moves a cursor and lets a handler write takes four statements where the limit takes one;
FastStream stands between Redis and the reader. What these cost no protocol on top of them can give back.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import Any

import asyncpg
from faststream.redis import RedisBroker, StreamSub
from redis.asyncio import Redis

from shared.db import Database
from tests.bench.spine.databases import Room
from tests.bench.spine.transaction import Visit
from tests.bench.spine.workload import UPSERT, visit

_REST = 0.02
"""Seconds between two of anything: as long as between two events at 50 a second."""
_WRITERS = 8

_UPSERT = UPSERT.format(values="$1, $2, $3, $4")
_MOVE = "UPDATE place SET last = $1 WHERE one_row RETURNING 1"
_AT_ONCE = f"WITH effects AS ({_UPSERT}) UPDATE place SET last = $5"  # noqa: S608 - a constant

Beat = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Floors:
    """Medians in ms, but for sessions: how many a second, and processor seconds for 1,000."""

    sessions_per_second: float
    session_cpu_s_per_1000: float
    session_ms: float
    statement_adds_ms: float
    """What one statement more adds to such a session."""
    parted_ms: float
    """BEGIN, move the place, one effect, COMMIT."""
    at_once_ms: float
    """The same as one statement."""
    faststream_ms: float
    """From the answer of Redis to the handler of a batch."""
    redis_ms: float
    """The same with XREAD."""


async def measure_floors(postgres_url: str, redis_url: str, *, seconds: float, amount: int) -> Floors:
    """Each by itself; ``amount`` of each kind, in turns with what it is compared with."""
    room = await Room.make(postgres_url, "bench_floors")
    db = Database(room.producer_url, pool_size=_WRITERS)
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        room.consumer_url.replace("postgresql+asyncpg", "postgresql")
    )
    try:
        many, cpu = await _sessions(db, seconds)
        bare, longer = await _in_turns(_session(db), _session(db, "SELECT 1"), amount, first=10_000_000)
        parted, at_once = await _in_turns(_parted(connection), _at_once(connection), amount, first=1)
        async with _xread(redis_url) as raw, _faststream(redis_url) as framed:
            through, direct = await _in_turns(framed, raw, amount, first=1)
    finally:
        await connection.close()
        await db.close()
        await room.close()
    return Floors(many, cpu, bare, longer - bare, parted, at_once, through, direct)


async def _in_turns(one: Beat, other: Beat, amount: int, *, first: int) -> tuple[float, float]:
    spent: tuple[list[float], list[float]] = ([], [])
    for n in range(first, first + amount):
        for times, beat, number in zip(spent, (one, other), (2 * n, 2 * n + 1), strict=True):
            await asyncio.sleep(_REST)
            begin = time.perf_counter()
            passed = await beat(number)
            times.append(passed if isinstance(passed, float) else time.perf_counter() - begin)
    return median(spent[0]) * 1000, median(spent[1]) * 1000


async def _sessions(db: Database, seconds: float) -> tuple[float, float]:
    numbers, made = count(1), 0
    begin, before = time.monotonic(), time.process_time()

    async def write() -> None:
        nonlocal made
        while time.monotonic() < begin + seconds:
            await _session(db)(next(numbers))
            made += 1

    await asyncio.gather(*(write() for _ in range(_WRITERS)))
    return made / (time.monotonic() - begin), (time.process_time() - before) / made * 1000


def _session(db: Database, more: str = "") -> Beat:
    async def beat(n: int) -> None:
        async with db.transaction() as session:
            if more:
                await (await session.connection()).exec_driver_sql(more)
            session.add(Visit(**visit(n)))

    return beat


def _parted(connection: asyncpg.Connection[Any]) -> Beat:
    async def beat(n: int) -> None:
        async with connection.transaction():
            await connection.fetchval(_MOVE, str(n))
            await connection.execute(_UPSERT, *_effect(n))

    return beat


def _at_once(connection: asyncpg.Connection[Any]) -> Beat:
    async def beat(n: int) -> None:
        await connection.execute(_AT_ONCE, *_effect(n), str(n))

    return beat


def _effect(n: int) -> tuple[Any, ...]:
    row = visit(n)
    return row["n"], row["household"], row["kind"], row["planned_at"]


class _Way:
    """From a stream to whoever waits: how long after the answer of XADD it came through."""

    def __init__(self, redis: Redis, stream: str) -> None:
        self._redis, self._stream = redis, stream
        self._came: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def __call__(self, n: int) -> float:
        self._came = asyncio.get_running_loop().create_future()
        await self._redis.xadd(self._stream, {"e": str(n)})
        begin = time.perf_counter()
        return max(0.0, await self._came - begin)

    def take(self) -> None:
        if not self._came.done():
            self._came.set_result(time.perf_counter())


@contextlib.asynccontextmanager
async def _xread(url: str) -> AsyncIterator[Beat]:
    async with Redis.from_url(url) as redis, Redis.from_url(url, protocol=2) as reading:
        way = _Way(redis, "bench_floor_raw")

        async def follow() -> None:
            last: Any = "0"
            while True:
                found: Any = await reading.xread({"bench_floor_raw": last}, count=500, block=1000)
                for _, entries in found:
                    last = entries[-1][0]
                    way.take()

        task = asyncio.create_task(follow())
        try:
            yield way
        finally:
            task.cancel()


@contextlib.asynccontextmanager
async def _faststream(url: str) -> AsyncIterator[Beat]:
    broker = RedisBroker(url, logger=None, apply_types=False)  # type: ignore[arg-type] # None is how it is told to be silent
    async with Redis.from_url(url) as redis:
        way = _Way(redis, "bench_floor_framed")
        stream = StreamSub("bench_floor_framed", last_id="$", batch=True, max_records=500, polling_interval=1000)

        async def take(_: list[Any]) -> None:
            way.take()

        broker.subscriber(stream=stream, no_reply=True)(take)
        await broker.start()
        try:
            await asyncio.sleep(0.2)
            yield way
        finally:
            await broker.stop()
